"""A state that was put back in time: refused as it is opened, unless a person accepts it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from butterfly_gitops.delivery.setback import set_aside_open
from butterfly_gitops.model.delivery import LaneId
from butterfly_gitops.model.error import GitopsError
from butterfly_gitops.model.printable import short_digest
from butterfly_gitops.store.advancing import end_attempts
from butterfly_gitops.store.lane_rows import OPEN, end_leaving
from butterfly_gitops.store.mark import (
    Counting,
    Mark,
    MarkUnreadable,
    Point,
    new_history,
    point_of,
    put_point,
    start_of,
)
from butterfly_gitops.store.people import AuditEntry
from butterfly_gitops.store.rows import Rows
from butterfly_gitops.store.state_folder import StateUnusable, has_state
from butterfly_gitops.store.writer import Operation, Returned, Session

_DOUBTFUL = "doubtful_until"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setback:
    """A database that is not what its mark says it must at least be.

    `mark` is None where there is none to compare; `is_gone` says that there is no database at all.
    """

    database: Point | None
    mark: Point | None
    why: str
    is_gone: bool = False

    @property
    def id(self) -> str:
        """A name for this one: another database or another mark makes another."""
        return short_digest(f"{_text(self.database)} {_text(self.mark)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A person's consent to go on with an older state; `setback` is the id of the only one that it holds for."""

    setback: str
    actor: str


class StateBehind(GitopsError):  # noqa: N818 - it says what happened
    """The state is older than what it has told others, or nothing says that it is not."""

    def __init__(self, setback: Setback, *, consent: Consent | None = None) -> None:
        option = f"--accept-older {setback.id}"
        wish = f"--new-state {option}` begins anew" if setback.is_gone else f"{option}` goes on with this one"
        other = f" (not {consent.setback}, which is for another state)" if consent else ""
        super().__init__(
            f"{setback.why}. Put the newest state back; or `bgo run {wish}{other}, with a person before every result "
            "that the missing part may have held (docs/operations.md)"
        )
        self.setback = setback


def setback_of(database: Point | None, mark: Point | None, *, state: str, file: str) -> Setback | None:
    """Compare a database with its mark; None where nothing that was told is missing.

    A database that was never counted is new, or from before there were marks: it may have any mark that has not
    counted either.
    """
    if mark is None:
        if database is None:
            return None
        why = f"{file} is missing, so nothing says whether the state in {state}, {_told(database)}, is the newest"
    elif database is None and mark.commit:
        why = f"the state in {state} is older than its mark {file}, or empty: the mark is {_told(mark)}"
    elif database is None:
        return None
    elif database.history != mark.history:
        why = f"{file} is the mark of another state than that in {state}: one is {_told(mark)}, the other {_told(database)}"
    elif database.commit < mark.commit:
        why = f"the state in {state} is older than its mark {file}: {_missing(database, mark)}"
    else:
        return None
    return Setback(database=database, mark=mark, why=why)


def _told(point: Point) -> str:
    return f"of {_time(point.at)} with {point.events} events"


def _text(point: Point | None) -> str:
    return point.text() if point is not None else ""


def _missing(database: Point, mark: Point) -> str:
    return (
        f"it ends at {_time(database.at)}, the mark at {_time(mark.at)}; missing are accepted events: "
        f"{mark.events - database.events}, new deliveries: {mark.deliveries - database.deliveries}, and what was sent "
        "since"
    )


def _time(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def accept_older(rows: Rows, setback: Setback, *, actor: str, at: datetime) -> None:
    """Go on with an older state: every open result waits for a person, and so does what the missing part may have held.

    The count goes on above both, as another history: what is missing, should it be found, is no longer this state.
    """
    end_attempts(rows, at=at)
    lanes = [lane.id for lane in rows.lanes()]
    for lane in lanes:
        _set_aside(rows, lane, at=at)
    end_leaving(rows, lanes)
    ended = setback.mark.at if setback.mark is not None else at
    rows.put_setting(_DOUBTFUL, max(ended, doubtful_until(rows) or ended).isoformat())
    points = [one for one in (setback.database, setback.mark) if one is not None]
    history = new_history()
    newest = max(points, key=lambda one: one.commit, default=start_of(history, at=at))
    put_point(rows, replace(newest, history=history))
    rows.put(AuditEntry(at=at, actor=actor, action="accept older", subject="state", reason=setback.why))


def _set_aside(rows: Rows, lane: LaneId, *, at: datetime) -> None:
    deliveries = rows.in_lane(lane, OPEN)
    reports = {one.report for one in deliveries}
    draft = set_aside_open([rows.report(one) for one in reports], deliveries, at=at)
    rows.put(*draft.reports, *draft.deliveries)


def doubtful_until(rows: Rows) -> datetime | None:
    """Return when what an older state misses ended; None where none was accepted."""
    text = rows.setting(_DOUBTFUL)
    return datetime.fromisoformat(text) if text else None


class Marking:
    """The mark of the state in a folder, as it was found; with `consent` an older state may go on."""

    def __init__(
        self, mark: Path, state: Path, *, consent: Consent | None, now: Callable[[], datetime]
    ) -> None:
        """Read the mark. Raises StateUnusable."""
        self._mark = Mark(mark)
        self._state = state
        self._consent = consent
        self._is_unreadable = False
        self._seen = self._read()
        history = self._seen.history if self._seen else new_history()
        self.counting = Counting(mark=self._mark, history=history, now=now)

    def _read(self) -> Point | None:
        try:
            return self._mark.read()
        except MarkUnreadable:
            self._is_unreadable = True
            return None
        except OSError as error:
            raise StateUnusable(f"the mark {self._mark.path} cannot be read: {error.strerror}") from error

    def refuse_lost(self, *, create: bool) -> None:
        """Refuse a state that is gone, but for its mark, and a new one in its place. Raises StateBehind."""
        setback = None if has_state(self._state) else self._setback(None)
        if setback is not None and not (create and self._is_agreed(setback)):
            raise StateBehind(replace(setback, is_gone=True), consent=self._consent)

    def compare(self, session: Session) -> None:
        """Compare a database with its mark, before anything is done with it. Raises StateBehind, StateUnusable."""
        database: Point | None = _do(session, point_of)
        setback = self._setback(database)
        if setback is not None and not self._is_agreed(setback):
            raise StateBehind(setback, consent=self._consent)
        try:
            if self._seen is None:
                self._mark.make(start_of(self.counting.history, at=self.counting.now()))
            if setback is None and database is not None:
                self._mark.write(database)
        except OSError as error:
            raise StateUnusable(f"the mark {self._mark.path} cannot be written: {error.strerror}") from error
        if setback is not None and self._consent is not None:
            actor, at = self._consent.actor, self.counting.now()
            _do(session, lambda rows: accept_older(rows, setback, actor=actor, at=at))

    def _is_agreed(self, setback: Setback) -> bool:
        """An option that stays in a unit file must not accept the next setback too."""
        return self._consent is not None and self._consent.setback == setback.id

    def _setback(self, database: Point | None) -> Setback | None:
        if self._is_unreadable:
            why = f"{self._mark.path} is no mark of a state, so nothing says whether {self._state} is the newest"
            return Setback(database=database, mark=None, why=why)
        return setback_of(database, self._seen, state=str(self._state), file=str(self._mark.path))


def _do(session: Session, operation: Operation) -> Any:
    (result,) = session.run([operation])
    session.follow()
    if isinstance(result, Returned):
        return result.value
    raise result.error
