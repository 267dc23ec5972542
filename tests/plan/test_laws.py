"""What holds for every two fleets."""

import json

from hypothesis import HealthCheck, given, settings

from butterfly_gitops.model.address import FLEET_SETTINGS
from butterfly_gitops.model.fleet import Fleet
from butterfly_gitops.model.host import is_public
from butterfly_gitops.plan.canonical import canonical_settings, canonical_site, settings_digest, site_digest
from butterfly_gitops.plan.departure import is_empty
from butterfly_gitops.plan.diff import changes_between
from butterfly_gitops.plan.document import Plan, from_document, print_document, to_document
from butterfly_gitops.plan.effect import Effect
from butterfly_gitops.plan.guard import COUNTED
from butterfly_gitops.plan.planning import make_diff, make_plan
from butterfly_gitops.plan.sides import LaneCount, Observed
from butterfly_gitops.plan.text import print_plan
from tests.plan.fleets import fleets, observations, observed, permuted, side
from tests.plan.patch import patched

# A fleet is much to draw, and a busy machine slow at it.
laws = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def plan(old: Fleet | None, new: Fleet) -> Plan:
    return make_plan(desired=side(new), applied=side(old), observed=observed(), engine="0")


def after(applied: Fleet, of: Plan) -> Fleet:
    """What is applied once all of a plan is, as a store has it."""
    return Fleet(settings=of.content.settings or applied.settings, sites=applied.sites | of.content.sites)


def canonical(of: Fleet) -> Fleet:
    """What is there, without what left and what was renamed."""
    how = {"removed": {}, "renamed": {}}
    sites = {name: canonical_site(each).model_copy(update=how) for name, each in sorted(of.sites.items())}
    return Fleet(settings=canonical_settings(of.settings), sites=sites)


@laws
@given(fleets())
def test_a_fleet_differs_from_itself_in_nothing(one: Fleet) -> None:
    assert changes_between(one, one) == ()
    assert plan(one, permuted(one)).is_empty


@laws
@given(fleets(), fleets())
def test_the_changes_make_the_one_fleet_of_the_other(one: Fleet, other: Fleet) -> None:
    assert canonical(patched(one, changes_between(one, other))) == canonical(other)


@laws
@given(fleets(), fleets())
def test_a_plan_after_its_apply_is_empty(one: Fleet, other: Fleet) -> None:
    first = plan(one, other)
    again = plan(after(one, first), other)
    assert again.is_empty
    assert (again.blocked, again.content.sites) == ((), {})


@laws
@given(fleets(), fleets(), observations())
def test_what_an_apply_writes_is_what_its_plan_says(one: Fleet, other: Fleet, seen: Observed) -> None:
    first = make_plan(desired=side(other), applied=side(one), observed=seen, engine="0")
    again = make_plan(desired=side(after(one, first)), applied=side(one), observed=seen, engine="0")
    assert (again.id, again.guard, again.blocked) == (first.id, first.guard, first.blocked)
    assert (again.content.sites, again.effects) == (first.content.sites, tuple(map(_heard, first.effects)))


def _heard(effect: Effect) -> Effect:
    """Without what is said of a `renamed_from` in vain: an apply writes only the renames that take effect."""
    said = {
        "sentence": effect.sentence.partition(" renamed_from ")[0],
        "brief": effect.brief.partition("; renamed_from ")[0],
    }
    return effect.model_copy(update=said)


@laws
@given(fleets(), fleets())
def test_order_in_files_changes_no_byte_of_a_plan(one: Fleet, other: Fleet) -> None:
    first, second = plan(one, other), plan(permuted(one), permuted(other))
    assert print_document(first) == print_document(second)
    assert first.content.model_dump_json() == second.content.model_dump_json()
    assert print_plan(first) == print_plan(second)


@laws
@given(fleets(), fleets())
def test_a_change_has_one_id_in_a_pull_request_and_in_production(one: Fleet, other: Fleet) -> None:
    in_production, in_review = plan(one, other), make_diff(desired=side(other), before=side(one), engine="1")
    assert in_production.id == in_review.id
    assert in_production.changes == in_review.changes


@laws
@given(fleets(), fleets())
def test_a_saved_plan_is_read_back_as_it_was(one: Fleet, other: Fleet) -> None:
    first = plan(one, other)
    assert from_document(json.loads(print_document(first))) == first
    assert from_document(to_document(first)) == first


@laws
@given(fleets(), fleets())
def test_every_change_is_shown_once(one: Fleet, other: Fleet) -> None:
    first = plan(one, other)
    shown = [change for effect in first.effects for setting in effect.settings for change in setting.changes]
    assert sorted(shown) == sorted(change.id for change in first.changes)


@laws
@given(fleets(), fleets())
def test_what_is_applied_and_what_is_kept_are_apart(one: Fleet, other: Fleet) -> None:
    first = plan(one, other)
    gone = one.sites.keys() - other.sites.keys()
    assert {kept.site for kept in first.kept} == gone - other.removed_sites.keys()
    assert {name for name in first.content.sites if is_empty(first.content.sites[name])} >= gone & (
        other.removed_sites.keys()
    )
    assert not first.content.sites.keys() & {kept.site for kept in first.kept}


@laws
@given(fleets())
def test_a_first_apply_is_held_for_public_hosts_alone(one: Fleet) -> None:
    first = plan(None, one)
    public = {
        f"{name}/{endpoint}"
        for name, each in one.sites.items()
        for endpoint, value in each.ehr_endpoints.items()
        if is_public(value.host)
    }
    assert set(map(str, first.guard.counted)) == public
    assert bool(first.guard.holds) == (len(public) > one.settings.guard.max_endpoints)
    assert first.content.sites.keys() == one.sites.keys()


@laws
@given(fleets(), fleets())
def test_only_what_stops_moves_or_renames_results_is_held(one: Fleet, other: Fleet) -> None:
    first = plan(one, other)
    of_sites = [hold for hold in first.guard.holds if hold.site != FLEET_SETTINGS]
    counted = {change for hold in of_sites for change in hold.changes}
    bad = {
        change
        for effect in first.effects
        if effect.consequence in COUNTED
        for setting in effect.settings
        for change in setting.changes
    }
    assert counted <= bad
    if len(first.guard.counted) > first.guard.limit:
        touched = {
            change.address.site
            for change in first.changes
            if change.kind in ("ehr_endpoint", "forwarding_rule") and change.id in bad
        }
        assert touched <= first.held_sites
    else:
        assert all(hold.always for hold in first.guard.holds)


@laws
@given(fleets(), fleets(), observations())
def test_a_site_is_blocked_only_by_what_leaves_it_without_a_word(
    one: Fleet, other: Fleet, seen: Observed
) -> None:
    first = make_plan(desired=side(other), applied=side(one), observed=seen, engine="0")
    removed = {(change.address.site, change.address.name) for change in first.changes if change.is_removed}
    for each in first.blocked:
        assert {(each.site, name) for name in each.names} <= removed
        assert not set(each.names) & first.content.sites[each.site].removed.keys()
    assert not first.blocked_sites & other.removed_sites.keys()


@laws
@given(fleets(), fleets())
def test_from_files_all_is_told_that_a_state_may_block(one: Fleet, other: Fleet) -> None:
    in_review = make_diff(desired=side(other), before=side(one), engine="0")
    lanes = {
        f"{name}/{lane}": LaneCount(waiting=1)
        for name, each in one.sites.items()
        for lane in each.ehr_endpoints
    }
    in_production = make_plan(
        desired=side(other), applied=side(one), observed=observed(lanes=lanes), engine="0"
    )
    assert {(each.site, each.names) for each in in_production.blocked} <= {
        (each.site, each.names) for each in in_review.blocked
    }
    assert in_review.blocked_sites == frozenset()


@laws
@given(fleets(), fleets())
def test_equal_digests_mean_equal_configurations(one: Fleet, other: Fleet) -> None:
    same_settings = not any(
        change.address.site in ("fleet", "grants") for change in changes_between(one, other)
    )
    assert (settings_digest(one.settings) == settings_digest(other.settings)) == same_settings
    for name in one.sites.keys() & other.sites.keys():
        same = not any(change.address.site == name for change in changes_between(one, other))
        assert (site_digest(one.sites[name]) == site_digest(other.sites[name])) == same
