"""The claim of a delivery for sending: refused, or the rows that it writes, inside one transaction."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from butterfly_gitops.delivery.draft import revised
from butterfly_gitops.delivery.pausing import is_paused
from butterfly_gitops.delivery.states import Event, move
from butterfly_gitops.model.delivery import (
    Attempt,
    Content,
    Delivery,
    DeliveryId,
    Epoch,
    Lane,
    Report,
    ReportId,
    State,
    StoredMessage,
    Target,
    TargetNumber,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """The rows to write; they are durable before the first byte may leave."""

    delivery: Delivery
    report: Report
    attempt: Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A wish to send the head of a lane, with what the claimer believed when it rendered.

    `message` is the delivery's stored one, or a new one with the next number. `is_renumbered` says that its OBR-3 was
    generated since the study's own order number is another report's. `longest_wait` is the longest that a back-off may
    take: a due time beyond it is a stepped clock's.
    """

    delivery: DeliveryId
    report: ReportId
    report_version: int
    target: TargetNumber
    longest_wait: timedelta
    message: StoredMessage = field(repr=False)
    is_renumbered: bool = False


def is_due(lane: Lane, *, longest_wait: timedelta, at: datetime) -> bool:
    """Tell whether the lane's wait is over; one that exceeds the longest is a stepped clock's, and over too."""
    return lane.due_at is None or not at < lane.due_at <= at + longest_wait


def why_not(
    claim: Claim, delivery: Delivery, report: Report, lane: Lane, *, head: DeliveryId | None, at: datetime
) -> str:
    """Return why the claim is refused, or an empty string; `head` is the first of the lane that is not set aside."""
    reasons = (
        (delivery.state not in (State.QUEUED, State.UNCERTAIN), f"it is {delivery.state.replace('_', ' ')}"),
        (head != delivery.id, "it is not the head of its lane"),
        (lane.ended, "its lane has ended"),
        (lane.leaving == "set_aside", "its endpoint was removed"),
        (is_paused(lane, at), "its lane is paused"),
        (bool(lane.stopped), "its lane is stopped"),
        (not is_due(lane, longest_wait=claim.longest_wait, at=at), "its lane backs off"),
        (claim.target != lane.target, "the target has changed"),
        (claim.report_version != report.version, "its report has changed"),
        (
            delivery.content is Content.PRELIMINARY and report.maybe_final,
            "a final of its report may have been received",
        ),
    )
    return next((reason for is_so, reason in reasons if is_so), "")


def reusable(message: StoredMessage | None, target: Target) -> bool:
    """Tell whether a stored message goes out again as it is: same text, even if its address or Link has moved."""
    return message is not None and message.text == target.text


def claimed(
    delivery: Delivery,
    report: Report,
    message: StoredMessage,
    *,
    target: TargetNumber,
    epoch: Epoch,
    at: datetime,
) -> Claimed:
    """Return the rows of a claim that `why_not` has nothing against."""
    sending = move(
        delivery,
        Event.CLAIMED,
        State.SENDING,
        at=at,
        attempts=delivery.attempts + 1,
        message=message.number,
        control_id=message.control_id,
        target=target,
    )
    attempt = Attempt(
        delivery=delivery.id,
        number=sending.attempts,
        epoch=epoch,
        target=target,
        message=message.number,
        control_id=message.control_id,
        started_at=at,
    )
    return Claimed(delivery=sending, report=_printed(report, delivery, message), attempt=attempt)


def _printed(report: Report, delivery: Delivery, message: StoredMessage) -> Report:
    """Remember OBR-3 for life, and OBR-22 as last printed, so that the next one is strictly later."""
    is_result = delivery.content is not Content.WITHDRAWAL
    is_new = message.number > delivery.message
    return revised(
        report,
        newest=max(report.newest, delivery.rank) if is_result else report.newest,
        filler=report.filler or message.filler,
        last_status_time=message.status_time if is_new else report.last_status_time,
        # Only a final is sent again by hand; OBR-22 of a preliminary or a withdrawal is not its time.
        printed_revision=delivery.rank.revision if delivery.content is Content.FINAL else None,
    )
