"""The end of a lane whose endpoint has left the configuration."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Literal

from butterfly_gitops.delivery.draft import Draft
from butterfly_gitops.delivery.states import Event
from butterfly_gitops.model.delivery import IN_LANE, Delivery, Lane


def leave(lane: Lane, waiting: Literal["drain", "set_aside"], *, settings: str) -> Lane:
    """Return the lane as it leaves: `drain` sends what waits with its last settings, `set_aside` sends nothing more."""
    return replace(lane, leaving=waiting, settings=settings)


def set_aside_all(deliveries: Iterable[Delivery], *, at: datetime, reason: str) -> tuple[Delivery, ...]:
    """Leave what waits to a person; one in flight ends its attempt first.

    What policy set aside is a person's from here on: a lane that stops no longer takes it back.
    """
    known = tuple(deliveries)
    draft = Draft((), known)
    for one in known:
        if one.state in IN_LANE or one.by_policy:
            draft.move(draft.delivery(one.id), Event.SET_ASIDE, at=at, reason=reason)
    return draft.deliveries


def takes_nothing(lane: Lane) -> bool:
    """Tell whether nothing may wait in the lane any more: it has ended, or sets aside what it has."""
    return lane.ended or lane.leaving == "set_aside"


def ended_if_done(lane: Lane, open_deliveries: Iterable[Delivery]) -> Lane:
    """End a leaving lane: a draining one when nothing is open, the other when nothing is in flight."""
    if not lane.leaving or lane.ended:
        return lane
    keeps = (
        any(True for _ in open_deliveries)
        if lane.leaving == "drain"
        else any(one.state in IN_LANE for one in open_deliveries)
    )
    return lane if keeps else replace(lane, ended=True)
