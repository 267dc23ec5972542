"""What `load` makes of a folder: sound sites, origins, layers, and problems that stay where they belong."""

from typing import Any

import pytest

from butterfly_gitops.config.load import Loaded, load
from butterfly_gitops.config.text.plain_text import MAX_BYTES
from butterfly_gitops.model.endpoint import EhrEndpoint, Hd
from butterfly_gitops.model.scalar import parse_duration
from tests.config.examples import sound_files
from tests.table import in_one_test

SITE, ENDPOINTS, ARCHIVES = (f"st-elsewhere/{name}.yaml" for name in ("site", "ehr-endpoints", "archives"))


def edited(path: str, old: str, new: str) -> dict[str, bytes]:
    files = sound_files()
    text = files[path].decode("utf-8")
    assert old in text
    return {**files, path: text.replace(old, new, 1).encode("utf-8")}


def second_site(files: dict[str, bytes], name: str = "seaside") -> dict[str, bytes]:
    copies = {
        path.replace("st-elsewhere", name): data for path, data in files.items() if path.startswith("st-")
    }
    return {**files, **copies}


def epic(loaded: Loaded) -> EhrEndpoint:
    assert loaded.fleet is not None
    return loaded.fleet.sites["st-elsewhere"].ehr_endpoints["epic-prod"]


def epic_with(line: str, *, in_preset: str = "", in_defaults: str = "") -> EhrEndpoint:
    files = edited(ENDPOINTS, "    port: 6661\n", f"    port: 6661\n{line and f'    {line}'}\n")
    files["fleet.yaml"] = files["fleet.yaml"].replace(b"  epic:\n", f"  epic:\n    {in_preset}\n".encode())
    files[SITE] += f"  {in_defaults}\n".encode()
    loaded = load(files)
    assert loaded.problems == ()
    return epic(loaded)


def test_the_effective_whole():
    loaded = load(sound_files())
    assert (loaded.file_count, loaded.site_count, loaded.endpoint_count) == (5, 1, 2)
    assert loaded.fleet is not None
    assert loaded.fleet.settings.name == "mercy-health"
    assert loaded.fleet.settings.entitlements.preliminary_results
    site = loaded.fleet.sites["st-elsewhere"]
    assert site.archives["emergency"].forward_to == ("epic-prod", "registry")
    assert site.links["server-room"].runs == "here"
    assert epic(loaded).receiving_application == "EPIC"
    assert epic(loaded).sending_facility == "STE"
    assert epic(loaded).time_zone == site.time_zone


def test_the_order_of_the_files_does_not_matter():
    files = second_site(edited(ENDPOINTS, "port: 6661", "port: 70000"))
    assert load(dict(reversed(files.items()))) == load(files)


@in_one_test(
    ("preset", "defaults", "own", "expected"),
    [
        ("", "", "", "10s"),
        ("5s", "", "", "5s"),
        ("5s", "6s", "", "6s"),
        ("5s", "6s", "7s", "7s"),
        ("5s", "", "7s", "7s"),
    ],
)
def test_later_layers_win(preset: str, defaults: str, own: str, expected: str):
    lines = [f"connection_timeout: {value}" if value else "" for value in (own, preset, defaults)]
    value = epic_with(lines[0], in_preset=lines[1], in_defaults=lines[2]).connection_timeout
    assert value == parse_duration(expected)


def test_maps_merge_by_key_through_all_layers():
    refusal = epic_with(
        "acknowledgement: {on_refusal: {AR: {retries: 0}}}",
        in_preset="acknowledgement: {mode: commit, on_refusal: {retries: 7}}",
        in_defaults="acknowledgement: {stop_after: 5}",
    ).acknowledgement
    assert (refusal.mode, refusal.stop_after, refusal.on_refusal.retries) == ("commit", 5, 7)
    assert refusal.on_refusal.answer_to("AR").retries == 0


def test_a_setting_can_be_taken_back_to_none():
    assert epic_with("receiving_application: null").receiving_application is None


def test_an_identity_may_be_a_mapping_over_a_text():
    identity = epic_with("receiving_application: {universal_id: 1.2.3, universal_id_type: ISO}")
    assert identity.receiving_application == Hd(universal_id="1.2.3", universal_id_type="ISO")


@in_one_test("text", ["0123", "1e3", "yes", "no", "2026-11-24", "0x1F", "1_000", "null1", '"0123"'])
def test_text_stays_as_it_was_written(text: str):
    assert epic_with(f"sending_application: {text}").sending_application == text.strip('"')


@in_one_test("text", ["0123", "1_000", "0x1A", "6661.0", "+6661", "6e3", '"6661"', "true"])
def test_a_number_is_written_in_one_way(text: str):
    (problem,) = load(edited(ENDPOINTS, "port: 6661", f"port: {text}")).problems
    assert (problem.rule, problem.origin.line, problem.origin.column) == ("wrong-type", 8, 11)


ORIGINS = {
    "fleet.name": "sites/fleet.yaml:2:7",
    "fleet.guard.max_endpoints": "sites/fleet.yaml:8:18",
    "fleet.presets.epic.ack_timeout": "sites/fleet.yaml:5:18",
    "grants.subscription": "sites/grants.yaml:2:15",
    "grants.access_roles.integration-engineer.members": "sites/grants.yaml:8:5",
    "st-elsewhere": "sites/st-elsewhere/site.yaml:1:1",
    "st-elsewhere.time_zone": "sites/st-elsewhere/site.yaml:3:12",
    "st-elsewhere/server-room": "sites/st-elsewhere/site.yaml:5:3",
    "st-elsewhere/server-room.display_name": "sites/st-elsewhere/site.yaml:6:19",
    "st-elsewhere/epic-prod": "sites/st-elsewhere/ehr-endpoints.yaml:3:3",
    "st-elsewhere/epic-prod.port": "sites/st-elsewhere/ehr-endpoints.yaml:8:11",
    "st-elsewhere/epic-prod.ack_timeout": "sites/fleet.yaml:5:18",
    "st-elsewhere/epic-prod.sending_facility": "sites/st-elsewhere/site.yaml:8:21",
    "st-elsewhere/epic-prod.time_zone": "sites/st-elsewhere/site.yaml:3:12",
    "st-elsewhere/emergency": "sites/st-elsewhere/archives.yaml:3:3",
    "st-elsewhere/emergency.forward_to": "sites/st-elsewhere/archives.yaml:5:5",
    "st-elsewhere/emergency.forward_to.registry": "sites/st-elsewhere/archives.yaml:5:29",
}


@in_one_test("address", ORIGINS)
def test_each_value_has_an_origin(address: str):
    origin = load(sound_files()).origins[address]
    assert f"{origin.file}:{origin.line}:{origin.column}" == ORIGINS[address]


def test_a_default_has_no_origin():
    assert "st-elsewhere/epic-prod.status" not in load(sound_files()).origins


@pytest.mark.parametrize(
    ("setting", "layer"),
    [
        ("ack_timeout", "preset epic"),
        ("sending_facility", "endpoint_defaults"),
        ("port", "endpoint"),
        ("time_zone", "site"),
    ],
)
def test_each_setting_knows_its_layer(setting: str, layer: str):
    assert load(sound_files()).layers[f"st-elsewhere/epic-prod.{setting}"] == layer


def test_the_root_stands_before_every_path():
    loaded = load(edited(ENDPOINTS, "port: 6661", "port: 70000"), root="conf/sites")
    assert loaded.problems[0].origin.file == "conf/sites/st-elsewhere/ehr-endpoints.yaml"
    assert loaded.origins["fleet.name"].file == "conf/sites/fleet.yaml"


def test_an_unsound_site_leaves_the_others():
    files = second_site(edited(ENDPOINTS, "port: 6661", "port: 70000"))
    files[ENDPOINTS.replace("st-elsewhere", "seaside")] = sound_files()[ENDPOINTS]
    loaded = load(files)
    assert loaded.fleet is not None
    assert loaded.unsound_sites == {"st-elsewhere"}
    assert loaded.fleet.sites.keys() == {"seaside"}


@pytest.mark.parametrize("name", ["fleet.yaml", "grants.yaml"])
def test_a_problem_of_the_fleet_keeps_everything(name: str):
    loaded = load({**sound_files(), name: b"version: 2\n"})
    assert loaded.fleet is None


def test_nothing_is_said_to_be_missing_that_may_stand_in_an_unreadable_layer():
    files = {**sound_files(), "fleet.yaml": b"version: 1\nname: [\n"}
    assert {problem.rule for problem in load(files).problems} == {"bad-yaml"}


def test_one_position_is_one_problem():
    files = edited("fleet.yaml", "ack_timeout: 30s", "ack_timeout: 30")
    (problem,) = load(files).problems
    assert (problem.rule, problem.origin.line) == ("bad-duration", 5)


def test_a_file_that_is_too_large_is_refused_unread():
    files = {**sound_files(), ARCHIVES: b"#" * (MAX_BYTES + 1)}
    (problem,) = load(files).problems
    assert (problem.rule, problem.site, problem.origin.line) == ("file-too-large", "st-elsewhere", 0)


def test_other_files_are_only_names():
    files = {**sound_files(), "certs/epic-ca.pem": b"\xff", "st-elsewhere/notes.txt": b"\x00"}
    assert load(files) == load(sound_files())


@pytest.mark.parametrize(
    "files", [{}, {"README.md": b""}, {"st-elsewhere/site.yaml": b""}], ids=["nothing", "no YAML", "one file"]
)
def test_a_failed_checkout_is_never_a_wish(files: dict[str, Any]):
    loaded = load(files)
    assert loaded.fleet is None
    assert loaded.problems


def test_an_empty_reference_is_filled_by_no_layer_below():
    files = sound_files()
    preset, own = b"    tls: {trust: {env: BGO_SECRET_CA}}\n", b"preset: epic\n    tls: {trust: {}}"
    files["fleet.yaml"] = files["fleet.yaml"].replace(b"    ack_timeout: 30s\n", preset)
    endpoints = files["st-elsewhere/ehr-endpoints.yaml"].replace(b"preset: epic", own, 1)
    loaded = load({**files, "st-elsewhere/ehr-endpoints.yaml": endpoints})
    assert "missing-value" in {problem.rule for problem in loaded.problems}
