"""One study on its way to two EHRs, whatever happens in whatever order: what an EHR may see of it."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from butterfly_gitops.delivery.act import ActionRefused, cancel, resend, resume, set_aside
from butterfly_gitops.delivery.claim import Claim, claimed, why_not
from butterfly_gitops.delivery.draft import Draft
from butterfly_gitops.delivery.one_off import one_off
from butterfly_gitops.delivery.patient import is_same_patient
from butterfly_gitops.delivery.settle import Attempted, settle, settle_crash
from butterfly_gitops.delivery.status import status_of
from butterfly_gitops.delivery.supersede import Arrival, KnownStudy, admit
from butterfly_gitops.delivery.target import retarget, text_of, wire_of
from butterfly_gitops.model.delivery import (
    FINAL,
    IN_LANE,
    Cause,
    Content,
    Delivery,
    DeliveryId,
    Epoch,
    EventNumber,
    Lane,
    LaneId,
    Report,
    ReportId,
    ResultStatus,
    State,
    StoredMessage,
    Target,
)
from tests.delivery.rows import (
    DELIVERED,
    ERIKA,
    HANS,
    NOBODY,
    NOT_SENT,
    REFUSED,
    SILENT,
    a_lane,
    a_message,
    a_policy,
    a_rank,
    after,
    an_arrival,
    an_endpoint,
)
from tests.law_examples import up_to

POLICY = a_policy(on_refusal={"retries": 1}, on_no_reply={"resends": 1}, stop_after=2)
LANES = (LaneId(1), LaneId(2))
lanes = st.sampled_from(LANES)
NOW = after(60)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A message that an EHR may have received, and whether it said so.

    `counts_for` is the report that its acknowledgement became known to: another one than it left for, where a merge
    came while it was in flight.
    """

    delivery: Delivery
    counts_for: ReportId
    status: ResultStatus
    is_acknowledged: bool


class OneStudy(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.reports: dict[ReportId, Report] = {}
        self.deliveries: dict[DeliveryId, Delivery] = {}
        self.lanes: dict[LaneId, Lane] = {lane: a_lane(id=lane) for lane in LANES}
        self.targets: dict[LaneId, Target] = {}
        self.messages: dict[DeliveryId, StoredMessage] = {}
        self.events: list[Arrival] = []
        self.seen: list[Seen] = []
        self.left_for: dict[int, int] = {}
        self.routed: dict[EventNumber, tuple[int, ...]] = {}
        self.cancelled: set[DeliveryId] = set()
        for lane in LANES:
            endpoint = an_endpoint()
            self.targets[lane] = Target(
                lane=lane, number=a_lane().target, wire=wire_of(endpoint), text=text_of(endpoint)
            )

    # What happens.

    @rule(
        kind=st.sampled_from(["attestation_requested", "finalized", "finalized", "finalized", "reverted"]),
        newer_by=st.sampled_from([1, 1, 1, 2, 0, -1]),
        seconds=st.integers(0, 1),
        patient=st.sampled_from([ERIKA, ERIKA, HANS]),
        is_merge=st.sampled_from([False, False, False, True]),
        to=st.sampled_from([(1, 2), (1, 2), (1,), (2,), ()]),
    )
    def accept(self, kind, newer_by, seconds, patient, is_merge, to):
        other = HANS if patient == ERIKA else ERIKA
        routed = to if kind in {"attestation_requested", "finalized"} else ()
        revision = max((one.rank.revision for one in self.events), default=2) + newer_by
        arrival = an_arrival(
            kind,
            rank=a_rank(revision, seconds),
            patient=patient,
            merged_from=other if is_merge else NOBODY,
            event=EventNumber(len(self.events)),
            to=routed,
        )
        self._write(admit(arrival, self._known(), **self._next()))
        self.events.append(arrival)
        self.routed[arrival.event] = routed

    @precondition(lambda self: any(self._head(lane) and not self._sending(lane) for lane in LANES))
    @rule(lane=lanes)
    def claim(self, lane):
        head = self._head(lane)
        if head is None or self._sending(lane) is not None:
            return
        report, target = self.reports[head.report], self.targets[lane].number
        wish = Claim(
            delivery=head.id,
            report=report.id,
            report_version=report.version,
            target=target,
            longest_wait=timedelta(minutes=10),
            message=a_message(),
        )
        # A lane's own wait is over whenever the machine likes.
        row = replace(self.lanes[lane], due_at=None)
        if why_not(wish, head, report, row, head=head.id, at=NOW):
            return
        self._check_claim(head, report)
        rows = claimed(head, report, self._message(head, report), target=target, epoch=Epoch(1), at=NOW)
        self.deliveries[head.id] = rows.delivery
        self.reports[report.id] = rows.report
        self.left_for[head.id] = report.id

    @precondition(lambda self: any(self._sending(lane) for lane in LANES))
    @rule(lane=lanes, verdict=st.sampled_from([DELIVERED, DELIVERED, REFUSED, SILENT, NOT_SENT, None]))
    def end_attempt(self, lane, verdict):
        """None is a crash."""
        sent = self._sending(lane)
        if sent is None:
            return
        status = self.messages[sent.id].status
        fellows = [
            one for one in self.deliveries.values() if one.report == sent.report and one.state not in FINAL
        ]
        run = [self.deliveries[number] for number in self.lanes[lane].bad_run]
        attempted = Attempted(
            delivery=sent,
            status=status,
            report=self.reports[sent.report],
            lane=self.lanes[lane],
            fellows=tuple({one.id: one for one in [*fellows, *run] if one.id != sent.id}.values()),
        )
        if verdict is None:
            done = settle_crash(attempted, at=NOW)
        else:
            done = settle(attempted, verdict, POLICY, at=NOW, jitter=0.5)
        if verdict in (DELIVERED, SILENT, None):
            # A merge that comes while it is in flight cannot call it back: it left for the report of then.
            left = replace(sent, report=self.left_for[sent.id])
            self.seen.append(
                Seen(
                    delivery=left,
                    counts_for=sent.report,
                    status=status,
                    is_acknowledged=verdict == DELIVERED,
                )
            )
        self.lanes[lane] = done.lane
        self._write(done)

    @precondition(lambda self: any(self._head(lane) and not self._sending(lane) for lane in LANES))
    @rule(lane=lanes, verdict=st.sampled_from([DELIVERED, DELIVERED, SILENT]))
    def send(self, lane, verdict):
        self.claim(lane)
        self.end_attempt(lane, verdict)

    @precondition(lambda self: self._still_open())
    @rule(data=st.data(), act=st.sampled_from([resend, resend, set_aside, cancel]))
    def act(self, data, act):
        delivery = data.draw(st.sampled_from(self._still_open()))
        draft = Draft(self.reports.values(), self.deliveries.values())
        with suppress(ActionRefused):
            if act is resend:
                resend(draft, delivery, self.lanes[delivery.lane], at=NOW, reason="by hand")
            else:
                act(draft, delivery, at=NOW, reason="by hand")
            if act is cancel:
                self.cancelled.add(delivery.id)
            self._put(draft.reports, draft.deliveries)

    @precondition(lambda self: any(lane.stopped for lane in self.lanes.values()))
    @rule(lane=lanes)
    def resume(self, lane):
        rows = [one for one in self.deliveries.values() if one.lane == lane and one.state in IN_LANE]
        with suppress(ActionRefused):
            self.lanes[lane], zeroed = resume(self.lanes[lane], rows, at=NOW)
            self._put((), zeroed)

    @precondition(lambda self: self.events)
    @rule(lane=lanes)
    def send_once(self, lane):
        latest = max(self.events, key=lambda one: (one.rank, one.event))
        with suppress(ActionRefused):
            arrival = replace(latest, decisions=())
            self._write(one_off(arrival, self._known(), self.lanes[lane], **self._next()))

    @rule(lane=lanes, port=st.integers(1, 2), on_retarget=st.sampled_from(["resend", "set_aside"]))
    def apply(self, lane, port, on_retarget):
        uncertain = [
            one for one in self.deliveries.values() if one.lane == lane and one.state is State.UNCERTAIN
        ]
        endpoint = an_endpoint(port=port, on_retarget=on_retarget)
        moved = retarget(self.lanes[lane], self.targets[lane], endpoint, uncertain, at=NOW)
        self.lanes[lane] = moved.lane
        self.targets[lane] = moved.target or self.targets[lane]
        self._put((), moved.deliveries)

    # What must be true.

    def _check_claim(self, delivery: Delivery, report: Report):
        """Nothing is attempted that a newer state of the study has made untrue."""
        ended = [one for one in self.events if one.kind != "attestation_requested"]
        if delivery.content is Content.WITHDRAWAL or not ended:
            return
        latest = max(ended, key=lambda one: one.rank)
        rivals = [one for one in ended if one.rank == latest.rank]
        if len(rivals) > 1 or latest.rank <= delivery.rank:
            return
        assert latest.kind == "finalized", "reverted or deleted since"
        assert is_same_patient(report.patient, latest.patient, latest.merged_from), "another patient's since"

    @invariant()
    def an_ehr_never_sees_an_older_result_after_a_newer_one(self):
        for results in self._seen_by_report():
            ranks = [one.delivery.rank for one in results]
            assert ranks == sorted(ranks)

    @invariant()
    def an_ehr_never_sees_a_preliminary_after_a_final(self):
        for results in self._seen_by_report():
            contents = [one.delivery.content for one in results]
            if Content.FINAL in contents:
                assert Content.PRELIMINARY not in contents[contents.index(Content.FINAL) :]

    @invariant()
    def a_correction_follows_an_acknowledged_final_or_a_withdrawal(self):
        for report in self.reports:
            known = None
            for one in self.seen:
                if one.delivery.report == report and one.status is ResultStatus.C:
                    assert known in {ResultStatus.F, ResultStatus.C, ResultStatus.W}
                if one.is_acknowledged and report in (one.delivery.report, one.counts_for):
                    known = one.status

    @invariant()
    def only_the_newest_of_a_report_waits(self):
        for report in self.reports:
            rows = [one for one in self._open(report) if one.content is not Content.WITHDRAWAL]
            contents = [one.content for one in rows if not one.then]
            assert len(contents) <= 1 or (self._is_in_doubt(rows) and len(set(contents)) == len(contents))

    def _is_in_doubt(self, rows):
        """Whether a final is in flight, so that it is not yet known if a preliminary may still speak."""
        return any((one.state, one.content) == (State.SENDING, Content.FINAL) for one in rows)

    @invariant()
    def what_may_be_shown_of_another_patient_can_be_withdrawn(self):
        ended = [one for one in self.events if one.kind != "attestation_requested"]
        if not ended:
            return
        latest = max(ended, key=lambda one: one.rank)
        if latest.kind != "finalized" or [one.rank for one in ended].count(latest.rank) > 1:
            return
        for report in self.reports.values():
            if (
                is_same_patient(report.patient, latest.patient, latest.merged_from)
                or not report.maybe_received
            ):
                continue
            if report.newest > latest.rank:
                continue
            ended_by_hand = any(
                one.report == report.id and one.content is Content.WITHDRAWAL and one.state is State.CANCELLED
                for one in self.deliveries.values()
            )
            open_ones = [one for one in self._open(report.id) if one.content is Content.WITHDRAWAL]
            assert open_ones or ended_by_hand

    @invariant()
    def each_accepted_final_is_reflected_superseded_or_visibly_waiting(self):
        for arrival in self.events:
            if arrival.kind != "finalized":
                continue
            for lane in self.routed[arrival.event]:
                (made,) = [
                    one
                    for one in self.deliveries.values()
                    if (one.event, one.lane) == (arrival.event, lane)
                    and (one.content, one.cause) == (Content.FINAL, Cause.RULE)
                ]
                if made.state is State.SUPERSEDED:
                    assert self._is_overtaken(arrival, made)
                elif made.state is State.CANCELLED:
                    assert made.id in self.cancelled
                elif made.state is State.DELIVERED:
                    assert any(one.delivery.id == made.id and one.is_acknowledged for one in self.seen)
                else:
                    assert made in self._open(made.report)

    def _is_overtaken(self, arrival: Arrival, made: Delivery) -> bool:
        """Whether another state of the study, or its result sent by hand, took the place of this one."""
        newer = any(
            one.event != arrival.event
            and one.rank >= arrival.rank
            # A preliminary result speaks only where it is sent.
            and (one.kind != "attestation_requested" or made.lane in self.routed[one.event])
            for one in self.events
        )
        by_hand = any(
            (one.lane, one.cause) == (made.lane, Cause.ONE_OFF) and one.rank >= made.rank
            for one in self.deliveries.values()
        )
        return newer or by_hand

    # The rows.

    def _known(self) -> KnownStudy:
        ended = [one.rank for one in self.events if one.kind != "attestation_requested"]
        return KnownStudy(
            reports=tuple(self.reports.values()),
            deliveries=tuple(one for one in self.deliveries.values() if one.state not in FINAL),
            latest=max(ended, default=None),
        )

    def _next(self):
        return {"next_report": len(self.reports), "next_delivery": len(self.deliveries)}

    def _write(self, rows):
        self._put(rows.reports, rows.deliveries)

    def _put(self, reports: Iterable[Report], deliveries: Iterable[Delivery]):
        self.reports.update({one.id: one for one in reports})
        self.deliveries.update({one.id: one for one in deliveries})

    def _open(self, report: ReportId) -> list[Delivery]:
        rows = sorted(self.deliveries.values(), key=lambda one: one.id)
        return [one for one in rows if one.report == report and one.state not in FINAL]

    def _still_open(self) -> list[Delivery]:
        return [one for report in self.reports for one in self._open(report)]

    def _head(self, lane: LaneId) -> Delivery | None:
        rows = [one for one in self.deliveries.values() if one.lane == lane and one.state in IN_LANE]
        return min(rows, key=lambda one: one.id, default=None)

    def _sending(self, lane: LaneId) -> Delivery | None:
        rows = [one for one in self.deliveries.values() if one.lane == lane and one.state is State.SENDING]
        return rows[0] if rows else None

    def _message(self, delivery: Delivery, report: Report) -> StoredMessage:
        fresh = a_message(delivery=delivery.id, number=1, status=status_of(delivery, report))
        return self.messages.setdefault(delivery.id, fresh)

    def _seen_by_report(self) -> list[list[Seen]]:
        return [
            [
                one
                for one in self.seen
                if one.delivery.report == report and one.delivery.content is not Content.WITHDRAWAL
            ]
            for report in self.reports
        ]


TestOneStudy = OneStudy.TestCase
TestOneStudy.settings = settings(max_examples=up_to(300), stateful_step_count=60, deadline=None)
# A limit for a hang, not for a slow machine.
TestOneStudy.pytestmark = [pytest.mark.timeout(900)]
