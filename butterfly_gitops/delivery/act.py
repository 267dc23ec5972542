"""The actions of a person on a delivery or a lane, and the refusal of a result that cannot be written."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from butterfly_gitops.delivery.draft import Draft
from butterfly_gitops.delivery.leaving import takes_nothing
from butterfly_gitops.delivery.pausing import holds_back
from butterfly_gitops.delivery.states import Event, back_in_lane, move
from butterfly_gitops.delivery.supersede import tidy
from butterfly_gitops.model.delivery import FINAL, IN_LANE, Content, Delivery, Lane, Report, State
from butterfly_gitops.model.error import GitopsError


class ActionRefused(GitopsError):  # noqa: N818 - it says what happened
    """An action would break a promise; the message says why and what to do instead."""


class StudyElsewhere(ActionRefused):
    """The study is of another site than the endpoint."""


def resend(draft: Draft, delivery: Delivery, lane: Lane, *, at: datetime, reason: str) -> None:
    """Return a delivery that was set aside to its place in the lane, with its counts at zero.

    Raises ActionRefused unless it is set aside, its lane goes on and it is still the newest of its report.
    """
    report = draft.report(delivery.report)
    if delivery.state is not State.SET_ASIDE:
        raise ActionRefused(f"it is {_words(delivery.state)}; only what is set aside can be resent")
    if takes_nothing(lane):
        raise ActionRefused("its endpoint has ended; it can only be cancelled")
    if why := _why_stale(delivery, report):
        raise ActionRefused(f"{why}; it can only be cancelled")
    back = move(delivery, Event.RESENT, back_in_lane(delivery), at=at, reason=reason)
    draft.put_delivery(replace(back, refusals=0, silences=0))
    tidy(draft, report.id, at=at)


def _words(state: State) -> str:
    return state.replace("_", " ")


def _why_stale(delivery: Delivery, report: Report) -> str:
    if delivery.content is Content.WITHDRAWAL:
        return ""
    if delivery.rank < report.newest:
        return "a newer result of its report is known"
    if delivery.content is Content.PRELIMINARY and report.maybe_final:
        return "a final of its report may have been received"
    return ""


def set_aside(draft: Draft, delivery: Delivery, *, at: datetime, reason: str) -> None:
    """Take a delivery out of its lane until a person decides; one in flight ends its attempt first.

    Raises ActionRefused when it is out already.
    """
    if delivery.state not in IN_LANE:
        raise ActionRefused(
            f"it is {_words(delivery.state)}; only what waits or is being sent can be set aside"
        )
    draft.move(delivery, Event.SET_ASIDE, at=at, reason=reason)


def cancel(draft: Draft, delivery: Delivery, *, at: datetime, reason: str) -> None:
    """End a delivery for good; one in flight ends its attempt first. Raises ActionRefused when it has ended."""
    if delivery.state in FINAL:
        raise ActionRefused(f"it is {_words(delivery.state)} already")
    draft.move(delivery, Event.CANCELLED, at=at, reason=reason)


def resume(lane: Lane, deliveries: Iterable[Delivery], *, at: datetime) -> tuple[Lane, tuple[Delivery, ...]]:
    """Let a lane go on that is stopped, or that an operator paused: all its counts start at zero again.

    Raises ActionRefused when it has ended, or when nothing of the kind holds it.
    """
    if lane.ended:
        raise ActionRefused("the endpoint has ended")
    if not is_held(lane, at=at):
        held = "; it is paused in git, by its status" if lane.paused else ""
        raise ActionRefused(f"the endpoint is neither stopped nor paused by an operator{held}")
    going = replace(
        lane,
        stopped="",
        pause=None,
        failures=0,
        bad_run=(),
        due_at=None,
        paused=lane.paused and not lane.leaving,
    )
    zeroed = (replace(one, refusals=0, silences=0) for one in deliveries)
    return going, tuple(zeroed)


def is_held(lane: Lane, *, at: datetime) -> bool:
    """Tell whether something holds a lane that a person may release.

    What git says is paused stays so; but of one that drains git says nothing any more, and only a person can.
    """
    return bool(lane.stopped) or holds_back(lane.pause, at) or (lane.paused and bool(lane.leaving))


def refuse_rendering(delivery: Delivery, *, field: str, why: str, at: datetime) -> Delivery:
    """Set aside a result that cannot be written; `why` never quotes a value. It does not count toward a stop."""
    return move(
        delivery, Event.RENDERING_REFUSED, State.SET_ASIDE, at=at, reason=f"cannot be written: {field} {why}"
    )
