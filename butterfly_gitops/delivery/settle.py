"""The consequences of one attempt's verdict: for the delivery, its report, its lane and its fellows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from butterfly_gitops.delivery.backoff import next_due
from butterfly_gitops.delivery.draft import Draft
from butterfly_gitops.delivery.states import Event, back_in_lane, move
from butterfly_gitops.delivery.supersede import tidy
from butterfly_gitops.model.delivery import (
    Content,
    Delivery,
    Lane,
    Outcome,
    Report,
    ResultStatus,
    State,
    Verdict,
)
from butterfly_gitops.model.endpoint import Acknowledgement, Retry

CRASHED = Verdict(outcome=Outcome.UNCERTAIN, detail="the dispatcher ended during the attempt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The endpoint's answers to refusals and silence, and its back-off."""

    acknowledgement: Acknowledgement
    retry: Retry


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempted:
    """The attempt's surroundings as stored.

    `status` is what the attempted message says; `fellows` are the report's other deliveries that are not final,
    and those of the lane's bad run.
    """

    delivery: Delivery
    status: ResultStatus
    report: Report
    lane: Lane
    fellows: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The rows to write."""

    lane: Lane
    reports: tuple[Report, ...]
    deliveries: tuple[Delivery, ...]


def settle(
    attempted: Attempted, verdict: Verdict, policy: Policy, *, at: datetime, jitter: float
) -> Settlement:
    """Turn one attempt's verdict into the next state of everything that it touches.

    `jitter` is drawn evenly from [0, 1).
    """
    delivery, lane = _settle_delivery(attempted, verdict, policy, at=at, jitter=jitter)
    return _settlement(attempted, delivery, lane, verdict, at=at)


def settle_crash(attempted: Attempted, *, at: datetime) -> Settlement:
    """Turn an attempt whose dispatcher ended into an uncertain one; a crash counts against nobody."""
    delivery = move(attempted.delivery, Event.SILENT, State.UNCERTAIN, at=at, reason=CRASHED.detail)
    return _settlement(attempted, replace(delivery, maybe_received=True), attempted.lane, CRASHED, at=at)


def _settlement(
    attempted: Attempted, delivery: Delivery, lane: Lane, verdict: Verdict, *, at: datetime
) -> Settlement:
    draft = Draft([attempted.report], [attempted.delivery, *attempted.fellows])
    draft.put_delivery(_follow_then(delivery, lane, at=at))
    marks = _marks(attempted.report, attempted.delivery, verdict, attempted.status)
    draft.change_report(attempted.report.id, **marks)
    if lane.stopped and not attempted.lane.stopped and lane.leaving != "set_aside":
        _take_back(draft, attempted.fellows, lane, at=at)
    tidy(draft, attempted.report.id, at=at)
    _fit_withdrawals(draft, draft.report(attempted.report.id), at=at)
    return Settlement(lane=lane, reports=draft.reports, deliveries=draft.deliveries)


def _settle_delivery(
    attempted: Attempted, verdict: Verdict, policy: Policy, *, at: datetime, jitter: float
) -> tuple[Delivery, Lane]:
    delivery, lane = attempted.delivery, attempted.lane
    match verdict.outcome:
        case Outcome.DELIVERED:
            ended = move(
                delivery,
                Event.ACKNOWLEDGED,
                State.DELIVERED,
                at=at,
                maybe_received=True,
                then=None,
                then_reason="",
            )
            return ended, _healthy(lane)
        case Outcome.NOT_SENT:
            # No byte left, so waiting costs the delivery nothing; without it, a peer that accepts and resets
            # would be dialled as fast as it can reset.
            back = move(delivery, Event.NOT_SENT, back_in_lane(delivery), at=at, reason=verdict.detail)
            return back, _back_off(lane, policy, at=at, jitter=jitter)
        case Outcome.UNCERTAIN:
            return _after_silence(delivery, lane, verdict, policy, at=at, jitter=jitter)
        case Outcome.REFUSED:
            # The receiver read the message; only its policy says whether the same bytes may fare better later.
            return _after_refusal(delivery, lane, verdict, policy, at=at, jitter=jitter)
    assert_never(verdict.outcome)


def _healthy(lane: Lane) -> Lane:
    if lane.failures == 0 and not lane.bad_run and lane.due_at is None:
        return lane
    return replace(lane, failures=0, bad_run=(), due_at=None)


def _after_silence(
    delivery: Delivery, lane: Lane, verdict: Verdict, policy: Policy, *, at: datetime, jitter: float
) -> tuple[Delivery, Lane]:
    answer = policy.acknowledgement.on_no_reply
    counted = replace(delivery, silences=delivery.silences + 1, maybe_received=True)
    lane = _count_against(lane, counted, policy, at=at, jitter=jitter)
    if counted.silences <= answer.resends or lane.stopped:
        return move(counted, Event.SILENT, State.UNCERTAIN, at=at, reason=verdict.detail), lane
    reason = f"{verdict.detail}{_after(answer.resends, 'resend', 'resends')}"
    if answer.then == "stop_lane":
        stopped = replace(lane, stopped=reason)
        return move(counted, Event.SILENCES_SPENT, State.UNCERTAIN, at=at, reason=reason), stopped
    aside = move(counted, Event.SILENCES_SPENT, State.SET_ASIDE, at=at, reason=reason)
    return replace(aside, by_policy=True), lane


def _after_refusal(
    delivery: Delivery, lane: Lane, verdict: Verdict, policy: Policy, *, at: datetime, jitter: float
) -> tuple[Delivery, Lane]:
    answer = policy.acknowledgement.on_refusal.answer_to(verdict.code)
    counted = replace(delivery, refusals=delivery.refusals + 1)
    lane = _count_against(lane, counted, policy, at=at, jitter=jitter)
    waiting = back_in_lane(counted)
    if counted.refusals <= answer.retries or lane.stopped:
        return move(counted, Event.REFUSED, waiting, at=at, reason=f"refused with {verdict.code}"), lane
    reason = f"refused with {verdict.code}{_after(answer.retries, 'retry', 'retries')}"
    if answer.then == "stop_lane":
        return move(counted, Event.REFUSALS_SPENT, waiting, at=at, reason=reason), replace(
            lane, stopped=reason
        )
    aside = move(counted, Event.REFUSALS_SPENT, State.SET_ASIDE, at=at, reason=reason)
    return replace(aside, by_policy=True), lane


def _after(tries: int, one: str, many: str) -> str:
    return f", after {tries} {one if tries == 1 else many}" if tries else ""


def _count_against(lane: Lane, delivery: Delivery, policy: Policy, *, at: datetime, jitter: float) -> Lane:
    lane = _back_off(lane, policy, at=at, jitter=jitter)
    bad_run = lane.bad_run if delivery.id in lane.bad_run else (*lane.bad_run, delivery.id)
    is_new = bad_run is not lane.bad_run
    stopped = lane.stopped
    if is_new and len(bad_run) >= policy.acknowledgement.stop_after and not stopped:
        stopped = f"{len(bad_run)} different messages in a row were refused or not answered"
    return replace(lane, bad_run=bad_run, stopped=stopped)


def _back_off(lane: Lane, policy: Policy, *, at: datetime, jitter: float) -> Lane:
    failures = lane.failures + 1
    return replace(lane, failures=failures, due_at=next_due(failures, policy.retry, at=at, jitter=jitter))


def _follow_then(delivery: Delivery, lane: Lane, *, at: datetime) -> Delivery:
    if delivery.state in (State.QUEUED, State.UNCERTAIN, State.SET_ASIDE) and delivery.then is not None:
        match delivery.then:
            case State.SUPERSEDED:
                event = Event.NEWER
            case State.CANCELLED:
                event = Event.CANCELLED
            case _:
                event = Event.SET_ASIDE
        delivery = move(delivery, event, delivery.then, at=at, reason=delivery.then_reason)
    elif follows_retarget(delivery, lane):
        delivery = set_aside_for_target(delivery, at=at)
    if delivery.then is None and not delivery.then_reason:
        return delivery
    return replace(delivery, then=None, then_reason="")


def follows_retarget(delivery: Delivery, lane: Lane) -> bool:
    """Tell whether a delivery that may have been received under another target must wait for a person."""
    return (
        delivery.state is State.UNCERTAIN
        and delivery.target != lane.target
        and lane.on_retarget == "set_aside"
    )


def set_aside_for_target(delivery: Delivery, *, at: datetime) -> Delivery:
    """Set aside what may have been received under an earlier target (promise 9)."""
    reason = f"the target changed; it may have been received under target {delivery.target}"
    return move(delivery, Event.RETARGETED, State.SET_ASIDE, at=at, reason=reason)


def _marks(
    report: Report, delivery: Delivery, verdict: Verdict, status: ResultStatus
) -> Mapping[str, object]:
    """Return the fields of its report that an attempt changes."""
    marks: dict[str, object] = {}
    if verdict.outcome in (Outcome.NOT_SENT, Outcome.REFUSED):
        return marks
    if delivery.content is not Content.WITHDRAWAL:
        is_final = delivery.content is Content.FINAL
        marks |= {
            "maybe_received": True,
            "maybe_final": report.maybe_final or is_final,
            "maybe_event": delivery.body,
        }
    if verdict.outcome is Outcome.DELIVERED:
        marks |= {"acknowledged": status, "acknowledged_revision": delivery.rank.revision}
        if status is ResultStatus.W:
            # Nothing is left to withdraw, until something is sent again.
            marks |= {"maybe_received": False, "maybe_event": None}
    return marks


def _take_back(draft: Draft, fellows: Iterable[Delivery], lane: Lane, *, at: datetime) -> None:
    for one in fellows:
        if one.id in lane.bad_run and one.state is State.SET_ASIDE and one.by_policy:
            reason = "its lane stopped in the run that set it aside"
            back = move(one, Event.LANE_STOPPED, back_in_lane(one), at=at, reason=reason)
            # What may have been received under an earlier target waits for a person here too.
            if not follows_retarget(back, lane):
                draft.put_delivery(back)


def _fit_withdrawals(draft: Draft, report: Report, *, at: datetime) -> None:
    """Let a withdrawal show what may have been received, now that an attempt's end says more about that."""
    open_ones = draft.open_of(report.id)
    if any(one.state is State.SENDING for one in open_ones):
        return
    for one in open_ones:
        if one.content is not Content.WITHDRAWAL:
            continue
        if not report.maybe_received:
            draft.move(one, Event.NEWER, at=at, reason="there is nothing to withdraw")
        elif one.attempts == 0 and report.maybe_event is not None:
            draft.put_delivery(replace(one, body=report.maybe_event))
