"""Every event × rule is one decision: a delivery, or the reason there is none (promise 2)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from butterfly_gitops.delivery.routing import (
    CLOCK_TOLERANCE,
    Entitled,
    Route,
    is_considered,
    is_near_start,
    is_too_far_ahead,
    route,
    true_start,
)
from tests.delivery.rows import a_rule, after
from tests.table import in_one_test

ALL = Entitled(enterprise=True, preliminary_results=True)
NO_PRELIMINARY = Entitled(enterprise=True, preliminary_results=False)
NOTHING = Entitled(enterprise=False, preliminary_results=True)
KINDS = ("attestation_requested", "finalized", "reverted", "deleted")


def verdicts(*rules, kind="finalized", occurred=10, applies=1, entitled=ALL, preliminary=True):
    routes = [Route(rule=rule, preliminary=preliminary) for rule in rules]
    decisions = route(routes, kind=kind, occurred_at=after(occurred), applies=applies, entitled=entitled)
    return [one.verdict for one in decisions]


@in_one_test(
    ("kind", "entitled", "preliminary", "verdict"),
    [
        pytest.param("finalized", ALL, True, "deliver", id="finalized"),
        pytest.param("finalized", ALL, False, "deliver", id="finalized, no preliminaries"),
        pytest.param(
            "finalized", NO_PRELIMINARY, True, "deliver", id="finalized, not entitled to preliminaries"
        ),
        pytest.param("finalized", NOTHING, True, "not-entitled", id="finalized, no Enterprise"),
        pytest.param("attestation_requested", ALL, True, "deliver", id="preliminary"),
        pytest.param("attestation_requested", ALL, False, "preliminary-off", id="preliminary off"),
        pytest.param(
            "attestation_requested", NO_PRELIMINARY, True, "not-entitled", id="not entitled to preliminaries"
        ),
        pytest.param("attestation_requested", NO_PRELIMINARY, False, "preliminary-off", id="neither"),
        pytest.param("attestation_requested", NOTHING, True, "not-entitled", id="preliminary, no Enterprise"),
        pytest.param("reverted", ALL, True, "withdraws", id="reverted"),
        pytest.param("deleted", ALL, True, "withdraws", id="deleted"),
        pytest.param("deleted", NOTHING, True, "withdraws", id="deleted, no Enterprise"),
    ],
)
def test_a_decision_has_its_reason(kind, entitled, preliminary, verdict):
    assert verdicts(a_rule(), kind=kind, entitled=entitled, preliminary=preliminary) == [verdict]


@in_one_test(
    ("occurred", "verdict"),
    [
        pytest.param(0, "deliver", id="exactly at the start"),
        pytest.param(-0.25, "before-effective-from by 250ms", id="just before"),
        pytest.param(-42, "before-effective-from by 42s", id="before"),
        pytest.param(-90, "before-effective-from by 90s", id="a little over a minute before"),
        pytest.param(-150, "before-effective-from by 2m 30s", id="minutes before"),
        pytest.param(-7200, "before-effective-from by 2h", id="two hours before"),
        pytest.param(-11_525, "before-effective-from by 3h 12m", id="hours and minutes before"),
        pytest.param(-86_400 - 5, "before-effective-from by 1d", id="a day and a little before"),
        pytest.param(-189_321_159, "before-effective-from by 6y 1d", id="long before"),
    ],
)
def test_a_rule_is_not_retroactive(occurred, verdict):
    assert verdicts(a_rule(), occurred=occurred) == [verdict]


@in_one_test(
    ("start", "until", "occurred", "is_so"),
    [
        pytest.param((0, 7), None, 10, True, id="in force"),
        pytest.param((0, 8), None, 10, False, id="started by a later application"),
        pytest.param((0, 8), (5, 9), 10, False, id="started and closed by later applications"),
        pytest.param((0, 1), None, -10, True, id="in force, occurred before: a decision all the same"),
        pytest.param((3600, 7), None, 10, True, id="in force, started by a clock that was ahead"),
        pytest.param(
            (0, 1), (5, 8), 10, True, id="closed by a later application, by a clock that was behind"
        ),
        pytest.param((0, 1), (15, 7), 10, True, id="closed since it occurred"),
        pytest.param((0, 1), (10, 7), 10, False, id="closed as it occurred"),
        pytest.param((0, 1), (5, 7), 10, False, id="closed before it occurred"),
        pytest.param((12, 1), (15, 7), 10, False, id="opened and closed since it occurred"),
        pytest.param((10, 1), (15, 7), 10, True, id="opened as it occurred, closed since"),
    ],
)
def test_rules_in_force_and_those_closed_since_are_considered(start, until, occurred, is_so):
    seconds, ended_by = until or (None, None)
    rule = a_rule(
        start=after(start[0]),
        started_by=start[1],
        until=None if seconds is None else after(seconds),
        ended_by=ended_by,
    )
    assert is_considered(rule, applies=7, occurred_at=after(occurred)) is is_so


def test_a_rule_that_is_not_considered_makes_no_decision():
    assert verdicts(a_rule(until=after(5), ended_by=1)) == []


def test_a_rule_closed_since_delivers():
    assert verdicts(a_rule(until=after(15), ended_by=1)) == ["deliver"]


def test_decisions_come_in_the_order_of_the_rules_whatever_the_order_of_the_routes():
    rules = [Route(rule=a_rule(number), preliminary=True) for number in (3, 1, 2)]
    decisions = route(rules, kind="finalized", occurred_at=after(1), applies=1, entitled=ALL)
    assert [int(one.rule) for one in decisions] == [1, 2, 3]


@pytest.mark.parametrize("kind", KINDS)
def test_what_delivers_says_deliver_and_nothing_else_does(kind):
    routes = [Route(rule=a_rule(), preliminary=True)]
    (one,) = route(routes, kind=kind, occurred_at=after(1), applies=1, entitled=ALL)
    assert one.delivers is (one.verdict == "deliver") is (kind in {"finalized", "attestation_requested"})


@in_one_test(
    ("ahead_s", "starts_s"),
    [
        pytest.param(-3600, -3600, id="an hour ago"),
        pytest.param(0, 0, id="now"),
        pytest.param(0.05, -0.05, id="ahead by a hair: by as much again"),
        pytest.param(60, -60, id="ahead by a minute"),
        pytest.param(300, -300, id="ahead by five minutes"),
        pytest.param(3600, -300, id="ahead by an hour: by five minutes"),
    ],
)
def test_a_start_that_our_clock_has_yet_to_reach_is_taken_back(ahead_s, starts_s):
    rule = a_rule(start=after(ahead_s))
    corrected = true_start(rule, at=after(0))
    assert corrected.start == after(starts_s)
    assert corrected.start_was == (after(ahead_s) if ahead_s > 0 else None)
    ended = replace(rule, until=after(9000), ended_by=8)
    assert true_start(ended, at=after(0)) == ended


moments = st.integers(0, 10**6).map(after)


@given(start=moments, looks=st.lists(moments, min_size=1, max_size=5))
def test_a_start_goes_back_with_our_clock_and_by_itself_never(start, looks):
    rule = a_rule(start=start)
    for at in looks:
        before, rule = rule, true_start(rule, at=at)
        assert rule.start <= at
        assert true_start(rule, at=at) == rule
        assert before.start >= rule.start >= min(before.start, at - CLOCK_TOLERANCE)
    if start <= min(looks):
        assert rule == a_rule(start=start)
    else:
        assert rule.start_was == start


@given(
    cuts=st.lists(st.integers(0, 100), min_size=1, max_size=6, unique=True).map(sorted),
    occurred=st.integers(-5, 105),
    seen=st.integers(0, 6),
)
def test_a_pair_added_and_removed_again_and_again_delivers_at_most_once(cuts, occurred, seen):
    # The rules of one pair: [c0, c1), [c2, c3) and so on; the last may still be open.
    # An event meets those applications whose instant is not after it, and as many more as came before its routing.
    stamped = list(enumerate(cuts, 1))
    pairs = [stamped[at : at + 2] for at in range(0, len(stamped), 2)]
    rules = [
        a_rule(
            number,
            start=after(pair[0][1]),
            started_by=pair[0][0],
            until=after(pair[1][1]) if pair[1:] else None,
            ended_by=pair[1][0] if pair[1:] else None,
        )
        for number, pair in enumerate(pairs)
    ]
    applies = max(seen, sum(cut <= occurred for cut in cuts))
    made = verdicts(*rules, occurred=occurred, applies=applies)
    in_force = any(
        one.start <= after(occurred) and (one.until is None or after(occurred) < one.until) for one in rules
    )
    assert made.count("deliver") == int(in_force)


@in_one_test(
    ("minutes", "is_near"),
    [(0, False), (0.1, True), (5, True), (5.1, False), (-1, False)],
    ids=["at the start", "just before", "five minutes before", "longer before", "after"],
)
def test_an_exclusion_within_five_minutes_of_the_start_alerts(minutes, is_near):
    assert is_near_start(a_rule(), after(0) - timedelta(minutes=minutes)) is is_near


@pytest.mark.parametrize(
    ("minutes", "is_too_far"),
    [(-60, False), (0, False), (5, False), (5.01, True)],
    ids=["an hour ago", "now", "five minutes ahead", "more"],
)
def test_an_event_over_five_minutes_ahead_is_of_no_clock(minutes, is_too_far):
    assert is_too_far_ahead(after(0) + timedelta(minutes=minutes), after(0)) is is_too_far
