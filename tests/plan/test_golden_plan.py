"""The plan that a person reads, built from values, letter by letter."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from butterfly_gitops.model.fleet import AccessRole, Fleet, Guard
from butterfly_gitops.model.site import Removal
from butterfly_gitops.plan.document import Plan
from butterfly_gitops.plan.planning import make_diff, make_plan
from butterfly_gitops.plan.sides import ClosedPair, LaneCount, Observed, PlanNote, Side
from butterfly_gitops.plan.text import print_plan
from tests.plan.fleets import NOW, archive, endpoint, fleet, origins, site

GOLDEN = Path(__file__).parents[1] / "golden"

COUNTY = "county-general"
ORIGINS = """
  county-general/radiology.forward_to sites/county-general/archives.yaml:12
  county-general/emergency.forward_to.registry sites/county-general/archives.yaml:7
  st-elsewhere/epic-prod.host sites/st-elsewhere/ehr-endpoints.yaml:8
  st-elsewhere/epic-prod.port sites/st-elsewhere/ehr-endpoints.yaml:9
  county-general/registry.ack_timeout sites/fleet.yaml:21
  seaside/registry.ack_timeout sites/fleet.yaml:21
"""
LAYERS = {
    "county-general/registry.ack_timeout": "preset registry",
    "seaside/registry.ack_timeout": "preset registry",
    "st-elsewhere/epic-prod.host": "endpoint",
}


def _before() -> Side:
    oracle, registry = endpoint(display_name="Oracle Health"), endpoint(display_name="Registry")
    county = site(
        COUNTY,
        endpoints={"oracle-prod": oracle, "registry": registry},
        archives={
            "emergency": archive("oracle-prod"),
            "radiology": archive("oracle-prod", name="Radiology Reading Room"),
        },
    )
    seaside = site("seaside", endpoints={"registry": registry}, archives={"emergency": archive("registry")})
    elsewhere = site(
        "st-elsewhere", endpoints={"epic-prod": endpoint()}, archives={"emergency": archive("epic-prod")}
    )
    return Side(fleet=fleet(county, seaside, elsewhere), described="what is applied")


def _after() -> Side:
    oracle = endpoint(display_name="Oracle Health")
    registry = endpoint(display_name="Registry", ack_timeout=timedelta(seconds=45))
    county = site(
        COUNTY,
        endpoints={"oracle-prod": oracle, "registry": registry},
        archives={
            "emergency": archive("oracle-prod", "registry"),
            "radiology": archive(name="Radiology Reading Room"),
        },
    )
    seaside = site("seaside", endpoints={"registry": registry}, archives={"emergency": archive("registry")})
    moved = endpoint(host="10.20.30.41", port=6662)
    elsewhere = site(
        "st-elsewhere", endpoints={"epic-prod": moved}, archives={"emergency": archive("epic-prod")}
    )
    return Side(
        fleet=fleet(county, seaside, elsewhere),
        described="sites/ at 4be21f0",
        origins=origins(ORIGINS),
        layers=LAYERS,
    )


def _golden_plan() -> Plan:
    seen = Observed(
        as_of=NOW,
        lanes={"st-elsewhere/epic-prod": LaneCount(waiting=12, in_flight=1)},
        closed={
            "county-general/emergency.forward_to.registry": ClosedPair(
                absent_since=datetime(2026, 11, 24, 13, 10, tzinfo=UTC), finalized=27
            )
        },
        notes=(
            PlanNote(subject="seaside/meditech", says="paused until 16:00Z by ada@example.org: EHR upgrade"),
            PlanNote(subject="seaside", says="Link clinic-pc offline since 09:12Z, runs #6; #7 waits"),
        ),
    )
    return make_plan(desired=_after(), applied=_before(), observed=seen, engine="0.1.0")


def _golden_diff() -> Plan:
    before = _before()
    assert before.fleet
    moved = endpoint(port=6662)
    elsewhere = site(
        "st-elsewhere", endpoints={"epic-prod": moved}, archives={"emergency": archive("epic-prod")}
    )
    desired = before.fleet.model_copy(update={"sites": before.fleet.sites | {"st-elsewhere": elsewhere}})
    return make_diff(
        desired=Side(fleet=desired, described="sites/ in the working tree", origins=origins(ORIGINS)),
        before=Side(fleet=before.fleet, described="main at 9c0d3aa"),
        engine="0.1.0",
    )


def _golden_holds() -> Plan:
    """One site leaves whole, one gets a public host, one moves, and somebody may do more."""
    before = _before()
    assert before.fleet
    after = _after().fleet
    assert after
    cloud = endpoint(display_name="Results in the cloud", host="results.vendor.cloud")
    seaside = before.fleet.sites["seaside"]
    sites = {
        "seaside": seaside.model_copy(update={"ehr_endpoints": {**seaside.ehr_endpoints, "cloud": cloud}}),
        "st-elsewhere": after.sites["st-elsewhere"],
    }
    limited = before.fleet.settings.model_copy(update={"guard": Guard(max_endpoints=1)})
    settings = limited.model_copy(
        update={"access_roles": {"night-shift": AccessRole(results="send", members=("bo@example.org",))}}
    )
    removed = {COUNTY: Removal(waiting="set_aside", reason="CHG-4411")}
    return make_plan(
        desired=Side(
            fleet=Fleet(settings=settings, sites=sites, removed_sites=removed), described="sites/ at 4be21f0"
        ),
        applied=Side(fleet=before.fleet.model_copy(update={"settings": limited}), described=before.described),
        observed=Observed(as_of=NOW),
        engine="0.1.0",
    )


@pytest.mark.parametrize(
    ("name", "plan"),
    [("plan.txt", _golden_plan()), ("diff.txt", _golden_diff()), ("plan-held.txt", _golden_holds())],
    ids=["plan", "diff", "holds"],
)
def test_a_person_reads_exactly_this(name: str, plan: Plan) -> None:
    assert print_plan(plan) == (GOLDEN / name).read_text(encoding="utf-8")


def test_no_line_is_wider_than_a_terminal() -> None:
    assert max(map(len, print_plan(_golden_plan()).split("\n"))) <= 80
