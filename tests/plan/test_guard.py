"""What waits for a person, and what never does."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.fleet import Fleet
from butterfly_gitops.plan.document import Plan
from butterfly_gitops.plan.planning import make_plan
from butterfly_gitops.plan.text import headline, print_plan
from tests.plan.fleets import archive, endpoint, fleet, observed, side, site


def two_sites(limit: int = 2, *, a: Mapping[str, EhrEndpoint], b: Mapping[str, EhrEndpoint]) -> Fleet:
    """Sites `a` and `b`, whose archive forwards to all of its endpoints."""
    sites = [
        site(name, endpoints=endpoints, archives={"ed": archive(*endpoints)})
        for name, endpoints in (("a", a), ("b", b))
    ]
    return fleet(*sites, max_endpoints=limit)


def ports(*numbers: int) -> dict[str, EhrEndpoint]:
    return {f"e{n}": endpoint(port=number) for n, number in enumerate(numbers)}


def plan(old: Fleet, new: Fleet, **seen: object) -> Plan:
    return make_plan(desired=side(new), applied=side(old), observed=observed(**seen), engine="0")


def held(of: Plan) -> list[str]:
    return [hold.site for hold in of.guard.holds]


OLD = two_sites(a=ports(1, 2), b=ports(1, 2))


@pytest.mark.parametrize(
    ("new", "counted", "sites"),
    [
        (two_sites(a=ports(8, 9), b=ports(1, 2)), 2, []),
        (two_sites(a=ports(8, 9), b=ports(8, 2)), 3, ["a", "b"]),
        (two_sites(limit=100, a=ports(8, 9), b=ports(8, 9)), 4, ["a", "b"]),
        (two_sites(a=ports(1, 2, 3), b=ports(1, 2, 3)), 0, []),
        (two_sites(a=ports(1), b=ports(1)), 2, []),
        (two_sites(a={}, b=ports(1)), 3, ["a", "b"]),
    ],
    ids=["at-the-limit", "over-it", "the-applied-limit-counts", "additions", "removals", "over-by-removals"],
)
def test_over_the_applied_limit_the_sites_that_count_are_held(
    new: Fleet, counted: int, sites: list[str]
) -> None:
    found = plan(OLD, new)
    assert (len(found.guard.counted), held(found)) == (counted, sites)
    assert set(found.sites_to_apply) == found.content.sites.keys() - set(sites)


@pytest.mark.parametrize(
    ("settings", "count"),
    [
        ({"port": 9}, 1),
        ({"receiving_facility": "X", "port": 9, "host": "h"}, 1),
        ({"encoding": "ISO-8859-1"}, 1),
        ({"status": "paused"}, 0),
        ({"ack_timeout": timedelta(seconds=1)}, 0),
        ({"display_name": "X"}, 0),
    ],
    ids=["elsewhere", "once-for-all-changes", "identity", "pause", "timing", "cosmetic"],
)
def test_an_endpoint_counts_once_if_at_all(settings: dict[str, object], count: int) -> None:
    new = two_sites(a=ports(1, 2) | {"e0": endpoint(**({"port": 1} | settings))}, b=ports(1, 2))
    assert len(plan(OLD, new).guard.counted) == count


def test_other_sites_go_on() -> None:
    new = two_sites(a=ports(7, 8, 9), b=ports(1, 2, 3))
    old = two_sites(a=ports(1, 2, 3), b=ports(1, 2))
    assert held(plan(old, new)) == ["a"]


def test_a_hold_has_the_same_id_whatever_else_changes() -> None:
    bad = two_sites(limit=0, a=ports(8, 2), b=ports(1, 2))
    worse = two_sites(limit=0, a=ports(8, 2), b=ports(1, 9))
    named = two_sites(limit=0, a={**ports(8, 2), "e1": endpoint(port=2, display_name="New")}, b=ports(1, 2))
    old = two_sites(limit=0, a=ports(1, 2), b=ports(1, 2))
    ids = {plan(old, new).guard.holds[0].id for new in (bad, worse, named)}
    assert len(ids) == 1


def test_an_approved_hold_is_none() -> None:
    new = two_sites(a=ports(8, 9), b=ports(8, 9))
    first = plan(OLD, new)
    ids = {hold.site: hold.id for hold in first.guard.holds}
    second = plan(
        OLD, new, approved=frozenset([ids["a"]]), holds={"b": frozenset(first.guard.holds[1].changes)}
    )
    assert held(second) == ["b"]
    assert plan(OLD, new, approved=frozenset(ids.values())).guard.holds == ()


def test_an_approval_is_for_exactly_these_changes() -> None:
    first = plan(OLD, two_sites(a=ports(8, 9), b=ports(8, 9)))
    more = two_sites(a=ports(8, 7), b=ports(8, 9))
    ids = frozenset(hold.id for hold in first.guard.holds if hold.site == "a")
    standing = {hold.site: frozenset(hold.changes) for hold in first.guard.holds}
    assert held(plan(OLD, more, approved=ids, holds=standing)) == ["a", "b"]


def test_a_hold_stands_while_any_of_its_changes_is_wanted() -> None:
    first = plan(OLD, two_sites(a=ports(8, 9), b=ports(8, 9)))
    standing = {hold.site: frozenset(hold.changes) for hold in first.guard.holds}
    fewer = two_sites(a=ports(8, 2), b=ports(1, 2))
    assert held(plan(OLD, fewer, holds=standing)) == ["a"]
    gone = two_sites(a=ports(1, 7), b=ports(1, 2))
    assert held(plan(OLD, gone, holds=standing)) == []


def test_a_lost_subscription_stops_everything_and_holds_nothing() -> None:
    lost = OLD.model_copy(update={"settings": OLD.settings.model_copy(update={"subscription": "pro"})})
    found = plan(OLD, lost)
    assert held(found) == []
    assert print_plan(found).startswith("All results stop. No approval needed.")


def test_a_person_is_told_how_to_approve() -> None:
    found = plan(OLD, two_sites(a=ports(7, 8), b=ports(8, 2)))
    text = print_plan(found)
    first, second = found.guard.holds
    assert (
        headline(found) == "No results stop. Results of 3 endpoints go elsewhere. 2 sites wait for approval."
    )
    assert f"      bgo approve {first.id[:6]} --reason …" in text
    assert f"      bgo approve {second.id[:6]} --reason …" in text
    assert "Guard: 3 of at most 2 endpoints." in text
