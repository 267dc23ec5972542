"""A state that was put back in time: how it is told from the newest, and the transaction that accepts it all the same."""

from dataclasses import dataclass, replace
from datetime import datetime

from butterfly_gitops.delivery.setback import set_aside_open
from butterfly_gitops.model.delivery import LaneId
from butterfly_gitops.model.error import GitopsError
from butterfly_gitops.model.printable import short_digest
from butterfly_gitops.store.advancing import end_attempts
from butterfly_gitops.store.ending import OPEN, end_leaving
from butterfly_gitops.store.interface import AuditEntry
from butterfly_gitops.store.mark import Point, put_point, start_of
from butterfly_gitops.store.rows import Rows

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
    """Who goes on with an older state; `setback` is the id of the only one that it holds for."""

    setback: str
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """Who goes on with an older state, and when; `history` names what is counted from here on."""

    actor: str
    history: str
    at: datetime


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


def accept_older(rows: Rows, setback: Setback, acceptance: Acceptance) -> None:
    """Go on with an older state: every open result waits for a person, and so does what the missing part may have held.

    The count goes on above both, as another history: what is missing, should it be found, is no longer this state.
    """
    end_attempts(rows, at=acceptance.at)
    for lane in rows.lanes():
        _set_aside(rows, lane.id, at=acceptance.at)
    end_leaving(rows, [lane.id for lane in rows.lanes()])
    ended = setback.mark.at if setback.mark is not None else acceptance.at
    rows.put_setting(_DOUBTFUL, max(ended, doubtful_until(rows) or ended).isoformat())
    _go_on(rows, setback, acceptance)
    rows.add_audit(
        AuditEntry(
            at=acceptance.at,
            actor=acceptance.actor,
            action="accept older",
            subject="state",
            reason=setback.why,
        )
    )


def _set_aside(rows: Rows, lane: LaneId, *, at: datetime) -> None:
    deliveries = rows.in_lane(lane, OPEN)
    reports = {one.report for one in deliveries}
    draft = set_aside_open([rows.report(one) for one in reports], deliveries, at=at)
    for report in draft.changed_reports():
        rows.put_report(report)
    for delivery in draft.changed_deliveries():
        rows.put_delivery(delivery)


def _go_on(rows: Rows, setback: Setback, acceptance: Acceptance) -> None:
    points = [one for one in (setback.database, setback.mark) if one is not None]
    start = start_of(acceptance.history, at=acceptance.at)
    newest = max(points, key=lambda one: one.commit, default=start)
    put_point(rows, replace(newest, history=acceptance.history))


def doubtful_until(rows: Rows) -> datetime | None:
    """Return when what an older state misses ended; None where none was accepted."""
    text = rows.setting(_DOUBTFUL)
    return datetime.fromisoformat(text) if text else None
