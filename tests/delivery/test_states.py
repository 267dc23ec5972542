"""The table of states: what it allows, and that nothing else moves a delivery."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from butterfly_gitops.delivery.states import TABLE, Event, IllegalMoveError, back_in_lane, move, move_or_then
from butterfly_gitops.model.delivery import FINAL, IN_LANE, State
from tests.delivery.rows import a_delivery, after
from tests.table import in_one_test

Q, S, U, A = State.QUEUED, State.SENDING, State.UNCERTAIN, State.SET_ASIDE
THEN_EVENTS = (Event.NOT_ROUTED, Event.SET_ASIDE, Event.NEWER, Event.CANCELLED)

# The rows of "States of a delivery", and the guards that choose among several goals.
DESIGNED: dict[tuple[State, Event], set[State]] = {
    (Q, Event.RENDERING_REFUSED): {A},
    (U, Event.RENDERING_REFUSED): {A},
    (Q, Event.CLAIMED): {S},
    (U, Event.CLAIMED): {S},
    (S, Event.NOT_SENT): {Q, U},
    (S, Event.ACKNOWLEDGED): {State.DELIVERED},
    (S, Event.REFUSED): {Q, U},
    (S, Event.REFUSALS_SPENT): {A, Q, U},
    (S, Event.SILENT): {U},
    (S, Event.SILENCES_SPENT): {A, U},
    (U, Event.RETARGETED): {A},
    (A, Event.LANE_STOPPED): {Q, U},
    (A, Event.RESENT): {Q, U},
    (Q, Event.NOT_ROUTED): {A},
    (U, Event.NOT_ROUTED): {A},
    (A, Event.NOT_ROUTED): {A},
    (Q, Event.SET_ASIDE): {A},
    (U, Event.SET_ASIDE): {A},
    (A, Event.SET_ASIDE): {A},
    (Q, Event.NEWER): {State.SUPERSEDED},
    (U, Event.NEWER): {State.SUPERSEDED},
    (A, Event.NEWER): {State.SUPERSEDED},
    (Q, Event.CANCELLED): {State.CANCELLED},
    (U, Event.CANCELLED): {State.CANCELLED},
    (A, Event.CANCELLED): {State.CANCELLED},
    **{(S, event): {S} for event in THEN_EVENTS},
}
ILLEGAL = [
    (source, event, goal)
    for source, event, goal in itertools.product(State, Event, State)
    if goal not in DESIGNED.get((source, event), set())
]


def test_the_table_is_the_designed_one():
    assert {(one.source, one.event): set(one.goals) for one in TABLE} == DESIGNED


def test_no_row_stands_twice():
    assert len({(one.source, one.event) for one in TABLE}) == len(TABLE)


@in_one_test("row", TABLE, ids=lambda row: f"{row.source}-{row.event}")
def test_every_row_of_the_table_moves(row):
    for goal in row.goals:
        moved = move(a_delivery(state=row.source), row.event, goal, at=after(1), reason="why")
        assert (moved.state, moved.reason) == (goal, "why")


def test_every_other_move_raises():
    for source, event, goal in ILLEGAL:
        with pytest.raises(IllegalMoveError):
            move(a_delivery(state=source), event, goal, at=after(1))


def test_nothing_leaves_a_final_state():
    assert not [one for one in TABLE if one.source in FINAL]


def test_every_state_that_is_not_final_has_a_way_on():
    assert {one.source for one in TABLE} == set(State) - FINAL


def test_only_a_final_state_is_settled():
    superseded = move(a_delivery(), Event.NEWER, State.SUPERSEDED, at=after(1))
    aside = move(a_delivery(), Event.SET_ASIDE, State.SET_ASIDE, at=after(1))
    assert (superseded.settled_at, aside.settled_at) == (after(1), None)


def test_a_move_forgets_that_policy_set_it_aside():
    back = move(a_delivery(state=A, by_policy=True), Event.RESENT, Q, at=after(1))
    assert not back.by_policy


@in_one_test("event", THEN_EVENTS)
@in_one_test("state", [Q, U, A])
def test_what_waits_moves_at_once(state, event):
    moved = move_or_then(a_delivery(state=state), event, at=after(1), reason="why")
    assert (moved.state, moved.then) == (*DESIGNED[state, event], None)


@pytest.mark.parametrize("event", THEN_EVENTS)
def test_what_is_being_sent_only_notes_what_follows(event):
    noted = move_or_then(a_delivery(state=S), event, at=after(1), reason="why")
    assert (noted.state, noted.then, noted.then_reason) == (S, *DESIGNED[Q, event], "why")


@in_one_test("then", [State.SUPERSEDED, State.CANCELLED])
@in_one_test("event", THEN_EVENTS)
def test_a_final_then_stays(event, then):
    noted = a_delivery(state=S, then=then, then_reason="first")
    assert move_or_then(noted, event, at=after(1), reason="second") == noted


@pytest.mark.parametrize("event", [Event.NEWER, Event.CANCELLED])
def test_a_final_then_replaces_a_set_aside(event):
    noted = a_delivery(state=S, then=A, then_reason="first")
    assert move_or_then(noted, event, at=after(1), reason="second").then in FINAL


@given(st.booleans())
def test_a_delivery_returns_as_uncertain_exactly_if_it_may_have_been_received(maybe):
    assert back_in_lane(a_delivery(maybe_received=maybe)) is (U if maybe else Q)


@given(st.lists(st.tuples(st.sampled_from(Event), st.sampled_from(State))))
def test_no_walk_leaves_the_table_or_a_final_state(wishes):
    delivery = a_delivery()
    for event, goal in wishes:
        before = delivery.state
        try:
            delivery = move(delivery, event, goal, at=after(1))
        except IllegalMoveError:
            assert goal not in DESIGNED.get((before, event), set())
        assert delivery.state is before or before not in FINAL


def test_set_aside_is_out_of_the_lane():
    assert {Q, S, U} == IN_LANE
