"""`bgo explain`: rules, and effective settings with the line and the layer that set them."""

import json

import pytest

from butterfly_gitops.config.rules.catalog import RULES
from tests.cli.command_line import ROOT, run


@pytest.fixture(autouse=True)
def in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_can_be_explained(capfd, rule: str):
    ran = run(capfd, "explain", rule)
    assert ran.code == 0
    assert ran.out.startswith(f"{rule} ({RULES[rule].severity})\n\n")
    assert all(len(line) <= 120 for line in ran.out.splitlines())
    assert "\n\nWrong:\n    " in ran.out
    assert "\n\nRight:\n    " in ran.out


def test_a_rule_as_json(capfd):
    assert json.loads(run(capfd, "explain", "unknown-link", "--format", "json").out)["rule"] == "unknown-link"


@pytest.mark.parametrize(
    ("address", "value", "source"),
    [
        ("st-elsewhere/epic-prod.port", "6661", "sites/st-elsewhere/ehr-endpoints.yaml:9 (endpoint)"),
        ("st-elsewhere/epic-prod.receiving_application", "EPIC", "sites/fleet.yaml:7 (preset epic)"),
        ("county-general/registry.ack_timeout", "30s", "sites/fleet.yaml:21 (preset registry)"),
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


@pytest.mark.parametrize("address", ["st-elsewhere", "st-elsewhere/epic-prod", "fleet", "grants"])
def test_everything_below_an_address(capfd, address: str):
    ran = run(capfd, "explain", address, "--format", "json")
    addresses = [setting["address"] for setting in json.loads(ran.out)]
    assert len(addresses) > 1
    assert all(each.startswith(address) for each in addresses)


def test_a_setting_whose_name_begins_alike_is_another(capfd):
    assert len(run(capfd, "explain", "seaside/athena.connection").out.splitlines()) == 2


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("unknown-endpiont", 'did you mean "unknown-endpoint"?'),
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
