"""The same study on its way, with each message rendered in some layout: what the bytes tell an EHR, in their order."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from butterfly_gitops.delivery.claim import reusable
from butterfly_gitops.delivery.order_number import is_same_result
from butterfly_gitops.delivery.status import repeats_revision, status_of
from butterfly_gitops.delivery.supersede import Arrival
from butterfly_gitops.delivery.target import retarget, text_of, wire_of
from butterfly_gitops.hl7.form import Form
from butterfly_gitops.hl7.layouts.catalog import LAYOUTS
from butterfly_gitops.hl7.render import KnownReport, render
from butterfly_gitops.hl7.timestamp import WallClock, clock_of
from butterfly_gitops.model.delivery import (
    Cause,
    Delivery,
    DeliveryId,
    LaneId,
    Report,
    ReportId,
    State,
    StoredMessage,
    Target,
)
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.study import StudyEvent
from tests.delivery.rows import a_lane, an_endpoint
from tests.delivery.test_promises import DELIVERED, ERIKA, HANS, LANES, NOW, SILENT, OneStudy, lanes
from tests.hl7.samples import study
from tests.hl7.wire import Wire
from tests.law_examples import up_to

SHAPES = [(layout.name, version) for layout in LAYOUTS.values() for version in layout.versions]
NUMBERS = {"erika": "MRN0042", "hans": "MRN0077"}

shapes = st.sampled_from(SHAPES)
corrections = st.sampled_from(["C", "F"])
clocks = st.sampled_from(
    [
        {"times": times, "time_precision": precision, "time_zone": zone}
        for times in ("local", "local_with_offset")
        for precision in ("second", "minute")
        for zone in ("America/New_York", "America/Denver", "Europe/Berlin")
    ]
)


@dataclass(frozen=True, kw_only=True)
class OnTheWire:
    """A message that an EHR may have received: its bytes, and the delivery that it was of."""

    delivery: Delivery
    counts_for: ReportId
    is_acknowledged: bool
    clock: WallClock
    wire: Wire

    @property
    def told_at(self) -> datetime:
        """OBR-22 as the clock of this message shows it."""
        return self.clock.reads(self.wire["OBR-22"])

    @property
    def status(self) -> str:
        """P, F, C or W as an EHR reads it; R or X of a notice."""
        return "W" if "W" in self.wire.each("OBX-11") else self.wire["OBR-25"]


def snapshot(arrival: Arrival) -> StudyEvent:
    """The event as it came; only every other revision has an accession number."""

    def identifiers(names: frozenset[str]) -> list[dict[str, str]]:
        return [{"id": NUMBERS[name], "authority": "STE", "type": "MR"} for name in sorted(names)]

    return study(
        "efast.json",
        event_id=f"e-{arrival.event}",
        event=arrival.kind,
        occurred_at=arrival.rank.occurred_at.isoformat(),
        study={
            "revision": max(arrival.rank.revision, 0),
            "accession_number": "A4711" if arrival.rank.revision % 2 else None,
        },
        patient={
            "identifiers": identifiers(arrival.patient),
            "merged_from": identifiers(arrival.merged_from),
        },
    )


def is_news(one: OnTheWire, before: list[OnTheWire]) -> bool:
    """Whether a message tells more than those before it.

    By hand, a snapshot of a revision that is known goes out as what it was, with the same OBR-22.
    """
    if not before:
        return False
    if one.delivery.cause is Cause.ONE_OFF:
        return one.delivery.rank.revision > max(earlier.delivery.rank.revision for earlier in before)
    is_newer = one.delivery.rank > max(earlier.delivery.rank for earlier in before)
    return is_newer or one.delivery.cause is Cause.WITHDRAWAL


class OneStudyOnTheWire(OneStudy):
    def __init__(self):
        super().__init__()
        self.clocks: dict[LaneId, dict[str, str]] = {lane: {} for lane in LANES}
        self.endpoints: dict[LaneId, EhrEndpoint] = {}
        self.clock_of_message: dict[tuple[DeliveryId, int], WallClock] = {}
        self.told: defaultdict[tuple[LaneId, int], list[datetime]] = defaultdict(list)
        self.received: list[OnTheWire] = []

    @initialize(shape=st.tuples(shapes, shapes), clock=st.tuples(clocks, clocks), corrected_as=corrections)
    def begin(self, shape, clock, corrected_as):
        for lane, of_lane, clock_of_lane in zip(LANES, shape, clock, strict=True):
            self.clocks[lane] = clock_of_lane
            self.endpoints[lane] = self._endpoint(lane, of_lane, corrected_as)
            self.targets[lane] = Target(
                lane=lane,
                number=a_lane().target,
                wire=wire_of(self.endpoints[lane]),
                text=text_of(self.endpoints[lane]),
            )

    @rule(
        lane=lanes,
        port=st.integers(1, 2),
        on_retarget=st.sampled_from(["resend", "set_aside"]),
        shape=shapes,
        corrected_as=corrections,
        clock=st.none() | clocks,
    )
    def apply(self, lane, port, on_retarget, shape, corrected_as, clock):
        """As in the machine that this one stands on, and the layout, the zone and the form of times may change too."""
        self.clocks[lane] = clock or self.clocks[lane]
        uncertain = [
            one for one in self.deliveries.values() if one.lane == lane and one.state is State.UNCERTAIN
        ]
        endpoint = self._endpoint(lane, shape, corrected_as, port=port, on_retarget=on_retarget)
        moved = retarget(self.lanes[lane], self.targets[lane], endpoint, uncertain, at=NOW)
        self.endpoints[lane] = endpoint
        self.lanes[lane] = moved.lane
        self.targets[lane] = moved.target or self.targets[lane]
        self._put((), moved.deliveries)

    def _endpoint(self, lane: LaneId, shape: tuple[str, str], corrected_as: str, **address) -> EhrEndpoint:
        layout, version = shape
        clock = dict(self.clocks[lane])
        zone = clock.pop("time_zone")
        message = {"layout": layout, "hl7_version": version, "corrected_as": corrected_as, **clock}
        return an_endpoint(message=message, time_zone=zone, **address)

    def _message(self, delivery: Delivery, report: Report) -> StoredMessage:
        """Render as the dispatcher does: the stored bytes again where they fit, else a new message."""
        stored, target = self.messages.get(delivery.id), self.targets[delivery.lane]
        if not reusable(stored, target):
            stored = self._rendered(delivery, report, target)
            self.messages[delivery.id] = stored
        assert self._patient_of(stored) in report.patient
        return stored

    def _rendered(self, delivery: Delivery, report: Report, target: Target) -> StoredMessage:
        number = delivery.message + 1
        control_id = f"{delivery.id:010d}{number:010d}"
        rendered = render(
            Form.of(self.endpoints[delivery.lane]),
            snapshot(self.events[delivery.body]),
            report=KnownReport(
                filler=report.filler,
                taken=self._taken(report),
                last_status_time=report.last_status_time,
                fallback_filler=f"BF{report.id:07d}{number:07d}",
                repeats=repeats_revision(delivery, report),
            ),
            status=status_of(delivery, report),
            control_id=control_id,
            at=NOW,
        )
        clock = clock_of(self.endpoints[delivery.lane])
        self.clock_of_message[delivery.id, number] = clock
        told = clock.reads(Wire.read(rendered.data.decode())["OBR-22"])
        before = self.told[delivery.lane, delivery.rank.revision]
        if repeats_revision(delivery, report):
            assert any(abs(told - earlier) < timedelta(minutes=1) for earlier in before)
        before.append(told)
        return StoredMessage(
            delivery=delivery.id,
            number=number,
            target=target.number,
            text=target.text,
            control_id=control_id,
            status=status_of(delivery, report),
            filler=rendered.filler,
            status_time=rendered.status_time,
            data=rendered.data,
        )

    def _taken(self, report: Report) -> frozenset[str]:
        others = [one for one in self.reports.values() if not is_same_result(one, report)]
        return frozenset(one.filler for one in others if one.lane == report.lane and one.filler is not None)

    def _patient_of(self, message: StoredMessage) -> str:
        number = Wire.read(message.data.decode())["PID-3"].split("^")[0]
        return next(name for name, known in NUMBERS.items() if known == number)

    # What must be true of what an EHR reads.

    @invariant()
    def no_preliminary_follows_a_final(self):
        for results in self._by_report(self._all()):
            statuses = [one.status for one in results]
            finals = [n for n, status in enumerate(statuses) if status in ("F", "C")]
            assert not finals or "P" not in statuses[finals[0] :]

    @invariant()
    def no_correction_comes_before_an_acknowledged_final(self):
        for report in self.reports:
            known = ""
            for one in self._all():
                if one.delivery.report == report and one.status == "C":
                    # R and X of a notice do not say whether they tell of a final.
                    assert known in ("F", "C", "W", "R", "X")
                if one.is_acknowledged and report in (one.delivery.report, one.counts_for):
                    known = one.status

    @invariant()
    def obr_3_stays_for_the_life_of_a_report(self):
        for results in self._by_report(self._new()):
            assert len({one.wire["OBR-3"] for one in results}) <= 1

    @invariant()
    def an_obr_3_is_of_one_patient(self):
        """Whoever was joined by a merge is one patient."""
        merged = any(one.merged_from for one in self.events)
        of_patient: dict[tuple[LaneId, str], str] = {}
        for one in self._all():
            patient = one.wire["PID-3"].split("^")[0]
            known = of_patient.setdefault((one.delivery.lane, one.wire["OBR-3"]), patient)
            assert merged or known == patient

    @invariant()
    def obr_22_of_a_new_revision_is_later_as_printed(self):
        """By the same clock as the bytes show it; by one with other digits, at least the instant is later."""
        for results in self._by_report(self._new()):
            for number, one in enumerate(results):
                before = results[:number]
                if is_news(one, before):
                    alike = [earlier for earlier in before if earlier.clock == one.clock]
                    assert all(one.wire["OBR-22"] > earlier.wire["OBR-22"] for earlier in alike)
                    assert one.told_at > max(earlier.told_at for earlier in before) - timedelta(minutes=1)

    @invariant()
    def the_same_message_is_the_same_bytes(self):
        by_id: dict[tuple[LaneId, str], Wire] = {}
        for one in self._all():
            key = (one.delivery.lane, one.wire["MSH-10"])
            assert by_id.setdefault(key, one.wire) == one.wire

    def _all(self) -> list[OnTheWire]:
        """Take down what has arrived since somebody last looked: after each step, before bytes can change."""
        for one in self.seen[len(self.received) :]:
            message = self.messages[one.delivery.id]
            self.received.append(
                OnTheWire(
                    clock=self.clock_of_message[message.delivery, message.number],
                    delivery=one.delivery,
                    counts_for=one.counts_for,
                    is_acknowledged=one.is_acknowledged,
                    wire=Wire.read(message.data.decode()),
                )
            )
        return self.received

    def _new(self) -> list[OnTheWire]:
        """Each message when it was first sent. Sent again it is the same bytes, though a merge may have joined its
        report to another one since.
        """
        first: dict[tuple[LaneId, str], OnTheWire] = {}
        for one in self._all():
            first.setdefault((one.delivery.lane, one.wire["MSH-10"]), one)
        return list(first.values())

    def _by_report(self, found: list[OnTheWire]) -> list[list[OnTheWire]]:
        return [[one for one in found if one.delivery.report == report] for report in self.reports]


def test_what_a_merge_finds_unanswered_is_sent_again_as_it_was():
    """Under its own OBR-3 and with its own OBR-22: the EHR may have it, and must know it again."""
    one = OneStudyOnTheWire()
    clock = {"times": "local", "time_precision": "second", "time_zone": "America/New_York"}
    one.begin(shape=(("report", "2.5.1"),) * 2, clock=(clock, clock), corrected_as="C")
    arrive = partial(one.accept, newer_by=1, seconds=0, to=(1, 2))
    arrive(kind="finalized", patient=ERIKA, is_merge=False)
    one.send(lane=1, verdict=DELIVERED)
    arrive(kind="finalized", patient=HANS, is_merge=False)
    one.send(lane=1, verdict=SILENT)
    arrive(kind="attestation_requested", patient=ERIKA, is_merge=True)
    one.send(lane=1, verdict=DELIVERED)
    first, unanswered, again = one._all()
    assert unanswered.wire == again.wire
    assert first.wire["OBR-3"] != again.wire["OBR-3"]
    one.obr_3_stays_for_the_life_of_a_report()
    one.obr_22_of_a_new_revision_is_later_as_printed()


TestOneStudyOnTheWire = OneStudyOnTheWire.TestCase
TestOneStudyOnTheWire.settings = settings(max_examples=up_to(200), stateful_step_count=50, deadline=None)
# A limit for a hang, not for a slow machine.
TestOneStudyOnTheWire.pytestmark = [pytest.mark.timeout(900)]
