"""A change in a layer that endpoints share names every endpoint that it reaches, and the line that makes it."""

import json

import pytest

from butterfly_gitops.config.load import load
from butterfly_gitops.plan.document import Plan, print_document
from butterfly_gitops.plan.markdown import MOST_NAMED, print_markdown
from butterfly_gitops.plan.planning import make_diff
from butterfly_gitops.plan.sides import Side
from butterfly_gitops.plan.text import print_plan
from tests.table import in_one_test

FLEET = """\
version: 1
name: mercy-health
presets:
  epic:
    display_name: Epic
    host: 10.20.30.40
    port: 6661
    ack_timeout: 30s
    retry: {first: 5s}
"""
GRANTS = "version: 1\nsubscription: enterprise\n"
SITE = """\
version: 1
display_name: A hospital
time_zone: America/New_York
links:
  server-room: {display_name: Server room}
endpoint_defaults:
  link: server-room
  sending_facility: STE
  minimum_gap: 1s
"""
ENDPOINT = "  {name}: {{preset: epic, status: paused, receiving_facility: {name}}}\n"


def side(
    edit: tuple[str, str] = ("", ""), *, names: dict[str, list[str]], site_edit: tuple[str, str] = ("", "")
) -> Side:
    files = {"fleet.yaml": FLEET.replace(*edit), "grants.yaml": GRANTS}
    for site, endpoints in names.items():
        files[f"{site}/site.yaml"] = SITE.replace(*site_edit)
        lines = "".join(ENDPOINT.format(name=name) for name in endpoints)
        files[f"{site}/ehr-endpoints.yaml"] = f"version: 1\nehr_endpoints:\n{lines}"
        files[f"{site}/archives.yaml"] = "version: 1\narchives: {}\n"
    loaded = load({path: text.encode() for path, text in files.items()})
    assert loaded.fleet is not None, loaded.problems
    return Side(fleet=loaded.fleet, described="sites/", origins=loaded.origins, layers=loaded.layers)


THREE = {"seaside": ["emergency-epic"], "st-elsewhere": ["epic-lab", "epic-prod"]}
PLACES = ["seaside/emergency-epic", "st-elsewhere/epic-lab", "st-elsewhere/epic-prod"]


def diff(*edit: str, names: dict[str, list[str]] = THREE, site_edit: tuple[str, str] = ("", "")) -> Plan:
    changed = side((edit[0], edit[1]), names=names) if edit else side(names=names, site_edit=site_edit)
    return make_diff(desired=changed, before=side(names=names), engine="0")


def comment(plan: Plan) -> str:
    return print_markdown(plan, folder="sites")


CHANGES = {
    "timing": ("ack_timeout: 30s", "ack_timeout: 45s", "ack_timeout  30s -> 45s", 8),
    "address": ("port: 6661", "port: 6662", "port  6661 -> 6662", 7),
    "identity": ("port: 6661\n", "port: 6661\n    processing_id: T\n", "processing_id  P -> T", 8),
    "cosmetic": ("name: Epic", "name: Epic Bridges", "display_name  Epic -> Epic Bridges", 5),
    "a part of a mapping": ("{first: 5s}", "{first: 7s}", "retry.first  5s -> 7s", 9),
    "back to the default": ("    ack_timeout: 30s\n", "", "", 4),
    "a part taken out": ("{first: 5s}", "{factor: 3}", "retry.factor  2 -> 3", 9),
}


@in_one_test(("old", "new", "says", "line"), CHANGES.values(), ids=CHANGES.keys())
def test_each_endpoint_is_named_with_the_line_of_the_preset(old: str, new: str, says: str, line: int):
    if old.startswith("    ack_timeout"):
        # 30s is the default too, so take a value that is not.
        before = side(("ack_timeout: 30s", "ack_timeout: 45s"), names=THREE)
        plan = make_diff(desired=side((old, new), names=THREE), before=before, engine="0")
        says, line = "ack_timeout  45s -> 30s", 4
    else:
        plan = diff(old, new)
    text = print_plan(plan)
    assert ", ".join(PLACES) in " ".join(text.split())
    assert text.count(says) == 1
    assert f"from preset epic, sites/fleet.yaml:{line}" in text
    (effect,) = json.loads(print_document(plan))["effects"]
    assert effect["places"] == PLACES
    assert {(setting["layer"], setting["file"]) for setting in effect["settings"]} == {
        ("preset epic", "sites/fleet.yaml")
    }
    markdown = comment(plan).replace("**", "")
    assert (
        "seaside / emergency-epic, st-elsewhere / epic-lab, st-elsewhere / epic-prod (preset `epic`)"
        in markdown
    )
    assert f"fleet.yaml:{line}" in markdown


def test_one_endpoint_alone_is_named_with_the_layer_too():
    plan = diff("ack_timeout: 30s", "ack_timeout: 45s", names={"seaside": ["epic"], "st-elsewhere": []})
    assert "seaside/epic" in print_plan(plan)
    assert "from preset epic, sites/fleet.yaml:8" in print_plan(plan)
    assert "from preset `epic`, fleet.yaml:8" in comment(plan)


def test_endpoint_defaults_are_named_as_people_say():
    plan = diff(site_edit=("minimum_gap: 1s", "minimum_gap: 2s"), names={"seaside": ["a", "b"]})
    assert "    seaside/a, seaside/b\n" in print_plan(plan)
    assert "from endpoint defaults, sites/seaside/site.yaml:9" in print_plan(plan)


def test_what_endpoint_defaults_no_longer_say_points_at_them():
    plan = diff(site_edit=("  minimum_gap: 1s\n", ""), names={"seaside": ["a", "b"]})
    assert "from endpoint defaults, sites/seaside/site.yaml:6" in print_plan(plan)


def test_what_an_endpoint_says_itself_names_no_layer():
    names = {"seaside": ["epic"]}
    after = side(names=names)
    endpoint = after.fleet.sites["seaside"].ehr_endpoints["epic"]
    assert after.layers["seaside/epic.receiving_facility"] == "endpoint"
    changed = after.fleet.sites["seaside"].model_copy(
        update={"ehr_endpoints": {"epic": endpoint.model_copy(update={"receiving_facility": "OTHER"})}}
    )
    fleet = after.fleet.model_copy(update={"sites": {"seaside": changed}})
    desired = Side(fleet=fleet, described="", origins=after.origins, layers=after.layers)
    plan = make_diff(desired=desired, before=after, engine="0")
    assert {setting.layer for effect in plan.effects for setting in effect.settings} == {""}


@pytest.mark.parametrize("count", [MOST_NAMED, MOST_NAMED + 1, 120])
def test_however_many_all_are_named(count: int):
    names = {f"site-{number}": ["epic-prod"] for number in range(count)}
    plan = diff("port: 6661", "port: 6662", names=names)
    text, markdown = " ".join(print_plan(plan).split()), comment(plan)
    assert all(f"site-{number}/epic-prod" in text for number in range(count))
    assert all(f"site-{number} / **epic-prod**" in markdown for number in range(count))
    summary = f"<details><summary>{count} endpoints of {count} sites</summary>"
    assert (summary in markdown) == (count > MOST_NAMED)


@pytest.mark.soak
def test_a_comment_that_would_not_hold_them_says_so():
    names = {f"site-{number}": ["epic-prod"] for number in range(900)}
    markdown = comment(diff("port: 6661", "port: 6662", names=names))
    assert len(markdown) < 20_000
    assert " more: `bgo diff` names all</details>" in markdown
