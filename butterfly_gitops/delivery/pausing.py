"""Pauses of a lane: by its settings in git or by an operator, the stricter wins."""

from dataclasses import replace
from datetime import datetime, timedelta

from butterfly_gitops.model.delivery import Lane, Pause
from butterfly_gitops.model.error import GitopsError

LONGEST = timedelta(days=30)


class CannotPause(GitopsError):  # noqa: N818 - it says what happened
    """The pause that is asked for, or its end, makes no sense; the message says why."""


def is_paused(lane: Lane, at: datetime) -> bool:
    """Tell whether the lane keeps what it has."""
    return lane.paused or holds_back(lane.pause, at)


def holds_back(pause: Pause | None, at: datetime) -> bool:
    """Tell whether an operator's pause stands."""
    return pause is not None and (pause.until is None or at < pause.until)


def paused(lane: Lane, pause: Pause) -> Lane:
    """Return the lane with an operator's pause, which replaces an earlier one. Raises CannotPause."""
    if lane.ended:
        raise CannotPause("the endpoint has ended")
    if pause.until is not None and not pause.since < pause.until <= pause.since + LONGEST:
        raise CannotPause(f"a pause ends after at most {LONGEST.days} days; without an end: until resumed")
    return replace(lane, pause=pause)
