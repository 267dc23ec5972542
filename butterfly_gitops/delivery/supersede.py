"""The effect of an arriving event on the reports of its study: only the newest of a report is ever attempted."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from butterfly_gitops.delivery.draft import Draft
from butterfly_gitops.delivery.patient import is_same_patient
from butterfly_gitops.delivery.setback import REASON, is_doubtful
from butterfly_gitops.delivery.states import Event
from butterfly_gitops.model.delivery import (
    FINAL,
    Cause,
    Content,
    Decision,
    Delivery,
    DeliveryId,
    EventNumber,
    LaneId,
    Rank,
    Report,
    ReportId,
    ResultStatus,
    State,
)
from butterfly_gitops.model.study import EventKind

Number = TypeVar("Number", bound=int)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One event as supersession sees it; `patient` and `merged_from` are identifier keys."""

    event: EventNumber
    study: str
    kind: EventKind
    rank: Rank
    patient: frozenset[str]
    merged_from: frozenset[str]
    at: datetime
    decisions: tuple[Decision, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownStudy:
    """The rows of an event's study: all its reports, and their deliveries that are not final.

    `latest` is the highest rank among its finalized, reverted and deleted events so far; `ended` names
    those lanes of the arrival's decisions that have ended. Where an older state was accepted, `doubtful_until` is
    when what it misses ended.
    """

    reports: tuple[Report, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    latest: Rank | None = None
    ended: frozenset[LaneId] = frozenset()
    doubtful_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """The rows to write, and the delivery of each decision that has one, in the order of the decisions."""

    reports: tuple[Report, ...]
    deliveries: tuple[Delivery, ...]
    made: tuple[DeliveryId | None, ...]


def admit(arrival: Arrival, known: KnownStudy, *, next_report: int, next_delivery: int) -> Admission:
    """Turn an accepted event into rows; new rows take their ids from `next_report` and `next_delivery` on."""
    draft = Draft(known.reports, known.deliveries, next_report=next_report, next_delivery=next_delivery)
    is_late = known.latest is not None and _is_older(arrival, known.latest)
    _act_on_study(draft, arrival, is_late=is_late)
    made = tuple(
        _admit_one(draft, arrival, decision, known, is_late=is_late) if decision.delivers else None
        for decision in arrival.decisions
    )
    return Admission(reports=draft.reports, deliveries=draft.deliveries, made=made)


def _is_older(arrival: Arrival, latest: Rank) -> bool:
    if arrival.kind == "attestation_requested":
        # Of two events with one rank, a preliminary does not speak.
        return arrival.rank <= latest
    return arrival.rank < latest


def _act_on_study(draft: Draft, arrival: Arrival, *, is_late: bool) -> None:
    match arrival.kind:
        case "reverted" | "deleted":
            # However late it comes, what is older than it ends, and nothing else does.
            for report in draft.all_reports():
                _end_older(draft, report, arrival, Event.NEWER, f"study {arrival.kind}")
        case "finalized" if is_late:
            pass
        case "finalized":
            routed = {decision.lane for decision in arrival.decisions if decision.delivers}
            for report in draft.all_reports():
                _act_on_finalized(draft, report, arrival, is_routed=report.lane in routed)
        case "attestation_requested":
            # A preliminary result speaks only for the report that it belongs to.
            pass


def _act_on_finalized(draft: Draft, report: Report, arrival: Arrival, *, is_routed: bool) -> None:
    if not is_same_patient(report.patient, arrival.patient, arrival.merged_from):
        in_flight = any(one.state is State.SENDING for one in _results(draft.open_of(report.id)))
        had_something = report.maybe_received or in_flight
        _end_older(draft, report, arrival, Event.NEWER, "finalized for another patient")
        if had_something:
            _withdraw(draft, draft.report(report.id), arrival)
        return
    for one in draft.open_of(report.id):
        if one.content is Content.WITHDRAWAL:
            draft.move(one, Event.NEWER, at=arrival.at, reason="finalized for its own patient")
    if not is_routed:
        _end_older(draft, report, arrival, Event.NOT_ROUTED, "a newer finalized is not routed here")


def _end_older(draft: Draft, report: Report, arrival: Arrival, event: Event, reason: str) -> None:
    for one in draft.open_of(report.id):
        if one.content is Content.WITHDRAWAL or one.rank > arrival.rank:
            continue
        draft.move(one, event, at=arrival.at, reason=reason)


def _withdraw(draft: Draft, report: Report, arrival: Arrival) -> None:
    open_ones = draft.open_of(report.id)
    if any(one.content is Content.WITHDRAWAL and one.then is None for one in open_ones):
        return
    in_flight = [one.body for one in _results(open_ones) if one.state is State.SENDING]
    body = in_flight[0] if in_flight else report.maybe_event
    if body is None:
        return
    draft.add_delivery(
        lane=report.lane,
        event=arrival.event,
        body=body,
        report=report.id,
        content=Content.WITHDRAWAL,
        cause=Cause.WITHDRAWAL,
        rank=arrival.rank,
        accepted_at=arrival.at,
        state=State.SET_ASIDE,
        reason="finalized for another patient: a person decides on the withdrawal",
    )


def _admit_one(
    draft: Draft, arrival: Arrival, decision: Decision, known: KnownStudy, *, is_late: bool
) -> DeliveryId:
    report = report_for(draft, arrival, decision.lane)
    content = Content.PRELIMINARY if arrival.kind == "attestation_requested" else Content.FINAL
    state, reason = State.QUEUED, ""
    if is_late or arrival.rank < report.newest:
        state, reason = State.SUPERSEDED, "late: a newer state of the study is known"
    elif content is Content.PRELIMINARY and report.maybe_final:
        state, reason = State.SUPERSEDED, "final-already-reported"
    elif decision.lane in known.ended:
        state, reason = State.SET_ASIDE, "its endpoint has ended"
    elif is_doubtful(arrival.rank.occurred_at, known.doubtful_until):
        state, reason = State.SET_ASIDE, REASON
    if content is Content.FINAL or not _may_hold_final(draft, report):
        # A preliminary that a final makes needless must not outrank that final, which may yet be sent again.
        draft.change_report(report.id, newest=max(report.newest, arrival.rank))
    delivery = draft.add_delivery(
        lane=decision.lane,
        event=arrival.event,
        body=arrival.event,
        report=report.id,
        content=content,
        cause=Cause.RULE,
        rank=arrival.rank,
        accepted_at=arrival.at,
        state=state,
        reason=reason,
        settled_at=arrival.at if state in FINAL else None,
    )
    tidy(draft, report.id, at=arrival.at)
    return delivery.id


def _may_hold_final(draft: Draft, report: Report) -> bool:
    in_flight = (one for one in draft.open_of(report.id) if one.state is State.SENDING)
    return report.maybe_final or any(one.content is Content.FINAL for one in in_flight)


def report_for(draft: Draft, arrival: Arrival, lane: LaneId) -> Report:
    """Return the report of this patient on this lane, made when there is none.

    Where a merge of patients shows that several are one, they become one: the report that the EHR knows best takes
    over what is known and what is open of the others. It is not raised to the arrival's rank yet.
    """
    matching = [
        one
        for one in draft.all_reports()
        if one.lane == lane and is_same_patient(one.patient, arrival.patient, arrival.merged_from)
    ]
    patient = arrival.patient | arrival.merged_from
    if not matching:
        return draft.add_report(lane=lane, study=arrival.study, patient=patient, newest=arrival.rank)
    main = max(matching, key=_standing)
    holds_final = any(_may_hold_final(draft, one) for one in matching)
    for other in matching:
        if other.id != main.id:
            _join(draft, main.id, other, holds_final=holds_final, at=arrival.at)
    report = draft.report(main.id)
    draft.change_report(main.id, patient=report.patient | patient)
    return draft.report(main.id)


def _join(draft: Draft, main_id: ReportId, other: Report, *, holds_final: bool, at: datetime) -> None:
    main = draft.report(main_id)
    # A preliminary beside a final is needless, and must not outrank what comes.
    counts = _may_hold_final(draft, other) or not holds_final
    for one in draft.open_of(other.id):
        draft.put_delivery(replace(one, report=main.id))
        if one.content is Content.WITHDRAWAL:
            draft.move(draft.delivery(one.id), Event.NEWER, at=at, reason="its patient was merged")
    draft.change_report(
        main.id,
        newest=max(main.newest, other.newest) if counts else main.newest,
        patient=main.patient | other.patient,
        acknowledged=_firmer(main.acknowledged, other.acknowledged),
        acknowledged_revision=_newer(main.acknowledged_revision, other.acknowledged_revision),
        maybe_received=main.maybe_received or other.maybe_received,
        maybe_final=main.maybe_final or other.maybe_final,
        maybe_event=_newer(main.maybe_event, other.maybe_event),
        filler=main.filler or other.filler,
        last_status_time=main.last_status_time or other.last_status_time,
    )
    draft.change_report(
        other.id,
        acknowledged=None,
        acknowledged_revision=None,
        maybe_received=False,
        maybe_final=False,
        maybe_event=None,
    )
    tidy(draft, main.id, at=at)


_FIRMNESS = (None, ResultStatus.W, ResultStatus.P, ResultStatus.F, ResultStatus.C)


def _firmer(one: ResultStatus | None, other: ResultStatus | None) -> ResultStatus | None:
    return max(one, other, key=_FIRMNESS.index)


def _newer(one: Number | None, other: Number | None) -> Number | None:
    return max((number for number in (one, other) if number is not None), default=None)


def _standing(report: Report) -> tuple[bool, bool, bool, Rank, ReportId]:
    is_acknowledged = report.acknowledged is not None
    return report.maybe_final, is_acknowledged, report.maybe_received, report.newest, report.id


def tidy(draft: Draft, report_id: ReportId, *, at: datetime) -> None:
    """Leave only the newest result of a report waiting, and no preliminary once a final may have been received."""
    report = draft.report(report_id)
    if report.maybe_final:
        _end_preliminaries(draft, report, at=at)
    alive = _results(draft.open_of(report_id))
    finals = [one for one in alive if one.content is Content.FINAL]
    in_doubt = any(one.state is State.SENDING for one in finals)
    for one in alive:
        # Should the final in flight be received, a newer preliminary ends, not what is final; its outcome decides.
        newest = max(finals if in_doubt and one in finals else alive, key=_seniority)
        if _seniority(one) < _seniority(newest):
            draft.move(one, Event.NEWER, at=at, reason=f"newer: revision {newest.rank.revision}")


def _end_preliminaries(draft: Draft, report: Report, *, at: datetime) -> None:
    for one in draft.open_of(report.id):
        if one.content is Content.PRELIMINARY and one.state is not State.SENDING:
            draft.move(one, Event.NEWER, at=at, reason="final-already-reported")


def _results(deliveries: Iterable[Delivery]) -> list[Delivery]:
    return [one for one in deliveries if one.content is not Content.WITHDRAWAL]


def _seniority(delivery: Delivery) -> tuple[Rank, bool, DeliveryId]:
    # Of two events with one rank, the final speaks, whichever came first.
    return delivery.rank, delivery.content is Content.FINAL, delivery.id
