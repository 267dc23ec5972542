"""The transactions of the one dispatcher: owning, recovering, and moving lanes on by compare-and-set."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from butterfly_gitops.delivery.act import refuse_rendering
from butterfly_gitops.delivery.claim import Claim, claimed, reusable, why_not
from butterfly_gitops.delivery.order_number import generated, is_same_result, receiver_of
from butterfly_gitops.delivery.settle import CRASHED, Attempted, Settlement, settle, settle_crash
from butterfly_gitops.model.delivery import (
    IN_LANE,
    Attempt,
    Delivery,
    DeliveryId,
    Epoch,
    Lane,
    LaneId,
    Report,
    State,
    Verdict,
)
from butterfly_gitops.store.dispatch import Head, LaneView, OwnerLost, Refusing, Settling, Step, Stepped
from butterfly_gitops.store.lane_rows import end_leaving
from butterfly_gitops.store.people import AuditEntry
from butterfly_gitops.store.rows import Rows

_FILLER_IN_USE = "its OBR-3 is another report's"
_KEPT_FILLER_IN_USE = "the OBR-3 that it has elsewhere is another report's at this EHR"


def own(rows: Rows, *, node: str, boot: str, at: datetime) -> Epoch:
    """See `Store.own`."""
    epoch = Epoch(int(rows.setting("epoch") or "0") + 1)
    rows.put_setting("epoch", str(epoch))
    rows.put_setting("owner", f"{node} {boot} {at.isoformat()}")
    return epoch


def recover(rows: Rows, epoch: Epoch, *, at: datetime) -> int:
    """See `Store.recover`."""
    _check_epoch(rows, epoch)
    return end_attempts(rows, but_of=epoch, at=at)


def end_attempts(rows: Rows, *, but_of: Epoch | None = None, at: datetime) -> int:
    """Make attempts that nobody is at uncertain, and return how many there were."""
    lanes = [lane.id for lane in rows.lanes()]
    recovered = 0
    for delivery in [one for lane in lanes for one in rows.in_lane(lane, (State.SENDING,))]:
        attempt = rows.attempt(delivery.id, delivery.attempts)
        if attempt is not None and attempt.epoch != but_of:
            attempted = _attempted(rows, delivery)
            _write(rows, attempted, settle_crash(attempted, at=at))
            _end_attempt(rows, attempt, CRASHED, b"", at=at)
            recovered += 1
    end_leaving(rows, lanes)
    return recovered


def views(rows: Rows, lanes: Sequence[LaneId], *, look_ahead: int = 1) -> tuple[LaneView, ...]:
    """See `Store.views`."""
    return tuple(_view(rows, lane, rows.heads(lane, look_ahead)) for lane in lanes)


def advance(rows: Rows, steps: Sequence[Step]) -> tuple[Stepped, ...]:
    """See `Store.advance`."""
    return tuple(_advance(rows, step) for step in steps)


def _check_epoch(rows: Rows, epoch: Epoch) -> None:
    if rows.setting("epoch") != str(epoch):
        raise OwnerLost("another dispatcher has taken the lanes over")


def _advance(rows: Rows, step: Step) -> Stepped:
    _check_epoch(rows, step.epoch)
    if step.settling is not None:
        _settle(rows, step.settling, step.epoch, at=step.at)
    if step.refusing is not None:
        _refuse(rows, step.refusing, at=step.at)
    heads = rows.heads(step.lane, step.look_ahead + 1)
    attempt, reason = None, ""
    if step.claiming is not None:
        first = heads[0].id if heads else None
        attempt, reason = _claim(rows, step.claiming, step, head=first)
        if reason == _KEPT_FILLER_IN_USE:
            _set_aside(rows, step.claiming.delivery, at=step.at)
            heads = rows.heads(step.lane, step.look_ahead)
    end_leaving(rows, (step.lane,))
    following = heads if attempt is None else [one for one in heads if one.id != attempt.delivery]
    return Stepped(
        attempt=attempt,
        why_not=reason,
        is_filler_in_use=reason == _FILLER_IN_USE,
        is_set_aside=reason == _KEPT_FILLER_IN_USE,
        view=_view(rows, step.lane, following[: step.look_ahead]),
    )


def _settle(rows: Rows, settling: Settling, epoch: Epoch, *, at: datetime) -> None:
    delivery = rows.delivery(settling.delivery)
    attempt = rows.attempt(settling.delivery, settling.attempt)
    # Settled before, or claimed under an earlier epoch and recovered since: what is stored stands.
    if delivery is None or attempt is None or attempt.ended_at is not None or attempt.epoch != epoch:
        return
    attempted = _attempted(rows, delivery)
    settlement = settle(attempted, settling.verdict, settling.policy, at=at, jitter=settling.jitter)
    _write(rows, attempted, settlement)
    _end_attempt(rows, attempt, settling.verdict, settling.reply, at=at)


def _attempted(rows: Rows, delivery: Delivery) -> Attempted:
    lane = rows.lane(delivery.lane)
    message = rows.message(delivery.id, delivery.message)
    assert message is not None, "an attempt has its message"  # noqa: S101 - stored with it
    fellows = {one.id: one for one in rows.open_of_reports([delivery.report])}
    for other in lane.bad_run:
        row = rows.delivery(other)
        if row is not None:
            fellows[row.id] = row
    fellows.pop(delivery.id, None)
    return Attempted(
        delivery=delivery,
        status=message.status,
        report=rows.report(delivery.report),
        lane=lane,
        fellows=tuple(fellows.values()),
    )


def _write(rows: Rows, attempted: Attempted, settlement: Settlement) -> None:
    if settlement.lane != attempted.lane:
        rows.put(settlement.lane)
    rows.put(*settlement.reports, *settlement.deliveries)


def _end_attempt(rows: Rows, attempt: Attempt, verdict: Verdict, reply: bytes, *, at: datetime) -> None:
    rows.put(replace(attempt, ended_at=at, verdict=verdict, reply=reply))


def _refuse(rows: Rows, refusing: Refusing, *, at: datetime) -> None:
    delivery = rows.delivery(refusing.delivery)
    if delivery is None or delivery.state not in (State.QUEUED, State.UNCERTAIN):
        return
    is_current = rows.lane(delivery.lane).target == refusing.target
    if is_current and rows.report(delivery.report).version == refusing.report_version:
        rows.put(refuse_rendering(delivery, field=refusing.field, why=refusing.why, at=at))


def _claim(rows: Rows, claim: Claim, step: Step, *, head: DeliveryId | None) -> tuple[Attempt | None, str]:
    delivery = rows.delivery(claim.delivery)
    if delivery is None:
        return None, "there is no such delivery"
    report, lane = rows.report(delivery.report), rows.lane(step.lane)
    if reason := why_not(claim, delivery, report, lane, head=head, at=step.at):
        return None, reason
    if reason := _why_not_by(rows, report.filler or claim.message.filler, report, lane):
        return None, reason
    if not _fits(rows, claim, delivery):
        return None, "its stored message was rendered for another target"
    if claim.message.number > delivery.message:
        rows.put(claim.message)
    written = claimed(delivery, report, claim.message, target=claim.target, epoch=step.epoch, at=step.at)
    rows.put(written.delivery, written.attempt)
    if written.report != report:
        rows.put(written.report)
    if claim.is_renumbered:
        rows.put(_renumbered(report, at=step.at))
    return written.attempt, ""


def _fits(rows: Rows, claim: Claim, delivery: Delivery) -> bool:
    """Tell whether the message to send is the one that is stored for the target, or else the next, made for it."""
    target = rows.target(delivery.lane, claim.target)
    known = rows.message(delivery.id, delivery.message) if delivery.message else None
    if reusable(known, target):
        # Bytes and MSH-10 are fixed at the first attempt, whatever the claimer rendered meanwhile.
        return claim.message == known
    return claim.message.number == delivery.message + 1 and reusable(claim.message, target)


def _view(rows: Rows, lane: LaneId, heads: Sequence[Delivery]) -> LaneView:
    return LaneView(lane=rows.lane(lane), heads=tuple(_head(rows, one) for one in heads))


def _why_not_by(rows: Rows, filler: str, report: Report, lane: Lane) -> str:
    """Return why a report cannot go by this OBR-3 to the EHR of a lane, which keeps another one by it; or nothing."""
    others = [one for one in rows.reports_with_filler(filler) if not is_same_result(one, report)]
    if not others:
        return ""
    if report.filler is None:
        is_in_use = any(_is_same_ehr(rows, lane, rows.lane(one.lane)) for one in others)
        return _FILLER_IN_USE if is_in_use else ""
    return _KEPT_FILLER_IN_USE if _is_new_beside(rows, report, others, lane) else ""


def _is_new_beside(rows: Rows, report: Report, others: Sequence[Report], lane: Lane) -> bool:
    """Tell whether the lane was given another receiver, which has none of this report, and has one of the others.

    Reports of one endpoint that share a number are from before this was looked at, and keep it.
    """
    now = receiver_of(rows.target(lane.id, lane.target))

    def was_sent(one: Report) -> bool:
        return any(receiver_of(target) == now for target in rows.targets_of_report(one.id))

    def is_elsewhere(one: Report) -> bool:
        own = rows.lane(one.lane)
        return (own.site, own.endpoint) != (lane.site, lane.endpoint)

    return not was_sent(report) and any(is_elsewhere(one) and was_sent(one) for one in others)


def _set_aside(rows: Rows, number: DeliveryId, *, at: datetime) -> None:
    delivery = rows.delivery(number)
    if delivery is not None:
        why = "is that of another report at this EHR, and this one has it for life"
        rows.put(refuse_rendering(delivery, field="OBR-3", why=why, at=at))


def _is_same_ehr(rows: Rows, lane: Lane, other: Lane) -> bool:
    """Tell whether what the other lane has sent is kept by whom this one sends to.

    An endpoint that was removed and is back has a new lane, and so has one that two sites call by two names.
    """
    if (lane.site, lane.endpoint) == (other.site, other.endpoint):
        return True
    now = receiver_of(rows.target(lane.id, lane.target))
    return any(receiver_of(one) == now for one in rows.targets_of(other.id))


def _renumbered(report: Report, *, at: datetime) -> AuditEntry:
    return AuditEntry(
        at=at,
        actor="dispatcher",
        action="OBR-3 generated",
        subject=f"report {report.id}",
        reason="the EHR keeps another report by the study's own order number",
    )


def _spare(rows: Rows, report: Report) -> str:
    if report.filler is not None:
        return ""
    alike = [one for one in rows.reports_of_study(report.study) if is_same_result(one, report)]
    return generated(rows.setting("order_number_key"), alike)


def _head(rows: Rows, delivery: Delivery) -> Head:
    assert delivery.state in IN_LANE, "heads are in their lane"  # noqa: S101 - promised by Rows.heads
    report = rows.report(delivery.report)
    return Head(
        delivery=delivery,
        report=report,
        spare=_spare(rows, report),
        body=rows.event_body(delivery.body),
        message=rows.message(delivery.id, delivery.message) if delivery.message else None,
    )
