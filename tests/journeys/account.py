"""What a state file says, read without the product's own code: rows as plain values that a checker can compare."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import apsw

STATES = ("queued", "sending", "uncertain", "set_aside", "delivered", "superseded", "cancelled")
_NUMBER_BITS = 20
_NUMBER = (1 << _NUMBER_BITS) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One accepted event; times are microseconds, `applies` counts the applications that it was routed after."""

    number: int
    event_id: str
    kind: str
    occurred_at: int
    applies: int
    archive: str
    study: str
    revision: int
    patients: frozenset[str]

    @property
    def rank(self):
        return self.revision, self.occurred_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One forwarding rule, and the applications that started and ended it."""

    id: int
    archive: str
    lane: int
    start: int
    until: int | None
    started_by: int
    ended_by: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What one rule made of one event."""

    event: int
    rule: int
    verdict: str
    delivers: bool
    delivery: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message for one lane, and where it stands; `body` is the event whose content it shows."""

    id: int
    lane: int
    event: int
    body: int
    report: int
    content: str
    cause: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try of a delivery, under a target, with a render."""

    delivery: int
    number: int
    target: int
    message: int
    control_id: str
    started_at: int
    outcome: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One render of a delivery; `text` says what its bytes depend on."""

    delivery: int
    number: int
    text: str
    control_id: str
    status: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One target of a lane: the port that it leads to, and what its bytes depend on."""

    port: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What a person did."""

    at: int
    action: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """All that the state says."""

    events: Mapping[int, Event]
    rules: Mapping[int, Rule]
    decisions: tuple[Decision, ...]
    deliveries: Mapping[int, Delivery]
    attempts: tuple[Attempt, ...]
    messages: tuple[Message, ...] = field(repr=False)
    targets: Mapping[tuple[int, int], Target]
    deeds: tuple[Deed, ...]


def read_account(database):
    """Read a state that nobody holds."""
    connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return _account(lambda statement: connection.execute(statement).fetchall())
    finally:
        connection.close()


def _account(ask):
    events = ask(
        "SELECT number, event_id, kind, occurred_at, applies, site || '/' || archive, study, revision, body FROM event"
    )
    rules = ask("SELECT id, site || '/' || archive, lane, start, until, started_by, ended_by FROM rule")
    decisions = ask("SELECT event, rule, verdict, delivers, delivery FROM decision ORDER BY event, rule")
    deliveries = ask(
        "SELECT id, lane, event, body, report, content, cause, state, reason FROM delivery ORDER BY id"
    )
    attempts = ask(
        "SELECT key, target, message, control_id, started_at, outcome FROM attempt ORDER BY started_at, key"
    )
    messages = ask("SELECT key, text, control_id, status, data FROM message ORDER BY key")
    targets = ask("SELECT lane, number, wire, text FROM target")
    deeds = ask("SELECT at, action, subject FROM audit ORDER BY id")
    return Account(
        events={row[0]: _event(row) for row in events},
        rules={row[0]: _rule(row) for row in rules},
        decisions=tuple(_decision(row) for row in decisions),
        deliveries={row[0]: _delivery(row) for row in deliveries},
        attempts=tuple(_attempt(row) for row in attempts),
        messages=tuple(_message(row) for row in messages),
        targets={
            (lane, number): Target(port=json.loads(wire)["port"], text=text)
            for lane, number, wire, text in targets
        },
        deeds=tuple(Deed(at=at, action=action, subject=subject) for at, action, subject in deeds),
    )


def _event(row):
    number, event_id, kind, occurred_at, applies, archive, study, revision, body = row
    return Event(
        number=number,
        event_id=event_id,
        kind=kind,
        occurred_at=occurred_at,
        applies=applies,
        archive=archive,
        study=study,
        revision=revision,
        patients=frozenset(one["id"] for one in json.loads(body)["patient"]["identifiers"]),
    )


def _rule(row):
    id_, archive, lane, start, until, started_by, ended_by = row
    return Rule(
        id=id_,
        archive=archive,
        lane=lane,
        start=start,
        until=until,
        started_by=started_by,
        ended_by=ended_by,
    )


def _decision(row):
    event, rule, verdict, delivers, delivery = row
    return Decision(event=event, rule=rule, verdict=verdict, delivers=bool(delivers), delivery=delivery)


def _delivery(row):
    id_, lane, event, body, report, content, cause, state, reason = row
    return Delivery(
        id=id_,
        lane=lane,
        event=event,
        body=body,
        report=report,
        content=content,
        cause=cause,
        state=STATES[state],
        reason=reason,
    )


def _attempt(row):
    key, target, message, control_id, started_at, outcome = row
    return Attempt(
        delivery=key >> _NUMBER_BITS,
        number=key & _NUMBER,
        target=target,
        message=message,
        control_id=control_id,
        started_at=started_at,
        outcome=outcome,
    )


def _message(row):
    key, text, control_id, status, data = row
    return Message(
        delivery=key >> _NUMBER_BITS,
        number=key & _NUMBER,
        text=text,
        control_id=control_id,
        status=status,
        data=data,
    )
