"""Studies on their way to two EHRs through the whole store, whatever happens in whatever order.

Five laws: an EHR never shows an older result of a report after a newer one, never a preliminary after a final, never
a result of one patient under another, never two reports by one OBR-3; and every accepted event is reflected, superseded
or visibly waiting.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from butterfly_gitops.delivery import settle, supersede
from butterfly_gitops.delivery.act import ActionRefused
from butterfly_gitops.delivery.draft import Draft
from butterfly_gitops.delivery.supersede import Arrival
from butterfly_gitops.model.delivery import (
    FINAL,
    IN_LANE,
    Content,
    Delivery,
    DeliveryId,
    LaneId,
    Outcome,
    Rank,
    Report,
    ResultStatus,
    State,
    Verdict,
)
from butterfly_gitops.model.error import GitopsError
from butterfly_gitops.model.site import Removal
from butterfly_gitops.model.study import StudyEvent
from butterfly_gitops.store import advancing
from butterfly_gitops.store.dispatch import Settling, Stepped
from butterfly_gitops.store.interface import Store
from butterfly_gitops.store.people import Query
from butterfly_gitops.store.sqlite import SqliteStore
from tests.law_examples import up_to
from tests.store.memory import MemoryRows, MemoryStore
from tests.store.model_ehr import ModelEhr, Seen, read
from tests.store.play import (
    DELIVERED,
    NOT_SENT,
    REFUSED,
    SILENT,
    SITE,
    Flight,
    Play,
    Prepared,
    a_policy,
    a_site,
    an_event,
)

ENDPOINTS = ("epic", "cerner")
POLICY = a_policy(retries=1, resends=1, stop_after=2)
endpoints = st.sampled_from(ENDPOINTS)
studies = st.sampled_from(["s-1", "s-1", "s-1", "s-1", "s-1", "s-2"])
newer = st.sampled_from([1, 1, 1, 0, -1])
ages = st.sampled_from([0, 0, 0, 3, 3600])
verdicts = st.sampled_from([DELIVERED, DELIVERED, SILENT, REFUSED, NOT_SENT])


@dataclass(frozen=True, kw_only=True)
class Taken:
    """An accepted event, as the model remembers it."""

    event: StudyEvent
    order: int

    @property
    def rank(self) -> Rank:
        return Rank(revision=self.event.study.revision, occurred_at=self.event.occurred_at)

    @property
    def patients(self) -> set[str]:
        """Who it is of, with whom it merges."""
        patient = self.event.patient
        return {one.id for one in (*patient.identifiers, *patient.merged_from)}


@dataclass
class Configuration:
    """What is to be applied next."""

    port: int = 6661
    facility: str = "STE"
    on_retarget: str = "set_aside"
    status: str = "active"
    preliminary_results: str = "when_attestation_requested"
    is_there: bool = True
    is_routed: bool = True
    removal: Literal["drain", "set_aside"] | None = None


class Stores:
    """One store or several, driven alike; each answers the same, or the machine fails."""

    def __init__(self, stores: list[Store]) -> None:
        self._runner = asyncio.Runner()
        self._plays = [self._runner.run(Play.start(store, a_site(endpoints=ENDPOINTS))) for store in stores]
        for play in self._plays:
            play.policy = POLICY
            self._runner.run(_give_key(play.store))

    def call(self, names: dict[str, str]) -> None:
        """Let the stores' endpoints be called so, whatever the machine calls them."""
        for play in self._plays:
            play.names = names

    @property
    def first(self) -> Play:
        return self._plays[0]

    def do(self, ask: Callable[[Play], Coroutine[Any, Any, Any]]) -> Any:
        answers = [self._runner.run(_answer(ask, play)) for play in self._plays]
        assert all(one == answers[0] for one in answers), "the stores differ"
        if isinstance(answers[0], Raised):
            raise answers[0].error
        return answers[0]

    def tick(self) -> None:
        for play in self._plays:
            play.wait(1)

    def close(self) -> None:
        for play in self._plays:
            self._runner.run(play.store.close())
        self._runner.close()


async def _give_key(store: Store) -> None:
    """Let each store generate the same order numbers."""
    if isinstance(store, MemoryStore):
        store.rows.put_setting("order_number_key", "key")
    elif isinstance(store, SqliteStore):
        await store._writer.do(lambda rows: rows.put_setting("order_number_key", "key"))


class Raised:
    """A store's refusal, compared by what it says."""

    def __init__(self, error: GitopsError) -> None:
        self.error = error

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Raised) and repr(other.error) == repr(self.error)

    __hash__ = None  # type: ignore[assignment]


async def _answer(ask: Callable[[Play], Coroutine[Any, Any, Any]], play: Play) -> Any:
    try:
        return await ask(play)
    except GitopsError as error:
        return Raised(error)


class Results(RuleBasedStateMachine):
    """The machine over the memory store alone: fast, so many ways are tried."""

    with_sqlite: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        stores: list[Store] = [MemoryStore()]
        if self.with_sqlite:
            stores.append(SqliteStore.open(self.folder / "state", create=True))
        self.stores = Stores(stores)
        self.taken: list[Taken] = []
        self.sent: dict[str, StudyEvent] = {}
        self.ehrs: dict[LaneId, ModelEhr] = {}
        self.flights: dict[LaneId, Flight] = {}
        self.looked: dict[LaneId, Prepared] = {}
        self.cancelled: set[DeliveryId] = set()
        self.numbered: list[tuple[str, Seen]] = []
        self.configurations = {name: Configuration() for name in ENDPOINTS}
        self.names = {name: name for name in ENDPOINTS}
        self.stores.call(self.names)

    # Events.

    def _event(
        self,
        kind: str,
        study: str,
        newer_by: int,
        age_s: int,
        *,
        patient: str = "erika",
        merged: tuple[str, ...] = (),
    ) -> StudyEvent:
        self.stores.tick()
        known = [one.rank.revision for one in self.taken if one.event.study.id == study]
        revision = max(0, max(known, default=2) + newer_by)
        return an_event(
            f"e-{len(self.sent)}",
            kind,
            study=study,
            revision=revision,
            # Studies share a number, as far as they have one.
            accession="A-1" if revision % 3 else None,
            patient=patient,
            merged_from=merged,
            occurred_at=self.stores.first.now - timedelta(seconds=age_s),
        )

    def _accept(self, event: StudyEvent) -> None:
        (answer,) = self.stores.do(lambda play: play.accept(event))
        assert not answer.is_known
        self._remember(event)

    def _remember(self, event: StudyEvent) -> None:
        self.sent[event.event_id] = event
        self.taken.append(Taken(event=event, order=len(self.taken)))

    @rule(study=studies, newer_by=newer, age_s=ages)
    def accept_final(self, study: str, newer_by: int, age_s: int) -> None:
        self._accept(self._event("finalized", study, newer_by, age_s))

    @rule(study=studies, newer_by=newer, age_s=ages)
    def accept_preliminary(self, study: str, newer_by: int, age_s: int) -> None:
        self._accept(self._event("attestation_requested", study, newer_by, age_s))

    @rule(
        kind=st.sampled_from(["finalized", "finalized", "attestation_requested"]),
        study=studies,
        newer_by=newer,
        is_merge=st.sampled_from([False, False, True]),
    )
    def accept_for_another_patient(self, kind: str, study: str, newer_by: int, is_merge: bool) -> None:
        merged = ("erika",) if is_merge else ()
        self._accept(self._event(kind, study, newer_by, 0, patient="hans", merged=merged))

    @rule(kind=st.sampled_from(["reverted", "deleted"]), study=studies, newer_by=newer)
    def withdraw(self, kind: str, study: str, newer_by: int) -> None:
        self._accept(self._event(kind, study, newer_by, 0))

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), study=studies)
    def accept_some_again(self, data: st.DataObject, study: str) -> None:
        """An array of a known event, a new one, and the new one once more."""
        known = self.sent[data.draw(st.sampled_from(sorted(self.sent)))]
        new = self._event("finalized", study, 1, 0)
        answers = self.stores.do(lambda play: play.accept(known, new, new))
        assert [one.is_known for one in answers] == [True, False, True]
        self._remember(new)

    # Lanes.

    def _lane(self, endpoint: str) -> LaneId | None:
        lanes = [lane for lane, _ in self.stores.do(lambda play: play.store.running()).lanes]
        return next((one.id for one in lanes if one.endpoint == self.names[endpoint]), None)

    @precondition(lambda self: self.sent)
    @rule(endpoint=endpoints)
    def look(self, endpoint: str) -> None:
        """Write a head now, to claim it when much else may have happened."""
        lane = self._lane(endpoint)
        if lane is not None and self.stores.do(lambda play: play.heads(endpoint)):
            self.looked[lane] = self.stores.do(lambda play: play.prepare(endpoint))

    @precondition(lambda self: self.looked)
    @rule(endpoint=endpoints)
    def claim_what_was_looked_at(self, endpoint: str) -> None:
        lane = self._lane(endpoint)
        if lane in self.looked and lane not in self.flights:
            self._claim(self.looked.pop(lane))

    @precondition(lambda self: self.sent)
    @rule(endpoint=endpoints)
    def claim(self, endpoint: str) -> None:
        lane = self._lane(endpoint)
        if lane is None or lane in self.flights:
            return
        if self.stores.do(lambda play: play.heads(endpoint)):
            taken: frozenset[str] | None = frozenset()
            while taken is not None:
                prepared = self.stores.do(lambda play, taken=taken: play.prepare(endpoint, taken=taken))
                taken = prepared.found_in_use if self._claim(prepared) else None

    @precondition(lambda self: self.flights)
    @rule(data=st.data(), verdict=verdicts)
    def settle(self, data: st.DataObject, verdict: Any) -> None:
        self._settle(data.draw(st.sampled_from(sorted(self.flights))), verdict)

    def _settle(self, lane: LaneId | None, verdict: Any) -> None:
        if lane in self.flights:
            flight = self.flights.pop(lane)
            self._end(flight, verdict)
            self.stores.do(lambda play: play.settle(flight, verdict))

    @precondition(lambda self: self.sent)
    @rule(endpoint=endpoints, verdict=verdicts)
    def send(self, endpoint: str, verdict: Any) -> None:
        self.claim(endpoint)
        self._settle(self._lane(endpoint), verdict)

    @precondition(lambda self: self.flights)
    @rule(endpoint=endpoints, verdict=verdicts)
    def settle_and_claim_the_next(self, endpoint: str, verdict: Any) -> None:
        """Both in one step; the next one was written while the first was in flight."""
        lane = self._lane(endpoint)
        if lane not in self.flights or len(self.stores.do(lambda play: play.heads(endpoint))) < 2:
            return
        prepared = self.stores.do(lambda play: play.prepare(endpoint, position=1))
        flight = self.flights.pop(lane)
        self._end(flight, verdict)
        self._claim(prepared, lambda play: play.settling(flight, verdict))

    def _claim(self, prepared: Prepared, settling: Callable[[Play], Settling] | None = None) -> bool:
        """Claim; tell whether the OBR-3 of the message is another report's."""

        async def step(play: Play) -> Stepped:
            return await play.try_claim(prepared, settling(play) if settling else None)

        stepped = self.stores.do(step)
        attempt = stepped.attempt
        if attempt is None:
            return bool(stepped.is_filler_in_use)
        self.flights[prepared.lane] = Flight(lane=prepared.lane, attempt=attempt, data=prepared.data)
        assert attempt.control_id == prepared.control_id
        shown = self.stores.do(lambda play: play.store.show(attempt.delivery))
        assert shown.messages[-1].data == prepared.data, "the bytes that leave are the bytes that are stored"
        message = read(prepared.data, is_acknowledged=False)
        self._check_that_it_is_first(shown.found.delivery)
        self._check_that_it_may_leave(shown.found.delivery, message)
        self._check_its_number(shown.found.endpoint, message)
        if shown.found.delivery.attempts == 1:
            self._check_its_status(prepared.lane, message)
        return False

    def _end(self, flight: Flight, verdict: Any) -> None:
        if verdict.outcome in (Outcome.DELIVERED, Outcome.UNCERTAIN):
            is_acknowledged = verdict.outcome is Outcome.DELIVERED
            ehr = self.ehrs.setdefault(flight.lane, ModelEhr(flight.lane))
            ehr.receive(read(flight.data, is_acknowledged=is_acknowledged))

    @precondition(lambda self: self.flights)
    @rule()
    def crash_and_recover(self) -> None:
        self.stores.tick()
        for flight in self.flights.values():
            self._end(flight, SILENT)
        in_flight = len(self.flights)
        self.flights.clear()

        async def recover(play: Play) -> int:
            play.epoch = await play.store.own(node="node-1", boot=play.name("boot"), at=play.now)
            return await play.store.recover(play.epoch, at=play.now)

        assert self.stores.do(recover) == in_flight

    # People.

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), kind=st.sampled_from(["resend", "resend", "set_aside", "cancel"]))
    def act(self, data: st.DataObject, kind: str) -> None:
        found = self.stores.do(Play.found)
        if not found:
            return
        number = data.draw(st.sampled_from(sorted(found)))
        try:
            self.stores.do(lambda play: play.act(kind, number))
        except ActionRefused:
            return
        if kind == "cancel":
            self.cancelled.add(DeliveryId(number))

    @rule(endpoint=endpoints)
    def resume(self, endpoint: str) -> None:
        self._try(lambda play: play.resume(endpoint))

    @precondition(lambda self: self.sent)
    @rule(study=studies, endpoint=endpoints)
    def send_once(self, study: str, endpoint: str) -> None:
        self._try(lambda play: play.send_once(study, endpoint))

    def _try(self, ask: Callable[[Play], Coroutine[Any, Any, Any]]) -> bool:
        try:
            self.stores.do(ask)
        except GitopsError:
            return False
        return True

    # Configuration.

    @rule(
        endpoint=endpoints,
        change=st.sampled_from(
            [
                {"port": 6661}, {"port": 6662}, {"facility": "STE"}, {"facility": "OTHER"},
                {"on_retarget": "resend"}, {"on_retarget": "set_aside"}, {"status": "paused"}, {"status": "active"},
                {"preliminary_results": "never"}, {"preliminary_results": "when_attestation_requested"},
                {"is_there": False}, {"is_there": True}, {"is_routed": False}, {"is_routed": True},
            ]
        ),
    )  # fmt: skip
    def apply(self, endpoint: str, change: dict[str, Any]) -> None:
        self.stores.tick()
        before = self.configurations[endpoint]
        if change.get("is_there") and not before.is_there and self._lane(endpoint) is not None:
            # The machine knows a lane by its endpoint's name, so it waits for the old one's end.
            return
        wanted = {**self.configurations, endpoint: replace(before, **change)}
        if self._apply(wanted):
            self.configurations = wanted

    def _apply(self, configurations: dict[str, Configuration], renamed: dict[str, str] | None = None) -> bool:
        wanted = {self.names[name]: one for name, one in configurations.items()}
        there = {name: one for name, one in wanted.items() if one.is_there}
        removed = {
            name: Removal(waiting=one.removal, reason="CHG-4411")
            for name, one in wanted.items()
            if not one.is_there and one.removal
        }
        site = a_site(
            endpoints={
                name: {
                    "port": one.port,
                    "receiving_facility": one.facility,
                    "on_retarget": one.on_retarget,
                    "status": one.status,
                    "preliminary_results": one.preliminary_results,
                }
                for name, one in there.items()
            },
            archives={"ed": tuple(name for name, one in there.items() if one.is_routed)},
        )
        site = site.model_copy(update={"removed": removed, "renamed": renamed or {}})
        return self._try(lambda play: play.apply(site))

    # What must be true.

    def _latest(self, study: str) -> Taken | None:
        """The study's newest state; None while two of one rank contradict one another."""
        ended = [
            one
            for one in self.taken
            if one.event.study.id == study and one.event.event != "attestation_requested"
        ]
        latest = max(ended, key=lambda one: one.rank, default=None)
        rivals = [one for one in ended if latest and one.rank == latest.rank]
        return latest if len(rivals) == 1 else None

    def _check_that_it_may_leave(self, delivery: Delivery, message: Seen) -> None:
        """Nothing leaves that a newer state of the study has made untrue, nor under a wrong patient."""
        latest = self._latest(message.study)
        if delivery.content is Content.WITHDRAWAL or latest is None or latest.rank <= message.rank:
            return
        assert latest.event.event == "finalized", "reverted or deleted since"
        assert self._is_one_patient(message, latest), "finalized for another patient since"

    def _check_that_it_is_first(self, delivery: Delivery) -> None:
        waiting = self.stores.do(lambda play: play.store.find(Query(states=IN_LANE, limit=1000)))
        assert all(one.delivery.id >= delivery.id for one in waiting if one.delivery.lane == delivery.lane)

    def _check_its_status(self, lane: LaneId, message: Seen) -> None:
        """A correction follows an acknowledged final of the same patient; a final follows none of another rank."""
        known = [one for one in self._seen(lane) if one.study == message.study and one.is_acknowledged]
        finals = [one for one in known if one.is_final and not one.is_withdrawal]
        if message.status == "C":
            joined = self._joined(message.study, {message.patient})
            assert any(one.patient in joined for one in finals), "a correction of nothing"
        if message.status == "F":
            older = [one for one in finals if one.patient == message.patient]
            assert all(one.rank == message.rank for one in older), "a final instead of a correction"

    def _check_its_number(self, endpoint: str, message: Seen) -> None:
        """An EHR keeps one report by an OBR-3; a number that we generate is the same at both EHRs."""
        self.numbered.append((endpoint, message))
        for where, other in self.numbered:
            is_same = other.study == message.study and other.patient in self._joined(
                message.study, {message.patient}
            )
            if where == endpoint and other.filler == message.filler:
                assert is_same, "two reports by one OBR-3"
            if (
                is_same
                and {other.filler[:2], message.filler[:2]} == {"BF"}
                and not self._merges(message.study)
            ):
                assert other.filler == message.filler, "two generated numbers for one study and patient"

    def _merges(self, study: str) -> bool:
        return any(one.event.patient.merged_from for one in self.taken if one.event.study.id == study)

    def _seen(self, lane: LaneId) -> list[Seen]:
        return self.ehrs[lane].seen if lane in self.ehrs else []

    def _is_one_patient(self, message: Seen, latest: Taken) -> bool:
        return message.patient in self._joined(message.study, latest.patients)

    def _joined(self, study: str, patients: set[str]) -> set[str]:
        """Whom an event has ever joined with a patient is the same patient from then on."""
        joined = set(patients)
        for one in self.taken:
            if one.event.study.id == study and one.patients & joined:
                joined |= one.patients
        return joined

    @invariant()
    def no_result_stands_under_another_patient_unnoticed(self) -> None:
        """What an EHR may show of somebody else is withdrawn, or waits to be, or a person has decided otherwise."""
        deliveries = [one.delivery for one in self.stores.do(Play.found).values()]
        for ehr in self.ehrs.values():
            for (study, _), message in ehr.shows().items():
                latest = self._latest(study)
                if latest is None or latest.event.event != "finalized" or latest.rank <= message.rank:
                    continue
                if self._is_one_patient(message, latest):
                    continue
                withdrawals = [
                    one
                    for one in deliveries
                    if one.lane == ehr.lane and one.content is Content.WITHDRAWAL and one.rank <= latest.rank
                ]
                assert any(one.state not in FINAL for one in withdrawals) or any(
                    one.id in self.cancelled for one in withdrawals
                ), "another patient's result stands, and nobody is told"

    @invariant()
    def every_event_is_reflected_superseded_or_visibly_waiting(self) -> None:
        ledger = self.stores.do(lambda play: play.store.ledger())
        assert ledger.adds_up
        assert ledger.events == len(self.taken)
        for one in self.stores.do(Play.found).values():
            self._check_what_became_of(one.delivery)

    def _check_what_became_of(self, delivery: Delivery) -> None:
        match delivery.state:
            case State.DELIVERED:
                seen = self.ehrs[delivery.lane].seen
                assert any(one.is_acknowledged and one.control_id == delivery.control_id for one in seen)
            case State.CANCELLED:
                assert delivery.id in self.cancelled
            case State.SENDING:
                assert self.flights[delivery.lane].attempt.delivery == delivery.id
            case State.SUPERSEDED | State.QUEUED | State.UNCERTAIN | State.SET_ASIDE:
                assert delivery.state not in (State.SUPERSEDED, State.SET_ASIDE) or delivery.reason

    @invariant()
    def counts_agree_with_what_is_found(self) -> None:
        observed = self.stores.do(lambda play: play.store.observe())
        deliveries = [one.delivery for one in self.stores.do(Play.found).values()]
        for counts in observed.lanes:
            own = [one.state for one in deliveries if one.lane == counts.lane.id]
            assert dict(counts.counts) == {state: own.count(state) for state in set(own)}

    @invariant()
    def nothing_drifts_that_nobody_changed_by_hand(self) -> None:
        assert self.stores.do(lambda play: play.store.observe()).drift == ()

    # At the end everything that can go goes, and each EHR shows what is newest.

    def teardown(self) -> None:
        try:
            self._drain()
            self._check_that_the_newest_is_shown()
        finally:
            self.stores.close()
            shutil.rmtree(self.folder)

    def _drain(self) -> None:
        for endpoint in ENDPOINTS:
            self._settle(self._lane(endpoint), DELIVERED)
        self._apply({name: replace(one, status="active") for name, one in self.configurations.items()})
        for number in self.stores.do(Play.found):
            self._try(lambda play, number=number: play.act("resend", number))
        for endpoint in ENDPOINTS:
            self._try(lambda play, endpoint=endpoint: play.resume(endpoint))
            while self._lane(endpoint) is not None and self.stores.do(lambda play, e=endpoint: play.heads(e)):
                before = self.stores.do(Play.states)
                self.send(endpoint, DELIVERED)
                assert self.stores.do(Play.states) != before, "a lane that nobody stopped does not move"

    def _check_that_the_newest_is_shown(self) -> None:
        """A final that its EHR never got gave way to what it got, or a person has it in hand."""
        found = self.stores.do(Play.found).values()
        for delivery, latest in self._newest_deliveries():
            patients = self._joined(latest.event.study.id, latest.patients)
            told = [
                one
                for one in found
                if one.study == latest.event.study.id
                and one.delivery.lane == delivery.lane
                and one.delivery.rank >= delivery.rank
                and one.delivery.state in (State.DELIVERED, State.CANCELLED, State.SET_ASIDE)
                and self.taken[one.delivery.event - 1].patients & patients
            ]
            assert told, f"{latest.event.event_id} is nowhere to be seen"

    def _newest_deliveries(self) -> Iterator[tuple[Delivery, Taken]]:
        found = self.stores.do(Play.found).values()
        for study in ("s-1", "s-2"):
            latest = self._latest(study)
            if latest is None or latest.event.event != "finalized":
                continue
            for one in found:
                is_final = one.delivery.content is Content.FINAL
                if is_final and one.study == study and one.delivery.rank == latest.rank:
                    yield one.delivery, latest


class ResultsWhileEndpointsChange(Results):
    """The same while endpoints are paused, renamed and removed with results waiting.

    Apart, for each further step makes a planted defect harder to find.
    """

    @rule(endpoint=endpoints, seconds=st.sampled_from([None, 2, 3600]))
    def pause(self, endpoint: str, seconds: int | None) -> None:
        until = None if seconds is None else self.stores.first.now + timedelta(seconds=seconds)
        self._try(lambda play: play.pause(endpoint, until))

    @rule(endpoint=endpoints)
    def rename(self, endpoint: str) -> None:
        if not self.configurations[endpoint].is_there:
            return
        self.stores.tick()
        lane, old = self._lane(endpoint), self.names[endpoint]
        self.names[endpoint] = new = f"{endpoint}-{self.stores.first.numbers[SITE]}"
        assert self._apply(self.configurations, {new: old})
        assert self._lane(endpoint) == lane, "what is renamed goes on"

    @rule(endpoint=endpoints, word=st.sampled_from(["drain", "set_aside"]))
    def remove(self, endpoint: str, word: Literal["drain", "set_aside"]) -> None:
        before = self.configurations[endpoint]
        if not before.is_there:
            return
        self.stores.tick()
        self.configurations = {**self.configurations, endpoint: replace(before, is_there=False, removal=word)}
        assert self._apply(self.configurations)


class ResultsSideBySide(ResultsWhileEndpointsChange):
    """The same over both stores, which must answer alike in all that can be asked."""

    with_sqlite = True

    @invariant()
    def the_stores_show_alike(self) -> None:
        for number in self.stores.do(Play.found):
            self.stores.do(lambda play, number=number: play.store.show(number))
        self.stores.do(lambda play: play.store.find(Query(states=frozenset({State.SET_ASIDE}))))


COMMON = {"deadline": None, "suppress_health_check": list(HealthCheck)}

TestInMemory = ResultsWhileEndpointsChange.TestCase
TestInMemory.settings = settings(max_examples=up_to(60), stateful_step_count=40, **COMMON)
TestSideBySide = ResultsSideBySide.TestCase
TestSideBySide.settings = settings(max_examples=up_to(15), stateful_step_count=30, **COMMON)
# A limit for a hang, not for a slow machine.
pytestmark = pytest.mark.timeout(900)


# The laws can fail: each of these defects, planted, is found.


def _forgets_a_crash(
    report: Report, delivery: Delivery, verdict: Verdict, status: ResultStatus
) -> Mapping[str, object]:
    return {} if verdict is settle.CRASHED else _MARKS(report, delivery, verdict, status)


def _forgets_reverts(draft: Draft, arrival: Arrival, *, is_late: bool) -> None:
    if arrival.kind == "finalized":
        _ACT_ON_STUDY(draft, arrival, is_late=is_late)


def _does_nothing(*_: object, **__: object) -> None:
    pass


def _finds_no_other(*_: object) -> str:
    return ""


_MARKS, _ACT_ON_STUDY = settle._marks, supersede._act_on_study
PLANTED: dict[str, tuple[object, str, Callable[..., Any]]] = {
    "what a crash may have sent is forgotten": (settle, "_marks", _forgets_a_crash),
    "a revert does nothing": (supersede, "_act_on_study", _forgets_reverts),
    "another patient's result is not withdrawn": (supersede, "_withdraw", _does_nothing),
    "older results go on waiting": (supersede, "tidy", _does_nothing),
    "an order number is not looked for among other reports": (advancing, "_why_not_by", _finds_no_other),
    "a decision is not stored": (MemoryRows, "add_decision", _does_nothing),
}


@pytest.mark.soak
@pytest.mark.parametrize("defect", PLANTED)
def test_a_planted_defect_breaks_a_law(monkeypatch: pytest.MonkeyPatch, defect: str) -> None:
    monkeypatch.setattr(*PLANTED[defect])
    searching = settings(
        max_examples=1000,
        stateful_step_count=40,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        **COMMON,
    )
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Results, settings=searching)
