"""Whether a lane is paused: the stricter of git and the operator wins, and a pause ends at its end."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from butterfly_gitops.delivery.pausing import LONGEST, CannotPause, holds_back, is_paused, paused
from butterfly_gitops.model.delivery import Pause
from tests.delivery.rows import T0, a_lane, after
from tests.table import in_one_test


def a_pause(until=None, **changes):
    return Pause(**{"by": "ada@example.org", "reason": "upgrade", "since": T0, "until": until, **changes})


@in_one_test(
    ("pause", "seconds", "stands"),
    [
        pytest.param(None, 0, False, id="none"),
        pytest.param(a_pause(), 10**8, True, id="without an end"),
        pytest.param(a_pause(after(60)), 0, True, id="from its start"),
        pytest.param(a_pause(after(60)), 59.999, True, id="before its end"),
        pytest.param(a_pause(after(60)), 60, False, id="at its end"),
        pytest.param(a_pause(after(60)), 61, False, id="after its end"),
        pytest.param(a_pause(after(60)), -1, True, id="the clock stepped back"),
    ],
)
def test_a_pause_stands_until_its_end(pause, seconds, stands):
    assert holds_back(pause, after(seconds)) is stands


@in_one_test("is_in_git", [True, False])
@in_one_test("pause", [None, a_pause(), a_pause(after(60))], ids=["none", "open", "ended"])
def test_the_stricter_wins(is_in_git, pause):
    lane = a_lane(paused=is_in_git, pause=pause)
    assert is_paused(lane, after(120)) is (is_in_git or pause == a_pause())


def test_a_pause_changes_nothing_else():
    stopped = a_lane(stopped="three", paused=True, failures=2, leaving="drain")
    assert paused(stopped, a_pause()) == a_lane(
        stopped="three", paused=True, failures=2, leaving="drain", pause=a_pause()
    )


def test_a_later_pause_replaces_an_earlier_one_even_with_a_shorter_one():
    earlier = paused(a_lane(), a_pause())
    assert paused(earlier, a_pause(after(1))).pause == a_pause(after(1))


def test_an_endpoint_that_has_ended_is_not_paused():
    with pytest.raises(CannotPause, match="has ended"):
        paused(a_lane(ended=True), a_pause())


@pytest.mark.parametrize(
    "length", [timedelta(0), timedelta(seconds=-1), LONGEST + timedelta(microseconds=1)], ids=str
)
def test_an_end_that_makes_no_sense_is_refused(length):
    with pytest.raises(CannotPause, match="at most 30 days"):
        paused(a_lane(), a_pause(T0 + length))


@given(st.timedeltas(timedelta(microseconds=1), LONGEST))
def test_a_pause_that_is_taken_ends(length):
    lane = paused(a_lane(), a_pause(T0 + length))
    assert is_paused(lane, T0)
    assert not is_paused(lane, T0 + length)
