"""One site and its results, played through the `Store`: each step of a result's way is one short call."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from butterfly_gitops.delivery.claim import Claim, reusable
from butterfly_gitops.delivery.patient import identifier_keys
from butterfly_gitops.delivery.routing import Entitled, Route, route
from butterfly_gitops.delivery.settle import Policy
from butterfly_gitops.delivery.status import status_of
from butterfly_gitops.model.delivery import (
    Attempt,
    Epoch,
    Lane,
    LaneId,
    Outcome,
    StoredMessage,
    Target,
    Verdict,
)
from butterfly_gitops.model.endpoint import Acknowledgement, Retry
from butterfly_gitops.model.site import Site
from butterfly_gitops.model.study import StudyEvent
from butterfly_gitops.store.dispatch import Head, LaneView, Settling, Step, Stepped
from butterfly_gitops.store.intake import Accepted, NewEvent
from butterfly_gitops.store.interface import Application, Generation, Running, Store
from butterfly_gitops.store.people import Acted, Action, FoundDelivery, OneOffSend, Query

T0 = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
SITE = "st-elsewhere"
FLEET = "mercy-health"
NO_EPOCH = Epoch(0)

DELIVERED = Verdict(outcome=Outcome.DELIVERED, code="AA")
SILENT = Verdict(outcome=Outcome.UNCERTAIN, detail="no answer in time")
REFUSED = Verdict(outcome=Outcome.REFUSED, code="AE")
NOT_SENT = Verdict(outcome=Outcome.NOT_SENT, detail="the connection was lost before a byte left")

EPIC: Mapping[str, Any] = {
    "display_name": "Epic Bridges",
    "link": "server-room",
    "host": "10.20.30.40",
    "port": 6661,
    "sending_facility": "STE",
    "receiving_facility": "STE",
    "time_zone": "America/New_York",
    "preliminary_results": "when_attestation_requested",
}


def a_site(
    *,
    endpoints: Mapping[str, Mapping[str, Any]] | Sequence[str] = ("epic",),
    archives: Mapping[str, Sequence[str]] | None = None,
    name: str = SITE,
) -> Site:
    """A site; `endpoints` may change some settings, `archives` says where each forwards (`ed` to all, if not said)."""
    changes = endpoints if isinstance(endpoints, Mapping) else {one: {} for one in endpoints}
    forwards = archives if archives is not None else {"ed": tuple(changes)}
    return Site.model_validate(
        {
            "name": name,
            "display_name": "St. Elsewhere Hospital",
            "time_zone": "America/New_York",
            "links": {"server-room": {"display_name": "Radiology server room"}},
            "ehr_endpoints": {one: {**EPIC, **changed} for one, changed in changes.items()},
            "archives": {
                one: {"display_name": one, "forward_to": tuple(forward)} for one, forward in forwards.items()
            },
        }
    )


def an_event(
    event_id: str,
    kind: str = "finalized",
    *,
    study: str = "s-1",
    revision: int = 1,
    patient: str = "erika",
    merged_from: Sequence[str] = (),
    occurred_at: datetime = T0,
    archive: str = "ed",
    accession: str | None = "",
) -> StudyEvent:
    """A study event; patients are named by their one identifier, and a study has its own accession number."""
    text = json.dumps(
        {
            "event_id": event_id,
            "event": kind,
            "occurred_at": occurred_at.isoformat(),
            "archive": f"{SITE}/{archive}",
            "study": {
                "id": study,
                "revision": revision,
                "accession_number": f"A-{study}" if accession == "" else accession,
                "exam_type": {"code": "EFAST"},
            },
            "patient": {
                "identifiers": [{"id": patient}],
                "merged_from": [{"id": one} for one in merged_from],
            },
        }
    )
    return StudyEvent.model_validate_json(text)


def routed(running: Running, event: StudyEvent, *, at: datetime, is_entitled: bool = True) -> NewEvent:
    """The event as intake hands it over."""
    site, archive = event.archive.split("/")
    endpoints = running.sites[site].ehr_endpoints if site in running.sites else {}
    routes = [
        Route(
            rule=rule,
            preliminary=rule.endpoint in endpoints
            and endpoints[rule.endpoint].preliminary_results != "never",
        )
        for rule in running.rules
        if (rule.site, rule.archive) == (site, archive)
    ]
    body = event.model_dump_json(by_alias=True)
    return NewEvent(
        event=event,
        body=body,
        digest=hashlib.sha256(body.encode()).hexdigest(),
        site=site,
        archive=archive,
        patient=identifier_keys(event.patient.identifiers),
        merged_from=identifier_keys(event.patient.merged_from),
        decisions=route(
            routes,
            kind=event.event,
            occurred_at=event.occurred_at,
            applies=running.applies,
            entitled=Entitled(enterprise=is_entitled, preliminary_results=is_entitled),
        ),
    )


def _new_filler(head: Head, control_id: str, taken: frozenset[str]) -> str:
    own = head.body.event().study.accession_number
    return next(one for one in (own, head.spare, control_id) if one and one not in taken)


def written(head: Head, target: Target, control_id: str, taken: frozenset[str]) -> StoredMessage:
    """What a renderer would make of a head: bytes that a model EHR can read."""
    status = status_of(head.delivery, head.report)
    event = head.body.event()
    filler = head.report.filler or _new_filler(head, control_id, taken)
    shown = {
        "filler": filler,
        "patient": sorted(one.id for one in event.patient.identifiers),
        "study": event.study.id,
        "revision": event.study.revision,
        "occurred_at": event.occurred_at.isoformat(),
        "kind": event.event,
        "status": status,
        "control_id": control_id,
    }
    return StoredMessage(
        delivery=head.delivery.id,
        number=head.delivery.message + 1,
        target=target.number,
        text=target.text,
        control_id=control_id,
        status=status,
        filler=filler,
        status_time=event.occurred_at.isoformat(),
        data=json.dumps(shown).encode(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A head as a claimer saw it, and the bytes that it would send."""

    lane: LaneId
    claiming: Claim
    taken: frozenset[str] = frozenset()

    @property
    def data(self) -> bytes:
        return self.claiming.message.data

    @property
    def control_id(self) -> str:
        return self.claiming.message.control_id

    @property
    def found_in_use(self) -> frozenset[str]:
        return self.taken | {self.claiming.message.filler}


@dataclass(frozen=True, slots=True, kw_only=True)
class Flight:
    """An attempt in flight and the bytes that left."""

    lane: LaneId
    attempt: Attempt
    data: bytes


def a_policy(*, retries: int = 3, resends: int = 10, stop_after: int = 3, then: str = "set_aside") -> Policy:
    acknowledgement = Acknowledgement.model_validate(
        {
            "on_refusal": {"retries": retries, "then": then},
            "on_no_reply": {"resends": resends, "then": then},
            "stop_after": stop_after,
        }
    )
    # No wait, so that a test that is not about waiting need not move its clock.
    return Policy(acknowledgement=acknowledgement, retry=Retry(first=timedelta(0)))


@dataclass
class Play:
    """Whoever uses a store: intake, controller, dispatcher and people in one, on one clock."""

    store: Store
    now: datetime = T0
    epoch: Epoch = NO_EPOCH
    policy: Policy = field(default_factory=a_policy)
    numbers: dict[str, int] = field(default_factory=dict)
    made: int = 0
    names: dict[str, str] = field(default_factory=dict)
    """What an endpoint is called now, where that is not how the test names it."""

    @classmethod
    async def start(cls, store: Store, site: Site | None = None) -> "Play":
        """Apply a site and own its lanes, one minute before T0."""
        play = cls(store, now=T0 - timedelta(minutes=1))
        play.epoch = await store.own(node="node-1", boot="boot-1", at=play.now)
        await play.apply(site or a_site())
        play.now = T0
        return play

    def wait(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now

    def name(self, kind: str) -> str:
        """A name that was not used before."""
        self.made += 1
        return f"{kind}-{self.made}"

    # What is applied.

    def application(self, site: Site, *, expected: int | None = None) -> Application:
        return Application(
            fleet=FLEET,
            content=site,
            digest=hashlib.sha256(site.model_dump_json().encode()).hexdigest(),
            expected=self.numbers.get(site.name, 0) if expected is None else expected,
            commit="c0ffee",
            actor="controller",
            at=self.now,
        )

    async def apply(self, site: Site) -> Generation:
        generation = await self.store.apply(self.application(site))
        self.numbers[site.name] = generation.number
        return generation

    async def lane(self, endpoint: str = "epic") -> Lane:
        return (await self.lane_and_target(endpoint))[0]

    async def lane_and_target(self, endpoint: str) -> tuple[Lane, Target]:
        lanes = (await self.store.running()).lanes
        return next(one for one in lanes if one[0].endpoint == self.names.get(endpoint, endpoint))

    # Events.

    async def accept(self, *events: StudyEvent, is_entitled: bool = True) -> tuple[Accepted, ...]:
        running = await self.store.running()
        new = [routed(running, one, at=self.now, is_entitled=is_entitled) for one in events]
        return await self.store.accept(new, routed_with=running.applies, at=self.now)

    # A lane's way.

    async def view(self, endpoint: str = "epic", look_ahead: int = 5) -> LaneView:
        lane = await self.lane(endpoint)
        return (await self.store.views([lane.id], look_ahead=look_ahead))[0]

    async def heads(self, endpoint: str = "epic") -> list[int]:
        return [one.delivery.id for one in (await self.view(endpoint)).heads]

    async def prepare(
        self, endpoint: str = "epic", position: int = 0, taken: frozenset[str] = frozenset()
    ) -> Prepared:
        """Look at a head and write it, with another OBR-3 than those `taken`."""
        lane, target = await self.lane_and_target(endpoint)
        view = (await self.store.views([lane.id], look_ahead=position + 1))[0]
        return self.prepare_head(view.heads[position], target, taken)

    def prepare_head(self, head: Head, target: Target, taken: frozenset[str] = frozenset()) -> Prepared:
        known = head.message if reusable(head.message, target) else None
        sent = known or written(head, target, self.name("control"), taken)
        return Prepared(
            lane=head.delivery.lane,
            claiming=Claim(
                delivery=head.delivery.id,
                report=head.report.id,
                report_version=head.report.version,
                target=target.number,
                longest_wait=timedelta(minutes=10),
                message=sent,
                is_renumbered=known is None and bool(taken - {head.spare}),
            ),
            taken=taken,
        )

    async def step(self, lane: LaneId, **wishes: Any) -> Stepped:
        step = Step(lane=lane, epoch=self.epoch, at=self.now, **wishes)
        return (await self.store.advance([step]))[0]

    async def try_claim(self, prepared: Prepared, settling: Settling | None = None) -> Stepped:
        return await self.step(prepared.lane, settling=settling, claiming=prepared.claiming)

    async def claim(self, endpoint: str = "epic") -> Flight:
        """Claim the head, which must be possible."""
        prepared = await self.prepare(endpoint)
        stepped = await self.try_claim(prepared)
        while stepped.is_filler_in_use:
            prepared = await self.prepare(endpoint, taken=prepared.found_in_use)
            stepped = await self.try_claim(prepared)
        assert stepped.attempt is not None, stepped.why_not
        return Flight(lane=prepared.lane, attempt=stepped.attempt, data=prepared.data)

    def settling(self, flight: Flight, verdict: Verdict, policy: Policy | None = None) -> Settling:
        return Settling(
            delivery=flight.attempt.delivery,
            attempt=flight.attempt.number,
            verdict=verdict,
            reply=verdict.code.encode(),
            policy=policy or self.policy,
            jitter=0.5,
        )

    async def settle(self, flight: Flight, verdict: Verdict, policy: Policy | None = None) -> Stepped:
        return await self.step(flight.lane, settling=self.settling(flight, verdict, policy))

    async def send(
        self, endpoint: str = "epic", verdict: Verdict = DELIVERED, policy: Policy | None = None
    ) -> Flight:
        """Claim the head and settle it."""
        flight = await self.claim(endpoint)
        await self.settle(flight, verdict, policy)
        return flight

    # People.

    async def act(self, kind: str, delivery: int | None = None, **changes: Any) -> Acted:
        return await self.store.act(self.action(kind, delivery, **changes))

    def action(self, kind: str, delivery: int | None = None, **changes: Any) -> Action:
        fields = {
            "actor": "ada@example.org",
            "reason": "CHG-4411",
            "key": changes.pop("key", None) or self.name("key"),
            "at": self.now,
            **changes,
        }
        return Action(kind=kind, delivery=delivery, **fields)

    async def resume(self, endpoint: str = "epic") -> Acted:
        return await self.act("resume", site=SITE, endpoint=self.names.get(endpoint, endpoint))

    async def pause(self, endpoint: str = "epic", until: datetime | None = None) -> Acted:
        name = self.names.get(endpoint, endpoint)
        return await self.act("pause", site=SITE, endpoint=name, until=until)

    async def send_once(self, study: str = "s-1", endpoint: str = "epic", key: str = "") -> Acted:
        return await self.store.send_once(
            OneOffSend(
                study=study,
                site=SITE,
                endpoint=self.names.get(endpoint, endpoint),
                actor="ada@example.org",
                reason="asked by the ward",
                key=key or self.name("key"),
                at=self.now,
            )
        )

    # What became of it.

    async def found(self) -> dict[int, FoundDelivery]:
        return {one.delivery.id: one for one in await self.store.find(Query(limit=10_000))}

    async def states(self) -> dict[int, str]:
        """Where each delivery stands, in the order of acceptance."""
        return {number: str(one.delivery.state) for number, one in sorted((await self.found()).items())}

    async def state(self, delivery: int) -> str:
        return (await self.states())[delivery]
