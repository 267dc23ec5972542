"""`bgo explain`: rules, and effective settings with the line and the layer that set them."""

import json
from pathlib import Path

import pytest

from butterfly_gitops.config.effective import settings_at
from butterfly_gitops.config.load import load
from butterfly_gitops.config.rules.catalog import RULES
from butterfly_gitops.hl7.layouts.catalog import LAYOUTS, segments_sent
from butterfly_gitops.model.address import Address
from butterfly_gitops.model.message import Message
from butterfly_gitops.model.problem import Severity
from tests.cli.command_line import ROOT, run
from tests.table import in_one_test


@pytest.fixture(autouse=True)
def in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@in_one_test("rule", RULES)
def test_every_rule_can_be_explained(capfd, rule: str):
    ran = run(capfd, "explain", rule)
    assert ran.code == 0
    assert ran.out.startswith(f"{rule} ({RULES[rule].severity})\n\n")
    assert all(len(line) <= 120 for line in ran.out.splitlines())
    assert "\n\nWrong:\n    " in ran.out
    assert "\n\nRight:\n    " in ran.out


@pytest.mark.parametrize(
    "written",
    [
        "[unknown-key]",
        "error[unknown-key]",
        "error[unknown-key]:",
        "Unknown-Key",
        "[UNKNOWN-KEY",
        "unknown-key]",
    ],
)
def test_a_rule_as_a_problem_has_it_and_in_any_case(capfd, written: str):
    assert run(capfd, "explain", written) == run(capfd, "explain", "unknown-key")


def test_a_rule_as_json(capfd):
    assert json.loads(run(capfd, "explain", "unknown-link", "--format", "json").out)["rule"] == "unknown-link"


@in_one_test(
    ("address", "value", "source"),
    [
        ("st-elsewhere/epic-prod.port", "6661", "sites/st-elsewhere/ehr-endpoints.yaml:9 (endpoint)"),
        ("st-elsewhere/epic-prod.receiving_application", "EPIC", "sites/fleet.yaml:6 (preset epic)"),
        ("county-general/registry.ack_timeout", "30s", "sites/fleet.yaml:21 (preset registry)"),
        ("st-elsewhere/epic-prod.message.study_uid", "ST", "layout report"),
        ("st-elsewhere/epic-prod.message.text_type", "TX", "layout report"),
        ("st-elsewhere/epic-prod.message.visit_segment", "send", "layout report"),
        ("seaside/athena.link", "clinic-pc", "sites/seaside/site.yaml:13 (endpoint_defaults)"),
        ("seaside/meditech.time_zone", "America/Los_Angeles", "sites/seaside/site.yaml:4 (site)"),
        ("seaside/meditech.status", "active", "default"),
        ("seaside/registry.acknowledgement.mode", "commit", "sites/fleet.yaml:23 (preset registry)"),
        ("seaside.time_zone", "America/Los_Angeles", "sites/seaside/site.yaml:4"),
        ("seaside/clinic-pc.runs", "here", "sites/seaside/site.yaml:8"),
        ("seaside/emergency.forward_to.meditech", "meditech", "sites/seaside/archives.yaml:7"),
        ("st-elsewhere/simulation.forward_to", "none", "default"),
        ("fleet.guard.max_endpoints", "10", "sites/fleet.yaml:27"),
        ("grants.subscription", "enterprise", "sites/grants.yaml:3"),
    ],
)
def test_one_setting(capfd, address: str, value: str, source: str):
    ran = run(capfd, "explain", address)
    assert ran.code == 0
    heading, row = ran.out.splitlines()
    assert address.startswith(heading)
    assert row.split(maxsplit=2)[1:] == [value, source]


@pytest.mark.parametrize(
    ("field", "says"),
    [
        ("acknowledgement.on_refusal.AE", "as above"),
        ("message.patient_id", "first identifier"),
        ("tls.trust", "-"),
    ],
)
def test_what_nobody_wrote_says_what_holds(capfd, field: str, says: str):
    _, row = run(capfd, "explain", f"seaside/athena.{field}").out.splitlines()
    assert row.split() == [field, *says.split(), "default"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_is_left_to_the_layout_says_what_is_sent(layout: str):
    files = {path: text.encode() for path, text in LAYERED.items()}
    path = "seaside/ehr-endpoints.yaml"
    files[path] = files[path].replace(
        b"    message:\n", f"    message:\n      layout: {layout}\n      order_segment: null\n".encode()
    )
    settings = settings_at(load(files), Address(site="seaside", name="epic", field="message"))
    said = {setting.address.field: setting for setting in settings}
    sent = segments_sent(Message(layout=layout))
    for field, segment in (("order_segment", "ORC"), ("visit_segment", "PV1")):
        setting = said[f"message.{field}"]
        assert (setting.value == "send") == (segment in sent)
        assert (setting.origin, setting.layer) == (None, f"layout {layout}")
    assert said["message.study_uid"].value == LAYOUTS[layout].study_uid
    assert said["message.text_type"].value == LAYOUTS[layout].text_type


@pytest.mark.parametrize("address", ["st-elsewhere", "st-elsewhere/epic-prod", "fleet", "grants"])
def test_everything_below_an_address(capfd, address: str):
    ran = run(capfd, "explain", address, "--format", "json")
    addresses = [setting["address"] for setting in json.loads(ran.out)]
    assert len(addresses) > 1
    assert all(each.startswith(address) for each in addresses)


def test_a_setting_whose_name_begins_alike_is_another(capfd):
    assert len(run(capfd, "explain", "seaside/athena.connection").out.splitlines()) == 2


@in_one_test("rule", RULES)
def test_a_rule_that_can_be_silenced_says_how(capfd, rule: str):
    out = run(capfd, "explain", rule).out
    document = json.loads(run(capfd, "explain", rule, "--format", "json").out)
    assert (f"\n    # bgo: ignore {rule}: REASON\n" in out) == document["may_be_silenced"]
    if RULES[rule].severity is Severity.ERROR and not RULES[rule].may_warn:
        assert not document["may_be_silenced"]


LAYERED = {
    "fleet.yaml": """\
version: 1
name: mercy-health
presets:
  epic:
    receiving_application: {universal_id: 1.2.3, universal_id_type: ISO}
    acknowledgement: {on_refusal: {AR: {retries: 0}, retries: 2}}
    message: {exam_codes: {EFAST: {code: "76705", display: Abdomen}}, patient_id: {type: MR}}
removed_sites:
  harbor: {waiting: drain, reason: CHG-4411}
""",
    "grants.yaml": "version: 1\nsubscription: enterprise\n",
    "seaside/site.yaml": """\
version: 1
display_name: Seaside
time_zone: America/New_York
links:
  clinic-pc: {display_name: Clinic PC}
endpoint_defaults:
  link: clinic-pc
  acknowledgement: {on_refusal: {then: stop_lane}}
  sending_facility: SEA
""",
    "seaside/ehr-endpoints.yaml": """\
version: 1
removed:
  old-epic: {waiting: set_aside, reason: CHG-4412}
ehr_endpoints:
  epic:
    display_name: Epic
    renamed_from: epik
    preset: epic
    host: 10.20.30.40
    port: 6661
    receiving_application: null
    receiving_facility: REC
    acknowledgement:
      on_refusal: {retries: 1}
    message:
      exam_codes: {EFAST: {display: eFAST}}
""",
    "seaside/archives.yaml": """\
version: 1
archives:
  emergency: {display_name: ED, forward_to: [epic], cloud_id: a-118}
""",
}


@pytest.fixture
def layered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path, text in LAYERED.items():
        (tmp_path / "sites" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "sites" / path).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("layered")
@in_one_test(
    ("address", "value", "place"),
    [
        ("seaside/epic.acknowledgement.on_refusal.retries", 1, ("ehr-endpoints.yaml", 14, "endpoint")),
        ("seaside/epic.acknowledgement.on_refusal.then", "stop_lane", ("site.yaml", 8, "endpoint_defaults")),
        ("seaside/epic.acknowledgement.on_refusal.AR.retries", 0, ("fleet.yaml", 6, "preset epic")),
        ("seaside/epic.acknowledgement.on_refusal.AR.then", "set_aside", None),
        ("seaside/epic.acknowledgement.mode", "original", None),
        ("seaside/epic.receiving_application", None, ("ehr-endpoints.yaml", 11, "endpoint")),
        ("seaside/epic.message.exam_codes.EFAST.code", "76705", ("fleet.yaml", 7, "preset epic")),
        ("seaside/epic.message.exam_codes.EFAST.display", "eFAST", ("ehr-endpoints.yaml", 16, "endpoint")),
        ("seaside/epic.message.patient_id.type", "MR", ("fleet.yaml", 7, "preset epic")),
        ("seaside/epic.sending_facility", "SEA", ("site.yaml", 9, "endpoint_defaults")),
        ("seaside/epic.time_zone", "America/New_York", ("site.yaml", 3, "site")),
        ("seaside/epic.renamed_from", "epik", ("ehr-endpoints.yaml", 7, None)),
        ("seaside/clinic-pc.display_name", "Clinic PC", ("site.yaml", 5, None)),
        ("seaside/clinic-pc.runs", "here", None),
        ("seaside/emergency.forward_to.epic", "epic", ("archives.yaml", 3, None)),
        ("seaside/emergency.cloud_id", "a-118", ("archives.yaml", 3, None)),
        ("seaside/emergency.purpose", "clinical", None),
        ("seaside.removed.old-epic.waiting", "set_aside", ("ehr-endpoints.yaml", 3, None)),
        ("seaside.removed.old-epic.reason", "CHG-4412", ("ehr-endpoints.yaml", 3, None)),
        ("fleet.removed_sites.harbor.waiting", "drain", ("fleet.yaml", 9, None)),
    ],
)
def test_every_leaf_knows_who_wrote_it(
    capfd, address: str, value: object, place: tuple[str, int, str] | None
):
    (found,) = json.loads(run(capfd, "explain", address, "--format", "json").out)
    assert found["value"] == value
    if place is None:
        assert found["is_default"] is True
        return
    file, line, layer = place
    assert (found["is_default"], found["file"].rpartition("/")[2], found["line"]) == (False, file, line)
    assert found.get("layer") == layer


@pytest.mark.usefixtures("layered")
def test_no_leaf_is_without_a_place_unless_it_is_a_default(capfd):
    settings = json.loads(run(capfd, "explain", "seaside", "--format", "json").out)
    assert len(settings) > 40
    for setting in settings:
        assert setting["is_default"] == ("line" not in setting)


@pytest.mark.usefixtures("layered")
@pytest.mark.parametrize(
    ("address", "says"),
    [
        (
            "fleet.presets.epic",
            "stands at sites/fleet.yaml:4; what comes of it is explained where it holds: bgo explain seaside/epic",
        ),
        ("fleet.presets.epic.message", "bgo explain seaside/epic"),
        ("fleet.presets", "bgo explain says at which: fleet.presets.epic (sites/fleet.yaml:4)\n"),
        ("seaside.endpoint_defaults.link", "stands at sites/seaside/site.yaml:7; what comes"),
        ("fleet.presets.epik", 'no rule, site, name or setting "fleet.presets.epik"'),
    ],
)
def test_a_shared_layer_is_explained_where_it_holds(capfd, address: str, says: str):
    ran = run(capfd, "explain", address)
    assert (ran.code, ran.out) == (1, "")
    assert says in ran.err


def test_each_endpoint_that_has_something_from_a_preset_is_named(capfd):
    said = "it holds: bgo explain county-general/registry or seaside/registry\n"
    for address in ("fleet.presets.registry", "fleet.presets.registry.acknowledgement.mode"):
        assert said in run(capfd, "explain", address).err


def test_a_reference_knows_its_layer():
    files = {path: text.encode() for path, text in LAYERED.items()}
    trust = b"    tls: {trust: {file: certs/epic-ca.pem}}\n    receiving_application"
    files["fleet.yaml"] = files["fleet.yaml"].replace(b"    receiving_application", trust)
    loaded = load(files)
    assert loaded.layers["seaside/epic.tls.trust.file"] == "preset epic"
    assert loaded.origins["seaside/epic.tls.trust.file"].line == 5


@in_one_test(
    ("what", "says"),
    [
        ("seaside/athena.ack_timout", 'did you mean "seaside/athena.ack_timeout"?'),
        (
            "seaside/athena.acknowledgement.on_refusal.retires",
            '"seaside/athena.acknowledgement.on_refusal.retries"?',
        ),
        ("seaside.timezone", 'did you mean "seaside.time_zone"?'),
        ("sea-side", 'did you mean "seaside"?'),
        ("flet", 'did you mean "fleet"?'),
        ("fleet.guard.max_endpoint", 'did you mean "fleet.guard.max_endpoints"?'),
        ("unknown-endpiont", 'did you mean "unknown-endpoint"?'),
        ("athena", 'did you mean "seaside/athena"?'),
        ("athena.port", 'did you mean "seaside/athena.port"?'),
        ("seaside/athna", 'did you mean "seaside/athena"?'),
        ("seaside/athena.prot", 'did you mean "seaside/athena.port"?'),
        ("Not An Address", "is no address: write SITE, SITE/NAME or SITE/NAME.field"),
    ],
)
def test_what_there_is_not(capfd, what: str, says: str):
    ran = run(capfd, "explain", what)
    assert (ran.code, ran.out) == (1, "")
    assert says in ran.err


def test_an_unsound_site_is_checked_first(capfd):
    case = str(ROOT / "tests/examples/invalid/out-of-range/files")
    ran = run(capfd, "explain", "st-elsewhere/epic-prod.port", "--sites", case)
    assert ran.code == 1
    assert "run bgo validate" in ran.err
