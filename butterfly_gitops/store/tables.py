"""The tables as SQLite keeps them: which columns hold a row of the model and how, and the statements by name.

A column is named after its field, in the order of the fields; here stands only what is stored otherwise.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Any, Generic, TypeVar

from butterfly_gitops.model.delivery import (
    Attempt,
    Cause,
    Content,
    Decision,
    Delivery,
    DeliveryId,
    Lane,
    Outcome,
    Pause,
    Rank,
    Report,
    ResultStatus,
    Rule,
    State,
    StoredMessage,
    Target,
    Verdict,
)
from butterfly_gitops.store.interface import Condition, Generation, Hold
from butterfly_gitops.store.people import AuditEntry
from butterfly_gitops.store.rows import DoneAction, EventRow

# One value per column; SQLite says what each is, `STRICT` that it stays so.
Row = tuple[Any, ...]
T = TypeVar("T")

# Open states first: the indexes and triggers of the schema compare with 3 and 4.
STATES: tuple[State, ...] = (
    State.QUEUED,
    State.SENDING,
    State.UNCERTAIN,
    State.SET_ASIDE,
    State.DELIVERED,
    State.SUPERSEDED,
    State.CANCELLED,
)
CODES = {state: code for code, state in enumerate(STATES)}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# The number of an attempt or a message within its delivery has these bits of their key.
_NUMBER_BITS = 20


def micros(at: datetime) -> int:
    """Return an instant as microseconds since 1970 in UTC."""
    return (at - _EPOCH) // _MICROSECOND


def instant(at: int) -> datetime:
    """Return the instant of so many microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=at)


@lru_cache(maxsize=1000)
def json_set(values: frozenset[str]) -> str:
    """Return a set as a sorted JSON array; a patient's is written with each row of a report, and kept for that."""
    return json.dumps(sorted(values))


def numbered_key(delivery: DeliveryId, number: int) -> int:
    """Return the key of a delivery's attempt or message; keys of one delivery follow one another."""
    return delivery << _NUMBER_BITS | number


def key_range(delivery: DeliveryId) -> tuple[int, int]:
    """Return the first and last key that a delivery's attempts or messages can have."""
    return numbered_key(delivery, 0), numbered_key(DeliveryId(delivery + 1), 0) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The form of a field that is not stored as it is in a column of its name.

    `write` makes the column's value of it, or a value for each of several `columns`; `read` takes as many.
    """

    columns: tuple[str, ...] = ()
    write: Callable[[Any], Any] | None = None
    read: Callable[..., Any] | None = None


def _maybe(write: Callable[[Any], Any], read: Callable[[Any], Any], *columns: str) -> Stored:
    return Stored(
        columns=columns,
        write=lambda value: None if value is None else write(value),
        read=lambda value: None if value is None else read(value),
    )


def _rank(*columns: str) -> Stored:
    return Stored(
        columns=columns,
        write=lambda rank: (rank.revision, micros(rank.occurred_at)),
        read=lambda revision, at: Rank(revision=revision, occurred_at=instant(at)),
    )


def _verdict_of(outcome: str | None, code: str, detail: str) -> Verdict | None:
    return None if outcome is None else Verdict(outcome=Outcome(outcome), code=code, detail=detail)


def _pause_values(pause: Pause | None) -> Row:
    if pause is None:
        return None, "", None, None
    return pause.by, pause.reason, micros(pause.since), None if pause.until is None else micros(pause.until)


def _pause_of(by: str | None, reason: str, since: int, until: int | None) -> Pause | None:
    if by is None:
        return None
    return Pause(by=by, reason=reason, since=instant(since), until=None if until is None else instant(until))


_AT = Stored(write=micros, read=instant)
_MAYBE_AT = _maybe(micros, instant)
_FLAG = Stored(read=bool)
_SET = Stored(write=json_set, read=lambda text: frozenset(json.loads(text)))
_VERDICT = Stored(
    columns=("outcome", "code", "detail"),
    write=lambda verdict: (verdict.outcome, verdict.code, verdict.detail) if verdict else (None, "", ""),
    read=_verdict_of,
)
_PAUSE = Stored(
    columns=("pause_by", "pause_reason", "pause_since", "pause_until"), write=_pause_values, read=_pause_of
)


class Table(Generic[T]):
    """The rows of one class. `numbered` ones have one key of their first two fields: delivery and number.

    `identity` names the columns that stay as they were added, `apart` those that a statement of their own changes, and
    `behind` those that are no field. `values` are a row's columns, and `read` makes the row of them, whatever stands
    behind.
    """

    def __init__(
        self,
        name: str,
        kind: Callable[..., T],
        stored: Mapping[str, Stored],
        *,
        numbered: bool = False,
        identity: Collection[str] = (),
        apart: Collection[str] = (),
        behind: Collection[str] = (),
    ) -> None:
        self.name = name
        names = [one.name for one in fields(kind)]  # type: ignore[arg-type]  # a dataclass
        every = {one: stored.get(one, Stored()) for one in names[2 * numbered :]}
        columns = ["key"] * numbered
        columns += [column for one, how in every.items() for column in how.columns or (one,)]
        self.columns = ", ".join(columns)
        places = {column: f"?{at}" for at, column in enumerate([*columns, *behind], start=1)}
        changed = {one: f"excluded.{one}" for one in columns if one not in (*identity, *apart)}
        self.insert = f"INSERT INTO {name} ({', '.join(places)}) VALUES ({', '.join(places.values())})"  # noqa: S608
        self.upsert = f"{self.insert} ON CONFLICT DO UPDATE SET {_equal(changed, changed)}"
        self.update = f"UPDATE {name} SET {_equal(changed, places)} WHERE {_equal(identity, places, ' AND ')}"  # noqa: S608
        self.values: Callable[[T], Row]
        self.read: Callable[[Row], T]
        self.values, self.read = _compiled(kind, every, numbered=numbered)


def _equal(columns: Iterable[str], to: Mapping[str, str], between: str = ", ") -> str:
    return between.join(f"{one} = {to[one]}" for one in columns)


def _compiled(kind: Callable[..., T], every: Mapping[str, Stored], *, numbered: bool) -> tuple[Any, Any]:
    """Write both ways out column by column, as dataclasses do: they run for every row of every message."""
    known: dict[str, Any] = {"kind": kind, "numbered_key": numbered_key}
    values = ["numbered_key(row.delivery, row.number)"] * numbered
    arguments = [f"delivery=row[0] >> {_NUMBER_BITS}, number=row[0] & {2**_NUMBER_BITS - 1}"] * numbered
    at = len(values)
    for name, how in every.items():
        known |= {f"write_{name}": how.write, f"read_{name}": how.read}
        width = len(how.columns) or 1
        value = f"write_{name}(row.{name})" if how.write else f"row.{name}"
        values.append(f"*{value}" if width > 1 else value)
        columns = ", ".join(f"row[{place}]" for place in range(at, at + width))
        arguments.append(f"{name}=read_{name}({columns})" if how.read else f"{name}={columns}")
        at += width
    write, read = f"lambda row: ({', '.join(values)},)", f"lambda row: kind({', '.join(arguments)})"
    return eval(write, known), eval(read, known)  # noqa: S307 - of the names of our own fields


EVENTS = Table("event", EventRow, {"occurred_at": _AT, "received_at": _AT, "patient": _SET}, behind=("body",))
DECISIONS = Table(
    "decision", Decision, {"delivers": _FLAG, "leaves_gap": _FLAG}, behind=("event", "delivery")
)
REPORTS = Table(
    "report",
    Report,
    {
        "patient": _SET,
        "newest": _rank("newest_revision", "newest_occurred_at"),
        "acknowledged": _maybe(str, ResultStatus),
        "maybe_received": _FLAG,
        "maybe_final": _FLAG,
    },
    identity=("id", "lane", "study"),
    # The index over it is touched once in a report's life.
    apart=("filler",),
)
DELIVERIES = Table(
    "delivery",
    Delivery,
    {
        "content": Stored(read=Content),
        "cause": Stored(read=Cause),
        "rank": _rank("revision", "occurred_at"),
        "accepted_at": _AT,
        "state": Stored(write=CODES.__getitem__, read=STATES.__getitem__),
        "then": _maybe(CODES.__getitem__, STATES.__getitem__, "then_state"),
        "by_policy": _FLAG,
        "maybe_received": _FLAG,
        "settled_at": _MAYBE_AT,
    },
    identity=("id", "lane", "event", "content", "cause", "revision", "occurred_at", "accepted_at"),
)
ATTEMPTS = Table(
    "attempt",
    Attempt,
    {"started_at": _AT, "ended_at": _MAYBE_AT, "verdict": _VERDICT},
    numbered=True,
    identity=("key",),
)
MESSAGES = Table("message", StoredMessage, {"status": Stored(read=ResultStatus)}, numbered=True)
LANES = Table(
    "lane",
    Lane,
    {
        "due_at": _MAYBE_AT,
        "bad_run": Stored(write=json.dumps, read=lambda text: tuple(json.loads(text))),
        "paused": _FLAG,
        "ended": _FLAG,
        "pause": _PAUSE,
    },
    identity=("id",),
)
TARGETS = Table("target", Target, {})
RULES = Table("rule", Rule, {"start": _AT, "until": _MAYBE_AT, "start_was": _MAYBE_AT}, identity=("id",))
GENERATIONS = Table(
    "generation",
    Generation,
    {"commit": Stored(columns=("commit_id",)), "applied_at": _AT},
    behind=("content",),
)
CONDITIONS = Table("condition", Condition, {"since": _AT})
HOLDS = Table("hold", Hold, {"changes": _SET, "endpoints": _SET, "since": _AT}, identity=("id",))
DONE = Table("done", DoneAction, {})
AUDIT = Table("audit", AuditEntry, {"at": _AT})
TABLES: tuple[Table[Any], ...] = (
    EVENTS, DECISIONS, REPORTS, DELIVERIES, ATTEMPTS, MESSAGES, LANES, TARGETS, RULES, GENERATIONS, CONDITIONS, HOLDS,
    DONE, AUDIT,
)  # fmt: skip

_HEAD = re.compile(r"^-- (name|part): (\w+)\n", re.MULTILINE)


def _read() -> tuple[Mapping[str, str], Mapping[str, str]]:
    text = files("butterfly_gitops.store").joinpath("sql/statements.sql").read_text("utf-8")
    for table in TABLES:
        text = text.replace(f"{{{table.name}}}", table.columns)
    _, *pieces = _HEAD.split(text)
    found: dict[str, dict[str, str]] = {"name": {}, "part": {}}
    for kind, name, body in zip(pieces[0::3], pieces[1::3], pieces[2::3], strict=True):
        found[kind][name] = body.strip()
    return found["name"], found["part"]


STATEMENTS, _PARTS = _read()


@lru_cache
def with_many(name: str, count: int) -> str:
    """Return a statement that takes `count` values where it says `{many}`."""
    return STATEMENTS[name].replace("{many}", ", ".join("?" * count))


@lru_cache
def find_among(candidates: str) -> str:
    """Return `find` over the candidates that a part names."""
    return STATEMENTS["find"].replace("{candidates}", _PARTS[candidates])
