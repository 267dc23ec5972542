"""Rows of the model as tuples of what SQLite keeps, and back; the order is that of `sql/statements.sql`.

Written out column by column, for this runs for every row of every message.
"""

import json
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from butterfly_gitops.delivery.patient import identifier_keys, is_same_patient
from butterfly_gitops.model.delivery import (
    Attempt,
    Cause,
    Content,
    Decision,
    Delivery,
    DeliveryId,
    EventNumber,
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
from butterfly_gitops.model.study import PatientIdentifier
from butterfly_gitops.store.interface import AuditEntry, Condition, Generation, Hold
from butterfly_gitops.store.rows import Done, EventRow

# One value per column; SQLite says what each is, `STRICT` that it stays so.
Row = tuple[Any, ...]

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
_CONTENTS = {one.value: one for one in Content}
_CAUSES = {one.value: one for one in Cause}
_STATUSES = {one.value: one for one in ResultStatus}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# An attempt's or a message's number within its delivery has these bits of the key.
_NUMBER_BITS = 20


def micros(at: datetime) -> int:
    """Return an instant as microseconds since 1970 in UTC."""
    return (at - _EPOCH) // _MICROSECOND


def instant(at: int) -> datetime:
    """Return the instant of so many microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=at)


def _maybe_micros(at: datetime | None) -> int | None:
    return None if at is None else (at - _EPOCH) // _MICROSECOND


def _maybe_instant(at: int | None) -> datetime | None:
    return None if at is None else _EPOCH + timedelta(microseconds=at)


@lru_cache(maxsize=1000)
def json_set(values: frozenset[str]) -> str:
    """Return a set as a sorted JSON array; a patient's is written with each row of a report, and kept for that."""
    return json.dumps(sorted(values))


def numbered_key(delivery: DeliveryId, number: int) -> int:
    """Return the key of a delivery's attempt or message; keys of one delivery follow one another."""
    return delivery << _NUMBER_BITS | number


def key_range(delivery: DeliveryId) -> tuple[int, int]:
    """Return the first and last key that a delivery's attempts or messages can have."""
    return delivery << _NUMBER_BITS, ((delivery + 1) << _NUMBER_BITS) - 1


def _split_key(key: int) -> tuple[DeliveryId, int]:
    return DeliveryId(key >> _NUMBER_BITS), key & ((1 << _NUMBER_BITS) - 1)


def event_values(row: EventRow) -> Row:
    """Return an event's columns."""
    return (
        row.number,
        row.event_id,
        row.digest,
        row.kind,
        micros(row.occurred_at),
        micros(row.received_at),
        row.applies,
        row.site,
        row.archive,
        row.study,
        row.revision,
        row.accession,
        json_set(row.patient),
    )


def event_of(row: Row) -> EventRow:
    """Return the event of its columns."""
    return EventRow(
        number=row[0],
        event_id=row[1],
        digest=row[2],
        kind=row[3],
        occurred_at=instant(row[4]),
        received_at=instant(row[5]),
        applies=row[6],
        site=row[7],
        archive=row[8],
        study=row[9],
        revision=row[10],
        accession=row[11],
        patient=frozenset(json.loads(row[12])),
    )


def decision_values(event: EventNumber, decision: Decision, delivery: DeliveryId | None) -> Row:
    """Return a decision's columns, its event last."""
    return decision.rule, decision.lane, decision.verdict, decision.delivers, delivery, event


def decision_of(row: Row) -> tuple[Decision, DeliveryId | None]:
    """Return the decision of its columns, and its delivery."""
    return Decision(rule=row[0], lane=row[1], verdict=row[2], delivers=bool(row[3])), row[4]


def report_values(report: Report) -> Row:
    """Return a report's columns."""
    return (
        report.id,
        report.lane,
        report.study,
        json_set(report.patient),
        report.newest.revision,
        micros(report.newest.occurred_at),
        report.acknowledged,
        report.acknowledged_revision,
        report.maybe_received,
        report.maybe_final,
        report.maybe_event,
        report.filler,
        report.last_status_time,
        report.printed_revision,
        report.version,
    )


def report_of(row: Row) -> Report:
    """Return the report of its columns."""
    return Report(
        id=row[0],
        lane=row[1],
        study=row[2],
        patient=frozenset(json.loads(row[3])),
        newest=Rank(revision=row[4], occurred_at=instant(row[5])),
        acknowledged=None if row[6] is None else _STATUSES[row[6]],
        acknowledged_revision=row[7],
        maybe_received=bool(row[8]),
        maybe_final=bool(row[9]),
        maybe_event=row[10],
        filler=row[11],
        last_status_time=row[12],
        printed_revision=row[13],
        version=row[14],
    )


def is_of_another(row: Row) -> bool:
    """Tell whether a report and the newest finalized of its study are of two patients."""
    known, arriving = frozenset(json.loads(row[4])), frozenset(json.loads(row[5]))
    # Accepted is accepted: what this version would refuse names its patient all the same.
    merged_from = [PatientIdentifier.model_construct(**one) for one in json.loads(row[6] or "[]")]
    return not is_same_patient(known, arriving, identifier_keys(merged_from))


def delivery_values(delivery: Delivery) -> Row:
    """Return a delivery's columns."""
    return (
        delivery.id,
        delivery.lane,
        delivery.event,
        delivery.body,
        delivery.report,
        delivery.content,
        delivery.cause,
        delivery.rank.revision,
        micros(delivery.rank.occurred_at),
        micros(delivery.accepted_at),
        CODES[delivery.state],
        None if delivery.then is None else CODES[delivery.then],
        delivery.then_reason,
        delivery.reason,
        delivery.by_policy,
        None,  # A column that nothing reads: a lane has a due time, and no delivery.
        delivery.attempts,
        delivery.refusals,
        delivery.silences,
        delivery.maybe_received,
        delivery.message,
        delivery.control_id,
        delivery.target,
        _maybe_micros(delivery.settled_at),
    )


def delivery_of(row: Row) -> Delivery:
    """Return the delivery of its columns."""
    return Delivery(
        id=row[0],
        lane=row[1],
        event=row[2],
        body=row[3],
        report=row[4],
        content=_CONTENTS[row[5]],
        cause=_CAUSES[row[6]],
        rank=Rank(revision=row[7], occurred_at=instant(row[8])),
        accepted_at=instant(row[9]),
        state=STATES[row[10]],
        then=None if row[11] is None else STATES[row[11]],
        then_reason=row[12],
        reason=row[13],
        by_policy=bool(row[14]),
        attempts=row[16],
        refusals=row[17],
        silences=row[18],
        maybe_received=bool(row[19]),
        message=row[20],
        control_id=row[21],
        target=row[22],
        settled_at=_maybe_instant(row[23]),
    )


def attempt_values(attempt: Attempt) -> Row:
    """Return an attempt's columns."""
    verdict = attempt.verdict
    return (
        numbered_key(attempt.delivery, attempt.number),
        attempt.epoch,
        attempt.target,
        attempt.message,
        attempt.control_id,
        micros(attempt.started_at),
        _maybe_micros(attempt.ended_at),
        verdict.outcome if verdict else None,
        verdict.code if verdict else "",
        verdict.detail if verdict else "",
        attempt.reply,
    )


def attempt_of(row: Row) -> Attempt:
    """Return the attempt of its columns."""
    delivery, number = _split_key(row[0])
    return Attempt(
        delivery=delivery,
        number=number,
        epoch=row[1],
        target=row[2],
        message=row[3],
        control_id=row[4],
        started_at=instant(row[5]),
        ended_at=_maybe_instant(row[6]),
        verdict=None if row[7] is None else Verdict(outcome=Outcome(row[7]), code=row[8], detail=row[9]),
        reply=row[10],
    )


def message_values(message: StoredMessage) -> Row:
    """Return a message's columns."""
    return (
        numbered_key(message.delivery, message.number),
        message.target,
        message.text,
        message.control_id,
        message.status,
        message.filler,
        message.status_time,
        message.data,
    )


def message_of(row: Row) -> StoredMessage:
    """Return the message of its columns."""
    delivery, number = _split_key(row[0])
    return StoredMessage(
        delivery=delivery,
        number=number,
        target=row[1],
        text=row[2],
        control_id=row[3],
        status=_STATUSES[row[4]],
        filler=row[5],
        status_time=row[6],
        data=row[7],
    )


def lane_values(lane: Lane) -> Row:
    """Return a lane's columns."""
    return (
        lane.id,
        lane.site,
        lane.endpoint,
        lane.incarnation,
        lane.target,
        lane.on_retarget,
        _maybe_micros(lane.due_at),
        lane.failures,
        json.dumps(lane.bad_run),
        lane.stopped,
        lane.paused,
        lane.ended,
        *_pause_values(lane.pause),
        lane.leaving,
        lane.settings,
    )


def _pause_values(pause: Pause | None) -> Row:
    if pause is None:
        return None, "", None, None
    return pause.by, pause.reason, micros(pause.since), _maybe_micros(pause.until)


def lane_of(row: Row) -> Lane:
    """Return the lane of its columns."""
    return Lane(
        id=row[0],
        site=row[1],
        endpoint=row[2],
        incarnation=row[3],
        target=row[4],
        on_retarget=row[5],
        due_at=_maybe_instant(row[6]),
        failures=row[7],
        bad_run=() if row[8] == "[]" else tuple(json.loads(row[8])),
        stopped=row[9],
        paused=bool(row[10]),
        ended=bool(row[11]),
        pause=None if row[12] is None else _pause_of(row),
        leaving=row[16],
        settings=row[17],
    )


def _pause_of(row: Row) -> Pause:
    return Pause(by=row[12], reason=row[13], since=instant(row[14]), until=_maybe_instant(row[15]))


def hold_values(hold: Hold) -> Row:
    """Return a hold's columns."""
    return (
        hold.id,
        hold.site,
        hold.what,
        json_set(hold.changes),
        micros(hold.since),
        hold.approved,
        json_set(hold.endpoints),
    )


def hold_of(row: Row) -> Hold:
    """Return the hold of its columns."""
    return Hold(
        id=row[0],
        site=row[1],
        what=row[2],
        changes=frozenset(json.loads(row[3])),
        since=instant(row[4]),
        approved=row[5],
        endpoints=frozenset(json.loads(row[6])),
    )


def target_of(row: Row) -> Target:
    """Return the target of its columns."""
    return Target(lane=row[0], number=row[1], wire=row[2], text=row[3])


def rule_values(rule: Rule) -> Row:
    """Return a rule's columns."""
    return (
        rule.id,
        rule.site,
        rule.archive,
        rule.endpoint,
        rule.lane,
        micros(rule.start),
        _maybe_micros(rule.until),
        rule.started_by,
        rule.ended_by,
        _maybe_micros(rule.start_was),
    )


def rule_of(row: Row) -> Rule:
    """Return the rule of its columns."""
    return Rule(
        id=row[0],
        site=row[1],
        archive=row[2],
        endpoint=row[3],
        lane=row[4],
        start=instant(row[5]),
        until=_maybe_instant(row[6]),
        started_by=row[7],
        ended_by=row[8],
        start_was=_maybe_instant(row[9]),
    )


def generation_values(generation: Generation) -> Row:
    """Return a generation's columns, without its content."""
    at = micros(generation.applied_at)
    return generation.site, generation.number, generation.digest, generation.commit, generation.actor, at


def generation_of(row: Row) -> Generation:
    """Return the generation of its columns."""
    return Generation(
        site=row[0], number=row[1], digest=row[2], commit=row[3], actor=row[4], applied_at=instant(row[5])
    )


def condition_values(condition: Condition) -> Row:
    """Return a condition's columns."""
    since = micros(condition.since)
    return condition.site, condition.endpoint, condition.kind, condition.reason, condition.message, since


def condition_of(row: Row) -> Condition:
    """Return the condition of its columns."""
    return Condition(
        site=row[0], endpoint=row[1], kind=row[2], reason=row[3], message=row[4], since=instant(row[5])
    )


def done_of(row: Row) -> Done:
    """Return the done of its columns."""
    return Done(key=row[0], fingerprint=row[1], delivery=row[2])


def audit_of(row: Row) -> AuditEntry:
    """Return the audit entry of its columns."""
    return AuditEntry(at=instant(row[0]), actor=row[1], action=row[2], subject=row[3], reason=row[4])
