"""What an analyst's editor shows: a real yaml-language-server reads the published schemas by each file's first line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.config.test_schema_agrees import READ_OTHERWISE, Differs
from tests.editors.language_server import Diagnostic, LanguageServer, absence, running

ROOT = Path(__file__).parents[2]
SITE = ROOT / "sites" / "st-elsewhere"
DRAFT = SITE / "draft.yaml"
MODELINE = "# yaml-language-server: $schema=../../schemas/{}.v1.schema.json\n"
ENDPOINTS = MODELINE.format("ehr-endpoints") + "version: 1\nehr_endpoints:\n  epic-prod:\n"
SCHEMA = json.loads((ROOT / "schemas" / "ehr-endpoints.v1.schema.json").read_text(encoding="utf-8"))
SETTINGS: dict[str, dict[str, Any]] = SCHEMA["$defs"]["EndpointLayer"]["properties"]

pytestmark = pytest.mark.skipif(bool(absence()), reason=absence())


@pytest.fixture(scope="module")
def server() -> Iterator[LanguageServer]:
    with running() as server:
        yield server


def endpoint(*lines: str) -> str:
    return ENDPOINTS + "".join(f"    {line}\n" for line in lines)


def place_of(text: str, word: str) -> tuple[int, int]:
    """Just behind the first letter of a word."""
    before, _, _ = text.partition(word)
    return before.count("\n"), len(before.rpartition("\n")[2]) + 1


def messages(found: list[Diagnostic]) -> list[str]:
    return [each.message for each in found]


@pytest.mark.parametrize(
    "path", sorted((ROOT / "sites").rglob("*.yaml")), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_the_samples_are_free_of_complaints(server: LanguageServer, path: Path):
    assert server.open(path, path.read_text(encoding="utf-8")) == []


def test_below_an_endpoint_it_offers_the_settings_that_are_not_there_yet(server: LanguageServer):
    text = endpoint("host: 10.20.30.40", "")
    server.open(DRAFT, text)
    offered = server.complete(DRAFT, text.count("\n") - 1, 4)
    assert offered.keys() == SETTINGS.keys() - {"host"}
    assert (
        offered["ack_timeout"].says == "The longest time that an acknowledgement may take.\n\nDefault: `30s`"
    )


@pytest.mark.parametrize(
    ("kind", "text", "indent"),
    [
        ("site", "version: 1\nendpoint_defaults:\n  port: 1\n", 2),
        ("fleet", "version: 1\npresets:\n  epic:\n    port: 1\n", 4),
    ],
    ids=["endpoint_defaults", "preset"],
)
def test_layers_offer_the_settings_of_an_endpoint(server: LanguageServer, kind: str, text: str, indent: int):
    text = MODELINE.format(kind) + text + " " * indent + "\n"
    server.open(DRAFT, text)
    offered = server.complete(DRAFT, text.count("\n") - 1, indent)
    assert offered.keys() == SETTINGS.keys() - {"port", "preset", "renamed_from"}


@pytest.mark.parametrize("setting", [name for name, schema in SETTINGS.items() if "enum" in schema])
def test_it_offers_the_values_of_a_choice_with_what_they_mean(server: LanguageServer, setting: str):
    text = endpoint(f"{setting}: ")
    server.open(DRAFT, text)
    offered = server.complete(DRAFT, text.count("\n") - 1, len(f"    {setting}: "))
    schema = SETTINGS[setting]
    assert {label: item.says for label, item in offered.items()} == dict(
        zip(schema["enum"], schema["markdownEnumDescriptions"], strict=True)
    )


def test_a_setting_is_offered_with_an_example_to_write_over(server: LanguageServer):
    server.open(DRAFT, text := endpoint("port: 6661", ""))
    assert server.complete(DRAFT, text.count("\n") - 1, 4)["link"].inserts == "link: ${1:server-room}"


@pytest.mark.parametrize("setting", SETTINGS)
def test_hovering_over_a_setting_shows_its_title_and_what_it_is_for(server: LanguageServer, setting: str):
    schema = SETTINGS[setting]
    value = schema.get("default", (schema.get("examples") or schema.get("enum") or [{}])[0])
    text = endpoint(f"{setting}: {json.dumps(value)}")
    assert server.open(DRAFT, text) == []
    shown = server.hover(DRAFT, *place_of(text, setting + ":"))
    # A backslash says that a sign is no markup.
    assert shown.replace("\\", "").startswith(f"#### {schema['title']}\n\n{schema['description']}")


def test_hovering_over_a_choice_shows_its_default_and_all_values(server: LanguageServer):
    server.open(DRAFT, text := endpoint("preliminary_results: never"))
    shown = server.hover(DRAFT, *place_of(text, "preliminary_results"))
    assert "#### Preliminary results" in shown
    assert "Default: `never`" in shown
    assert "* `never`: Only final results are sent." in shown
    assert "* `when_attestation_requested`: A preliminary result is sent when" in shown


def test_hovering_over_a_name_shows_what_it_names(server: LanguageServer):
    server.open(DRAFT, text := endpoint("port: 6661"))
    assert "#### EHR endpoint" in server.hover(DRAFT, *place_of(text, "epic-prod"))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("port: 70000", "Value is above the maximum of 65535."),
        ("port: any", 'Incorrect type. Expected "integer".'),
        ("ack_timeout: 301s", "write a whole number and a unit, from 1s to 300s: 30s, 2m"),
        ("status: actve", 'Value is not accepted. Valid values: "active", "paused".'),
        ("host: 10.20.30.40:6661", "write a host name or an IP address alone; its port stands in `port`"),
        ("link: Server Room", "write a name of small letters, digits and hyphens, at most 63"),
        ("hots: 10.20.30.40", "Property hots is not allowed."),
    ],
)
def test_it_underlines_what_is_wrong(server: LanguageServer, line: str, says: str):
    found = server.open(DRAFT, endpoint(line))
    assert messages(found) == [says]
    assert found[0].line == ENDPOINTS.count("\n")


def test_it_underlines_a_name_that_is_none(server: LanguageServer):
    found = server.open(DRAFT, ENDPOINTS.replace("epic-prod:", "Epic_Prod: {}"))
    assert messages(found) == ["write a name of small letters, digits and hyphens, at most 63"]


@pytest.mark.parametrize("each", READ_OTHERWISE, ids=lambda each: each.text.splitlines()[-1].strip())
def test_it_reads_values_as_the_table_of_differences_says(server: LanguageServer, each: Differs):
    found = server.open(DRAFT, MODELINE.format(each.kind) + each.text + "\n")
    assert (found == []) == each.schema_takes, messages(found)
