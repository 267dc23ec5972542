"""docs/configuration.md is fresh, speaks of everything, and its links lead somewhere."""

import re

from butterfly_gitops.config.layers import EndpointLayer
from butterfly_gitops.config.rules.catalog import RULES
from butterfly_gitops.model.archive import Archive
from butterfly_gitops.model.endpoint import Acknowledgement, Hd, Retry, Tls
from butterfly_gitops.model.fleet import AccessRole, Entitlements, FleetFile, GrantsFile, Guard
from butterfly_gitops.model.message import Message
from butterfly_gitops.model.site import ArchivesFile, EhrEndpointsFile, Link, Removal, SiteFile
from tests.config.reference_file import REFERENCE, fresh
from tests.table import in_one_test
from tools.reference.values import anchor, as_yaml, in_words

PAGE = fresh()
HEADINGS = [anchor(title) for title in re.findall(r"(?m)^#+ (.+)$", re.sub(r"(?ms)^```.*?^```", "", PAGE))]
MODELS = (
    *(FleetFile, GrantsFile, SiteFile, EhrEndpointsFile, ArchivesFile, EndpointLayer, Archive, Link, Removal),
    *(Guard, Entitlements, AccessRole, Acknowledgement, Retry, Tls, Hd, Message),
)


def section(title: str) -> str:
    return PAGE.partition(f"\n### {title}\n")[2].partition("\n### ")[0]


def row(title: str, setting: str) -> list[str]:
    """What a setting says, what to write, its default and an example."""
    lines = [line for line in section(title).splitlines() if line.startswith(f"| `{setting}` | ")]
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", lines[0])[2:-1]]


def test_it_is_fresh():
    assert REFERENCE.read_text(encoding="utf-8") == PAGE, f"{REFERENCE.name} is stale; run `make reference`"


def test_each_heading_has_an_anchor_of_its_own():
    assert sorted(HEADINGS) == sorted(set(HEADINGS))


def test_each_link_leads_somewhere():
    links = set(re.findall(r"\]\(#([^)]*)\)", PAGE))
    assert links - set(HEADINGS) == set()


def test_each_rule_has_its_id_as_anchor_and_both_examples():
    for rule in RULES.values():
        said = section(rule.id)
        assert rule.says in said
        assert rule.wrong in said
        assert rule.right in said
    assert set(HEADINGS) >= RULES.keys()


@in_one_test("model", MODELS, ids=lambda model: model.__name__)
def test_each_setting_of_a_model_has_a_row(model):
    missing = [name for name in model.model_fields if f"\n| `{name}` | " not in PAGE]
    assert missing == []


@in_one_test(
    ("title", "setting", "cells"),
    [
        ("EHR endpoint", "port", ["a whole number from 1 to 65535", "must be written", "`port: 6661`"]),
        ("EHR endpoint", "time_zone", ["text", "the site's", "`time_zone: America/New_York`"]),
        ("EHR endpoint", "status", ["`active` or `paused`", "`active`", "`status: paused`"]),
        ("HD", "universal_id_type", ["`ISO`, `DNS`, `GUID`, `UUID`, `URI` or `CLIA`", "must be written"]),
        ("TLS", "mode", ["`off`, `server` or `mutual`", "`off`", "`mode: off`"]),
        ("Archive", "cloud_id", ["text of 1 to 100 characters, or `null` for none", "not set"]),
        (
            "Entitlements",
            "preliminary_results",
            ["`true` or `false`", "`false`", "`preliminary_results: true`"],
        ),
        ("fleet.yaml", "version", ["`1`", "must be written", "`version: 1`"]),
        ("fleet.yaml", "guard", ["[Guard](#guard)", "as said there", "`guard: {max_endpoints: 10}`"]),
    ],
)
def test_a_row_says_what_to_write_and_what_holds_otherwise(title: str, setting: str, cells: list[str]):
    assert row(title, setting)[1 : 1 + len(cells)] == cells


def test_each_value_of_a_choice_has_its_meaning():
    assert "| `status` | means |\n|---|---|\n| `active` | " in section("EHR endpoint")


def test_what_is_not_built_is_marked_and_no_example():
    for value in ("server", "mutual", "agent"):
        (line,) = (each for each in PAGE.splitlines() if each.startswith(f"| `{value}` |"))
        assert "Not built yet: [refused](#not-built-yet)." in line
    assert (row("Link", "runs")[3], row("TLS", "mode")[3]) == ("`runs: here`", "`mode: off`")


def test_fields_of_the_message_lead_to_settings():
    assert "| MSH-4 | `sending_facility` |" in PAGE
    assert re.search(r"\| PV1-19 \| .*`message.visit_number`", PAGE)


@in_one_test(
    ("value", "written"),
    [
        ("10.20.30.40", "10.20.30.40"),
        ("0123", '"0123"'),
        ("2.3", '"2.3"'),
        ("2.5.1", "2.5.1"),
        ("*", '"*"'),
        ("Epic: production", '"Epic: production"'),
        (True, "true"),
        ({"a": [1, "b"]}, "{a: [1, b]}"),
    ],
)
def test_a_value_is_written_as_in_a_file(value: object, written: str):
    assert as_yaml(value) == written


@in_one_test(
    ("schema", "words"),
    [
        ({"type": "integer"}, "a whole number"),
        ({"type": "integer", "minimum": 0}, "a whole number of at least 0"),
        ({"type": "integer", "maximum": 9}, "a whole number of at most 9"),
        ({"type": "string", "maxLength": 20}, "text of at most 20 characters"),
        ({"type": "array", "items": {"type": "string"}, "maxItems": 3}, "a list; each item: text, at most 3"),
        ({"anyOf": [{"$ref": "#/$defs/Hd"}, {"type": "null"}]}, "[HD](#hd), or `null` for none"),
    ],
)
def test_a_schema_is_put_into_words(schema: dict[str, object], words: str):
    assert in_words(schema, {"Hd": "HD"}) == words
