"""What becomes of a lane whose endpoint has left, and of what waits in it."""

import pytest

from butterfly_gitops.delivery.leaving import ended_if_done, leave, set_aside_all, takes_nothing
from butterfly_gitops.model.delivery import FINAL, IN_LANE, State
from tests.delivery.rows import a_delivery, a_lane, after, in_flight
from tests.table import in_one_test

NOW = after(60)
REASON = "its endpoint was removed: CHG-4411"


def set_aside(*deliveries):
    return set_aside_all(deliveries, at=NOW, reason=REASON)


@pytest.mark.parametrize("word", ["drain", "set_aside"])
def test_a_lane_leaves_with_its_last_settings(word):
    lane = a_lane(failures=2, stopped="three", pause=None)
    left = leave(lane, word, settings="{}")
    assert left == a_lane(failures=2, stopped="three", leaving=word, settings="{}")


@pytest.mark.parametrize("state", [State.QUEUED, State.UNCERTAIN])
def test_what_waits_goes_to_a_person(state):
    (one,) = set_aside(a_delivery(state=state))
    assert (one.state, one.reason, one.by_policy) == (State.SET_ASIDE, REASON, False)


def test_what_is_in_flight_ends_its_attempt_first():
    (one,) = set_aside(in_flight(a_delivery()))
    assert (one.state, one.then, one.then_reason) == (State.SENDING, State.SET_ASIDE, REASON)


@pytest.mark.parametrize("then", [State.SUPERSEDED, State.CANCELLED])
def test_what_follows_an_attempt_for_good_stays(then):
    assert set_aside(in_flight(a_delivery(), then=then, then_reason="newer")) == ()


def test_what_policy_set_aside_is_a_persons_from_now_on():
    (one,) = set_aside(a_delivery(state=State.SET_ASIDE, by_policy=True, reason="refused with AE"))
    assert (one.state, one.by_policy, one.reason) == (State.SET_ASIDE, False, REASON)


@pytest.mark.parametrize("state", [State.SET_ASIDE, *sorted(FINAL)])
def test_what_a_person_has_or_what_has_ended_stays_as_it_is(state):
    assert set_aside(a_delivery(state=state, reason="before")) == ()


def test_deliveries_may_come_one_by_one():
    several = (a_delivery(number) for number in (1, 2))
    assert [one.id for one in set_aside_all(several, at=NOW, reason=REASON)] == [1, 2]


ENDS = [
    *(pytest.param("drain", state, False, id=f"drain, {state}") for state in sorted(set(State) - FINAL)),
    *(pytest.param("set_aside", state, False, id=f"set_aside, {state}") for state in sorted(IN_LANE)),
    pytest.param("set_aside", State.SET_ASIDE, True, id="set_aside, set_aside"),
    pytest.param("drain", None, True, id="drain, nothing"),
    pytest.param("set_aside", None, True, id="set_aside, nothing"),
    pytest.param("", None, False, id="stays, nothing"),
    pytest.param("", State.QUEUED, False, id="stays, queued"),
]


@in_one_test(("leaving", "state", "ends"), ENDS)
def test_a_lane_ends_once_nothing_keeps_it(leaving, state, ends):
    waiting = [] if state is None else [a_delivery(state=state)]
    lane = a_lane(leaving=leaving)
    assert ended_if_done(lane, waiting) == a_lane(leaving=leaving, ended=ends)


@pytest.mark.parametrize("leaving", ["", "drain", "set_aside"])
def test_what_has_ended_stays_so(leaving):
    ended = a_lane(leaving=leaving, ended=True)
    assert ended_if_done(ended, [a_delivery()]) == ended


@in_one_test(
    ("changes", "expected"),
    [
        ({}, False),
        ({"leaving": "drain"}, False),
        ({"leaving": "set_aside"}, True),
        ({"leaving": "drain", "ended": True}, True),
        ({"ended": True}, True),
    ],
    ids=["stays", "drains", "sets aside", "drained", "ended"],
)
def test_only_what_stays_or_drains_takes_results(changes, expected):
    assert takes_nothing(a_lane(**changes)) is expected
