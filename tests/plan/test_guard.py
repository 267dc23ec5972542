"""What waits for a person, and what never does."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from hypothesis import given

from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.fleet import AccessRole, Entitlements, Fleet, FleetSettings, Guard
from butterfly_gitops.model.site import Removal
from butterfly_gitops.plan.document import Plan
from butterfly_gitops.plan.guard import without_gains
from butterfly_gitops.plan.planning import make_plan
from butterfly_gitops.plan.sides import PlannedHold
from butterfly_gitops.plan.text import headline, print_plan
from tests.plan.fleets import archive, endpoint, fleet, fleets, observed, side, site
from tests.table import in_one_test


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


def standing(of: Plan, *sites: str) -> dict[str, PlannedHold]:
    """The holds of a plan as an earlier pass let them stand; of these sites only, if there are any."""
    return {hold.site: hold for hold in of.guard.holds if not sites or hold.site in sites}


OLD = two_sites(a=ports(1, 2), b=ports(1, 2))


@in_one_test(
    ("new", "counted", "sites"),
    [
        (two_sites(a=ports(8, 9), b=ports(1, 2)), 2, []),
        (two_sites(a=ports(8, 9), b=ports(8, 2)), 3, ["a", "b"]),
        (two_sites(limit=100, a=ports(8, 9), b=ports(8, 9)), 4, ["a", "b", "fleet"]),
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
    assert found.held_sites == set(sites)


@in_one_test(
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
    second = plan(OLD, new, approved=frozenset([ids["a"]]), holds=standing(first, "b"))
    assert held(second) == ["b"]
    assert plan(OLD, new, approved=frozenset(ids.values())).guard.holds == ()


def test_an_approval_is_for_exactly_these_changes() -> None:
    first = plan(OLD, two_sites(a=ports(8, 9), b=ports(8, 9)))
    more = two_sites(a=ports(8, 7), b=ports(8, 9))
    ids = frozenset(hold.id for hold in first.guard.holds if hold.site == "a")
    assert held(plan(OLD, more, approved=ids, holds=standing(first))) == ["a", "b"]


def test_a_hold_stands_while_any_of_its_changes_is_wanted() -> None:
    first = plan(OLD, two_sites(a=ports(8, 9), b=ports(8, 9)))
    fewer = two_sites(a=ports(8, 2), b=ports(1, 2))
    assert held(plan(OLD, fewer, holds=standing(first))) == ["a"]
    gone = two_sites(a=ports(1, 7), b=ports(1, 2))
    assert held(plan(OLD, gone, holds=standing(first))) == []


@pytest.mark.parametrize(
    ("amended", "sites"),
    [
        (two_sites(a=ports(6, 7), b=ports(8, 2)), ["a", "b"]),
        (two_sites(a=ports(6, 2), b=ports(8, 2)), ["b"]),
        (two_sites(a=ports(6, 7), b=ports(7, 2)), ["a", "b"]),
    ],
    ids=["over-with-what-is-held", "within-the-limit", "both-amended"],
)
def test_what_is_held_counts_with_what_is_amended(amended: Fleet, sites: list[str]) -> None:
    first = plan(OLD, two_sites(a=ports(8, 9), b=ports(8, 2)))
    assert held(plan(OLD, amended, holds=standing(first))) == sites


def test_what_is_approved_and_not_applied_counts_on() -> None:
    over = plan(two_sites(limit=0, a=ports(1, 2), b=ports(1, 2)), two_sites(a=ports(8, 9), b=ports(1, 2)))
    approved = frozenset(hold.id for hold in over.guard.holds)
    found = plan(OLD, two_sites(a=ports(8, 9), b=ports(8, 2)), approved=approved)
    assert (held(found), len(found.guard.counted)) == (["b"], 3)


@pytest.mark.parametrize("knows", ["endpoints", "nothing"])
@pytest.mark.parametrize("reads", ["unsound", "gone"])
def test_the_hold_of_a_site_that_cannot_be_read_stands_and_counts(reads: str, knows: str) -> None:
    """A hold of an earlier version does not name its endpoints."""
    first = plan(OLD, two_sites(a=ports(8, 9), b=ports(8, 2)))
    holds = standing(first)
    if knows == "nothing":
        holds = {site: one.model_copy(update={"endpoints": ()}) for site, one in holds.items()}
    wanted = two_sites(a=ports(1, 2), b=ports(7, 2))
    unread = wanted.model_copy(update={"sites": {"b": wanted.sites["b"]}})
    found = make_plan(
        desired=side(unread, unsound=frozenset({"a"} if reads == "unsound" else ())),
        applied=side(OLD),
        observed=observed(holds=holds),
        engine="0",
    )
    assert (held(found), len(found.guard.counted)) == (["a", "b"], 3)
    assert found.guard.holds[0].id == first.guard.holds[0].id


def with_settings(of: Fleet, **settings: object) -> Fleet:
    return of.model_copy(update={"settings": of.settings.model_copy(update=settings)})


def test_a_lost_subscription_waits_whatever_the_limit() -> None:
    one = two_sites(limit=100, a=ports(1), b={})
    found = plan(one, with_settings(one, subscription="pro"))
    assert (held(found), [str(each) for each in found.guard.counted]) == (["fleet"], ["a/e0"])
    assert print_plan(found).startswith("All results stop. The fleet's settings wait for approval.")
    approved = frozenset(hold.id for hold in found.guard.holds)
    assert held(plan(one, with_settings(one, subscription="pro"), approved=approved)) == []


READS = AccessRole(results="read", members=("ada@example.org",), sites=("a",))


@in_one_test(
    ("before", "after", "waits"),
    [
        ({}, {"nurse": READS}, True),
        ({"nurse": READS}, {}, False),
        ({"nurse": READS}, {"nurse": {"members": ("ada@example.org", "bo@example.org")}}, True),
        ({"nurse": READS}, {"nurse": {"members": ()}}, False),
        ({"nurse": READS}, {"nurse": {"members": ("bo@example.org",)}}, True),
        ({"nurse": READS}, {"nurse": {"results": "send"}}, True),
        ({"nurse": READS}, {"nurse": {"results": "none"}}, False),
        ({"nurse": READS}, {"nurse": {"connectivity_management": "read_write"}}, True),
        ({"nurse": READS}, {"nurse": {"message_content": "read"}}, True),
        ({"nurse": READS}, {"nurse": {"sites": ("*",)}}, True),
        ({"nurse": READS}, {"nurse": {"sites": ("a", "b")}}, True),
        ({"nurse": READS}, {"nurse": {"sites": ()}}, False),
        ({"nurse": READS.model_copy(update={"sites": ("*",)})}, {"nurse": {"sites": ("a",)}}, False),
    ],
    ids=[
        "a-role", "a-role-less", "a-member", "a-member-less", "another-member", "may-send", "may-not-look", "may-write",
        "may-see-patients", "everywhere", "a-site", "a-site-less", "no-longer-everywhere",
    ],
)  # fmt: skip
def test_grants_wait_where_somebody_may_do_more(
    before: dict[str, AccessRole], after: dict[str, object], waits: bool
) -> None:
    old = with_settings(OLD, access_roles=before)
    roles = {
        name: each if isinstance(each, AccessRole) else before[name].model_copy(update=each)
        for name, each in after.items()
    }
    found = plan(old, with_settings(old, access_roles=roles))
    assert (held(found), found.guard.counted) == (["fleet"] if waits else [], ())


NARROW = with_settings(
    OLD,
    subscription="basic",
    guard=Guard(max_endpoints=2),
    access_roles={"nurse": READS, "engineer": READS},
)


@pytest.mark.parametrize(
    ("gains", "says"),
    [
        ({"entitlements": Entitlements(preliminary_results=True)}, "preliminary results may be sent"),
        ({"subscription": "enterprise"}, "results are sent, for the subscription is there"),
        ({"guard": Guard(max_endpoints=3)}, "the guard's limit goes up from 2 to 3 endpoints"),
    ],
)
def test_settings_that_let_more_be_done_wait_whatever_the_limit(gains: dict[str, object], says: str) -> None:
    wide = with_settings(NARROW, **gains)
    found = plan(NARROW, wide)
    assert [hold.what for hold in found.guard.holds] == [f"{says}; that always waits for approval"]
    assert held(plan(wide, NARROW)) == (["fleet"] if "subscription" in gains else []), "less waits for nobody"


def test_of_settings_that_wait_what_takes_rights_away_takes_effect() -> None:
    wanted = with_settings(
        NARROW,
        subscription="enterprise",
        entitlements=Entitlements(preliminary_results=True),
        guard=Guard(max_endpoints=1),
        access_roles={
            "nurse": READS.model_copy(update={"members": ("bo@example.org",), "sites": ("*",)}),
            "newcomer": READS,
        },
    )
    narrowed = without_gains(NARROW.settings, wanted.settings)
    assert narrowed == NARROW.settings.model_copy(
        update={
            "guard": Guard(max_endpoints=1),
            "access_roles": {"nurse": READS.model_copy(update={"members": ()})},
        }
    )


@given(fleets(), fleets())
def test_what_takes_effect_gives_nothing_and_keeps_nothing_that_is_taken(one: Fleet, other: Fleet) -> None:
    applied, wanted = one.settings, other.settings
    narrowed = without_gains(applied, wanted)
    assert held(plan(with_all(applied), with_all(narrowed))) == []
    for name, role in narrowed.access_roles.items():
        assert set(role.members) <= set(wanted.access_roles[name].members)
    assert without_gains(narrowed, wanted) == narrowed


def with_all(settings: FleetSettings) -> Fleet:
    return OLD.model_copy(update={"settings": settings})


def test_a_site_that_leaves_whole_waits_whatever_the_limit() -> None:
    old = two_sites(limit=100, a=ports(1), b=ports(1))
    emptied = old.model_copy(
        update={
            "sites": {"b": old.sites["b"]},
            "removed_sites": {"a": Removal(waiting="drain", reason="CHG-4411")},
        }
    )
    found = plan(old, emptied)
    assert held(found) == ["a"]
    assert found.guard.holds[0].what == (
        "the whole site leaves: results of 1 endpoint stop; that always waits for approval"
    )
    files = old.model_copy(update={"sites": old.sites | {"a": site("a", endpoints={}, archives={})}})
    assert held(plan(old, files)) == ["a"], "its files may stay, empty"
    files = old.model_copy(
        update={"sites": old.sites | {"a": site("a", endpoints={}, archives={"er": archive()})}}
    )
    assert held(plan(old, files)) == ["a"], "an archive that is left sends nothing"


@in_one_test(
    ("host", "counts"),
    [("8.8.4.4", True), ("ehr.vendor.cloud", True), ("10.0.0.9", False), ("ehr", False), ("ehr.mercy.local", False)],
)  # fmt: skip
def test_a_first_host_counts_where_it_is_public(host: str, counts: bool) -> None:
    new = two_sites(limit=0, a=ports(1, 2) | {"cloud": endpoint(host=host)}, b=ports(1, 2))
    for old in (two_sites(limit=0, a=ports(1, 2), b=ports(1, 2)), two_sites(limit=0, a={}, b=ports(1, 2))):
        counted = [str(each) for each in plan(old, new).guard.counted]
        assert ("a/cloud" in counted, "a" in held(plan(old, new))) == (counts, counts)
    assert held(plan(fleet(max_endpoints=0), new)) == (["a"] if counts else []), "of a new site too"


@pytest.mark.parametrize(
    ("a", "says"),
    [
        (ports(8, 9), "results of 2 endpoints go elsewhere; 2 endpoints change in the whole fleet, and the limit is 0"),
        (ports(1), "results of 1 endpoint stop; 1 endpoint changes in the whole fleet, and the limit is 0"),
        (
            ports(1, 2) | {"cloud": endpoint(host="8.8.4.4")},
            "1 endpoint is new and has a public host; 1 endpoint changes in the whole fleet, and the limit is 0",
        ),
    ],
    ids=["elsewhere", "stop", "public"],
)  # fmt: skip
def test_a_hold_says_what_it_holds(a: dict[str, EhrEndpoint], says: str) -> None:
    found = plan(two_sites(limit=0, a=ports(1, 2), b=ports(1, 2)), two_sites(limit=0, a=a, b=ports(1, 2)))
    assert [hold.what for hold in found.guard.holds] == [says]


def test_what_becomes_of_results_that_wait_is_part_of_what_is_held() -> None:
    old = two_sites(limit=0, a=ports(1, 2), b=ports(1, 2))

    def without(waiting: str) -> Fleet:
        less = two_sites(a=ports(1), b=ports(1, 2))
        removed = {"e1": Removal(waiting=waiting, reason="CHG-4411")}
        return less.model_copy(
            update={"sites": less.sites | {"a": less.sites["a"].model_copy(update={"removed": removed})}}
        )

    drained = plan(old, without("drain"))
    aside = plan(
        two_sites(limit=9, a=ports(1, 2), b=ports(1, 2)), without("set_aside"), holds=standing(drained)
    )
    assert [hold.what for hold in aside.guard.holds] == [
        (
            "results of 1 endpoint stop and those that wait at e1 are set aside; "
            "that was over the limit when it was held, and waits until it is approved or leaves the source"
        )
    ]
    assert aside.guard.holds[0].id != drained.guard.holds[0].id


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
