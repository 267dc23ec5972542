"""The states of a delivery: one table that every move is checked against and the documentation is drawn from."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from butterfly_gitops.model.delivery import FINAL, Delivery, State


class Event(StrEnum):
    """The events of a delivery."""

    RENDERING_REFUSED = "rendering refuses"
    CLAIMED = "claimed"
    NOT_SENT = "proven that no byte left"
    ACKNOWLEDGED = "positive reply, by mode"
    REFUSED = "AE AR CE CR [retries left]"
    REFUSALS_SPENT = "AE AR CE CR [spent]"
    SILENT = "silence, cut, wrong id, crash, owner lost"
    SILENCES_SPENT = "resends spent"
    RETARGETED = "target changed [may have been received, on_retarget: set_aside]"
    LANE_STOPPED = "its lane stops in the run that set it aside"
    RESENT = "resent by a person [still newest]"
    NOT_ROUTED = "a newer finalized that no rule routes here"
    SET_ASIDE = "set aside by a person"
    NEWER = "newer in report, reverted, deleted, another patient"
    CANCELLED = "cancelled by a person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One row of the table."""

    source: State
    event: Event
    goals: tuple[State, ...]


def _moves(sources: tuple[State, ...], event: Event, *goals: State) -> tuple[Move, ...]:
    return tuple(Move(source=source, event=event, goals=goals) for source in sources)


_Q, _S, _U, _A = State.QUEUED, State.SENDING, State.UNCERTAIN, State.SET_ASIDE

TABLE: tuple[Move, ...] = (
    *_moves((_Q, _U), Event.RENDERING_REFUSED, _A),
    *_moves((_Q, _U), Event.CLAIMED, _S),
    *_moves((_S,), Event.NOT_SENT, _Q, _U),
    *_moves((_S,), Event.ACKNOWLEDGED, State.DELIVERED),
    # A refusal does not take back what an earlier, unanswered attempt may have done.
    *_moves((_S,), Event.REFUSED, _Q, _U),
    *_moves((_S,), Event.REFUSALS_SPENT, _A, _Q, _U),
    *_moves((_S,), Event.SILENT, _U),
    *_moves((_S,), Event.SILENCES_SPENT, _A, _U),
    *_moves((_U,), Event.RETARGETED, _A),
    *_moves((_A,), Event.LANE_STOPPED, _Q, _U),
    *_moves((_A,), Event.RESENT, _Q, _U),
    # What policy set aside stays so, even if its lane stops, once a person or a rule has set it aside as well.
    *_moves((_Q, _U, _A), Event.NOT_ROUTED, _A),
    *_moves((_Q, _U, _A), Event.SET_ASIDE, _A),
    *_moves((_Q, _U, _A), Event.NEWER, State.SUPERSEDED),
    *_moves((_Q, _U, _A), Event.CANCELLED, State.CANCELLED),
    # What comes while an attempt is in flight waits in `then` (see `move_or_then`).
    *_moves((_S,), Event.NOT_ROUTED, _S),
    *_moves((_S,), Event.SET_ASIDE, _S),
    *_moves((_S,), Event.NEWER, _S),
    *_moves((_S,), Event.CANCELLED, _S),
)
_GOALS = {(row.source, row.event): row.goals for row in TABLE}


class IllegalMoveError(Exception):
    """A defect of ours: a move that the table does not have."""


def move(
    delivery: Delivery, event: Event, goal: State, *, at: datetime, reason: str = "", **changes: Any
) -> Delivery:
    """Return the delivery in its next state, with other changes that come along.

    Raises IllegalMoveError when the table has no such move.
    """
    if goal not in _GOALS.get((delivery.state, event), ()):
        raise IllegalMoveError(f"{delivery.state} --{event}--> {goal}")
    moved: dict[str, Any] = {
        "state": goal,
        "reason": reason,
        "by_policy": False,
        "settled_at": at if goal in FINAL else None,
    }
    return replace(delivery, **(moved | changes))


_THEN = {
    Event.NOT_ROUTED: State.SET_ASIDE,
    Event.SET_ASIDE: State.SET_ASIDE,
    Event.NEWER: State.SUPERSEDED,
    Event.CANCELLED: State.CANCELLED,
}


def move_or_then(delivery: Delivery, event: Event, *, at: datetime, reason: str) -> Delivery:
    """Move the delivery, or, while an attempt is in flight, note what follows it unless it delivers.

    A final `then` stays: nothing takes back that a delivery was superseded or cancelled.
    """
    if delivery.state is not State.SENDING:
        return move(delivery, event, _THEN[event], at=at, reason=reason)
    if delivery.then in FINAL:
        return delivery
    return replace(delivery, then=_THEN[event], then_reason=reason)


def back_in_lane(delivery: Delivery) -> State:
    """Return the state in which a delivery waits in its lane: uncertain once it may have been received."""
    return State.UNCERTAIN if delivery.maybe_received else State.QUEUED
