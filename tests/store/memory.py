"""The store's reference: rows in plain dicts, looked through from end to end."""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from datetime import datetime
from typing import TypeVar, assert_never, get_args

from butterfly_gitops.delivery.patient import identifier_keys, is_same_patient
from butterfly_gitops.delivery.routing import is_considered
from butterfly_gitops.model.delivery import (
    FINAL,
    IN_LANE,
    Attempt,
    Content,
    Decision,
    Delivery,
    DeliveryId,
    EventNumber,
    Lane,
    LaneId,
    Report,
    ReportId,
    Rule,
    RuleId,
    State,
    StoredMessage,
    Target,
    TargetNumber,
)
from butterfly_gitops.model.study import EventKind, PatientIdentifier
from butterfly_gitops.store.body import Body
from butterfly_gitops.store.interface import Condition, Generation, Hold, StoreUnavailable, Withheld
from butterfly_gitops.store.people import AuditEntry, Query
from butterfly_gitops.store.row_store import RowStore
from butterfly_gitops.store.rows import DoneAction, EventRow, Rows, StoredRow, Undone

T = TypeVar("T")


class MemoryRows:
    """`Rows` in dicts and lists; values are frozen, so a shallow copy of each is a snapshot."""

    def __init__(self) -> None:
        self._settings: dict[str, str] = {}
        self._events: dict[EventNumber, EventRow] = {}
        self._bodies: dict[EventNumber, Body] = {}
        self._decisions: dict[tuple[EventNumber, RuleId], tuple[Decision, DeliveryId | None]] = {}
        self._reports: dict[ReportId, Report] = {}
        self._deliveries: dict[DeliveryId, Delivery] = {}
        self._attempts: dict[tuple[DeliveryId, int], Attempt] = {}
        self._messages: dict[tuple[DeliveryId, int], StoredMessage] = {}
        self._lanes: dict[LaneId, Lane] = {}
        self._targets: dict[tuple[LaneId, TargetNumber], Target] = {}
        self._rules: dict[RuleId, Rule] = {}
        self._generations: dict[str, tuple[Generation, str]] = {}
        self._archive_names: dict[str, str] = {}
        self._conditions: list[Condition] = []
        self._holds: dict[str, Hold] = {}
        self._done: dict[str, DoneAction] = {}
        self._audit: list[AuditEntry] = []

    def snapshot(self) -> dict[str, object]:
        """Return a copy of everything."""
        return {name: copy(value) for name, value in vars(self).items()}

    def roll_back(self, snapshot: dict[str, object]) -> None:
        """Return to a snapshot."""
        vars(self).update(snapshot)

    @contextmanager
    def apart(self) -> Iterator[None]:
        before = self.snapshot()
        try:
            yield
        except Exception as error:
            self.roll_back(before)
            raise Undone(error) from error

    def forget(self) -> None:
        """Nothing is kept beside the rows."""

    def setting(self, name: str) -> str:
        return self._settings.get(name, "")

    def put_setting(self, name: str, value: str) -> None:
        self._settings[name] = value

    def put(self, *rows: StoredRow) -> None:
        for row in rows:
            match row:
                case Report():
                    self._reports[row.id] = row
                case Delivery():
                    self._deliveries[row.id] = row
                case Attempt():
                    self._attempts[row.delivery, row.number] = row
                case StoredMessage():
                    self._messages[row.delivery, row.number] = row
                case Lane():
                    self._lanes[row.id] = row
                case Target():
                    self._targets[row.lane, row.number] = row
                case Rule():
                    self._rules[row.id] = row
                case Hold():
                    self._holds[row.id] = row
                case DoneAction():
                    self._done[row.key] = row
                case AuditEntry():
                    self._audit.append(row)
                case _:
                    assert_never(row)

    def next_event(self) -> EventNumber:
        return EventNumber(max(self._events, default=0) + 1)

    def next_report(self) -> ReportId:
        return ReportId(max(self._reports, default=0) + 1)

    def next_delivery(self) -> DeliveryId:
        return DeliveryId(max(self._deliveries, default=0) + 1)

    def next_lane(self) -> LaneId:
        return LaneId(max([*self._lanes, *(lane for lane, _ in self._targets)], default=0) + 1)

    def next_rule(self) -> RuleId:
        return RuleId(max(self._rules, default=0) + 1)

    def event(self, number: EventNumber) -> EventRow:
        return self._events[number]

    def event_body(self, number: EventNumber) -> Body:
        return self._bodies[number]

    def event_by_id(self, event_id: str) -> EventRow | None:
        return next((one for one in self._events.values() if one.event_id == event_id), None)

    def latest_of_study(self, study: str, kinds: Collection[EventKind]) -> EventRow | None:
        found = [one for one in self._events.values() if one.study == study and one.kind in kinds]
        return max(found, key=lambda one: (one.revision, one.occurred_at, one.number), default=None)

    def add_event(self, row: EventRow, body: Body) -> None:
        self._events[row.number] = row
        self._bodies[row.number] = body

    def decisions_of(self, event: EventNumber) -> Sequence[tuple[Decision, DeliveryId | None]]:
        return [self._decisions[key] for key in sorted(self._decisions) if key[0] == event]

    def add_decision(self, event: EventNumber, decision: Decision, delivery: DeliveryId | None) -> None:
        self._decisions[event, decision.rule] = decision, delivery

    def report(self, report: ReportId) -> Report:
        return self._reports[report]

    def reports_of_study(self, study: str) -> Sequence[Report]:
        return [one for _, one in sorted(self._reports.items()) if one.study == study]

    def reports_with_filler(self, filler: str) -> Sequence[Report]:
        return [one for _, one in sorted(self._reports.items()) if one.filler == filler]

    def delivery(self, delivery: DeliveryId) -> Delivery | None:
        return self._deliveries.get(delivery)

    def _sorted_deliveries(self) -> list[Delivery]:
        return [one for _, one in sorted(self._deliveries.items())]

    def open_of_reports(self, reports: Collection[ReportId]) -> Sequence[Delivery]:
        return [one for one in self._sorted_deliveries() if one.report in reports and one.state not in FINAL]

    def in_lane(self, lane: LaneId, states: Collection[State]) -> Sequence[Delivery]:
        return [one for one in self._sorted_deliveries() if one.lane == lane and one.state in states]

    def heads(self, lane: LaneId, limit: int) -> Sequence[Delivery]:
        return self.in_lane(lane, IN_LANE)[:limit]

    def attempt(self, delivery: DeliveryId, number: int) -> Attempt | None:
        return self._attempts.get((delivery, number))

    def attempts_of(self, delivery: DeliveryId) -> Sequence[Attempt]:
        return [self._attempts[key] for key in sorted(self._attempts) if key[0] == delivery]

    def message(self, delivery: DeliveryId, number: int) -> StoredMessage | None:
        return self._messages.get((delivery, number))

    def messages_of(self, delivery: DeliveryId) -> Sequence[StoredMessage]:
        return [self._messages[key] for key in sorted(self._messages) if key[0] == delivery]

    def lane(self, lane: LaneId) -> Lane:
        return self._lanes[lane]

    def lanes(self) -> Sequence[Lane]:
        return [one for _, one in sorted(self._lanes.items()) if not one.ended]

    def lost_lanes(self) -> Sequence[LaneId]:
        return sorted({lane for lane, _ in self._targets} - self._lanes.keys(), reverse=True)

    def lanes_of_site(self, site: str) -> Sequence[Lane]:
        return [one for one in self.lanes() if one.site == site]

    def incarnations(self, site: str, endpoint: str) -> int:
        return sum((one.site, one.endpoint) == (site, endpoint) for one in self._lanes.values())

    def target(self, lane: LaneId, number: TargetNumber) -> Target:
        return self._targets[lane, number]

    def targets_of(self, lane: LaneId) -> Sequence[Target]:
        return [self._targets[key] for key in sorted(self._targets) if key[0] == lane]

    def targets_of_report(self, report: ReportId) -> Sequence[Target]:
        attempts = [
            (self._deliveries[delivery].lane, one.target)
            for (delivery, _), one in self._attempts.items()
            if self._deliveries[delivery].report == report
        ]
        return [self._targets[key] for key in sorted(set(attempts))]

    def rules(self) -> Sequence[Rule]:
        return [one for _, one in sorted(self._rules.items())]

    def rules_of_site(self, site: str) -> Sequence[Rule]:
        return [one for one in self.rules() if one.site == site]

    def generations(self) -> Sequence[tuple[Generation, str]]:
        return [one for _, one in sorted(self._generations.items())]

    def generation(self, site: str) -> Generation | None:
        return self._generations[site][0] if site in self._generations else None

    def content_of(self, site: str) -> str:
        return self._generations[site][1] if site in self._generations else ""

    def add_generation(self, generation: Generation, content: str) -> None:
        self._generations[generation.site] = generation, content

    def archive_names_taken(self, site: str, names: Collection[str]) -> Mapping[str, str]:
        return {
            name: holder
            for name, holder in sorted(self._archive_names.items())
            if name in names and holder != site
        }

    def put_archive_names(self, site: str, names: Collection[str]) -> None:
        others = {name: holder for name, holder in self._archive_names.items() if holder != site}
        self._archive_names = {**others, **dict.fromkeys(names, site)}

    def conditions(self) -> Sequence[Condition]:
        return sorted(self._conditions, key=lambda one: (one.site, one.endpoint, one.kind))

    def replace_conditions(self, conditions: Sequence[Condition]) -> None:
        self._conditions = list(conditions)

    def holds(self) -> Sequence[Hold]:
        return sorted(self._holds.values(), key=lambda one: (one.site, one.id))

    def delete_hold(self, hold: str) -> None:
        self._holds.pop(hold, None)

    def done(self, key: str) -> DoneAction | None:
        return self._done.get(key)

    def audit_of(self, subject: str) -> Sequence[AuditEntry]:
        return [one for one in self._audit if one.subject == subject]

    def open_of_archive(self, site: str, archive: str) -> Sequence[Delivery]:
        return [
            one
            for _, one in sorted(self._deliveries.items())
            if one.state not in FINAL
            and (self._events[one.event].site, self._events[one.event].archive) == (site, archive)
        ]

    def state_counts(self) -> Mapping[LaneId, Mapping[State, int]]:
        counts: defaultdict[LaneId, Counter[State]] = defaultdict(Counter)
        for one in self._deliveries.values():
            counts[one.lane][one.state] += 1
        return counts

    def oldest_in_lane(self) -> Mapping[LaneId, datetime]:
        oldest: dict[LaneId, datetime] = {}
        for one in self._sorted_deliveries():
            if one.state in IN_LANE:
                oldest.setdefault(one.lane, one.accepted_at)
        return oldest

    def finalized_since(self, site: str, archive: str, since: datetime) -> int:
        studies = {
            one.study
            for one in self._events.values()
            if one.kind == "finalized"
            and (one.site, one.archive) == (site, archive)
            and one.occurred_at >= since
        }
        return len(studies)

    def withheld(self) -> Sequence[Withheld]:
        found = []
        for _, report in sorted(self._reports.items()):
            if not report.maybe_received or report.maybe_event is None:
                continue
            latest = self.latest_of_study(report.study, get_args(EventKind))
            is_ended = latest is not None and latest.kind in ("reverted", "deleted")
            if is_ended or self._is_withdrawn(report):
                revision = self._events[report.maybe_event].revision
                found.append(Withheld(lane=report.lane, study=report.study, revision=revision))
        return found

    def _is_withdrawn(self, report: Report) -> bool:
        finalized = self.latest_of_study(report.study, ("finalized",))
        made = [one for one in self._deliveries.values() if one.report == report.id]
        if finalized is None or not any(one.content is Content.WITHDRAWAL for one in made):
            return False
        patient = json.loads(self._bodies[finalized.number].text)["patient"]
        merged_from = [PatientIdentifier.model_construct(**one) for one in patient.get("merged_from", ())]
        return not is_same_patient(report.patient, finalized.patient, identifier_keys(merged_from))

    def find(self, query: Query) -> Sequence[Delivery]:
        newest_first = reversed(self._sorted_deliveries())
        return [one for one in newest_first if self._matches(query, one)][: query.limit]

    def _matches(self, query: Query, delivery: Delivery) -> bool:
        lane, event = self._lanes[delivery.lane], self._events[delivery.event]
        report = self._reports[delivery.report]
        return (
            query.site in ("", lane.site)
            and query.endpoint in ("", lane.endpoint)
            and query.study in ("", event.study, event.accession)
            and (not query.states or delivery.state in query.states)
            and (not query.patient or bool(query.patient & report.patient))
            and (query.before is None or delivery.id < query.before)
        )

    def gap_counts(self) -> Mapping[LaneId, int]:
        counts = {lane: len(self.gap_of(lane, len(self._events))) for lane in self._lanes}
        return {lane: count for lane, count in counts.items() if count}

    def gap_of(self, lane: LaneId, limit: int) -> Sequence[tuple[EventRow, str]]:
        own = self._lanes[lane]
        name = (own.site, own.endpoint)
        lanes = {one.id for one in self._lanes.values() if (one.site, one.endpoint) == name}
        had = {one.study for one in self._reports.values() if one.lane in lanes}
        newest = {
            self._events[event].study: (self._events[event], decision.verdict)
            for (event, _), (decision, delivery) in sorted(self._decisions.items())
            if decision.lane == lane and delivery is None and decision.leaves_gap
        }
        found = [one for study, one in newest.items() if study not in had and not self._is_ended(one[0])]
        return sorted(found, key=lambda one: -one[0].number)[:limit]

    def _is_ended(self, event: EventRow) -> bool:
        return any(
            one.kind in ("reverted", "deleted")
            and one.study == event.study
            and (one.revision, one.occurred_at) >= (event.revision, event.occurred_at)
            for one in self._events.values()
        )

    def undecided(self, rule: Rule) -> Sequence[EventRow]:
        return [
            one
            for number, one in sorted(self._events.items())
            if (one.site, one.archive) == (rule.site, rule.archive)
            and one.applies >= rule.started_by
            and (number, rule.id) not in self._decisions
        ]

    def unmet(self, rule: Rule) -> Sequence[str]:
        met = {
            number
            for (number, _), (decision, _) in self._decisions.items()
            if decision.lane == rule.lane and not decision.verdict.startswith("before-effective-from")
        }
        studies = [
            one.study
            for number, one in sorted(self._events.items())
            if one.kind == "finalized"
            and (one.site, one.archive) == (rule.site, rule.archive)
            and one.occurred_at >= rule.start
            and number not in met
        ]
        return list(dict.fromkeys(studies))

    def event_count(self) -> int:
        return len(self._events)

    def decision_balance(self) -> tuple[int, int, int, int]:
        considered = {
            (event.number, rule.id)
            for event in self._events.values()
            for rule in self._rules.values()
            if (event.site, event.archive) == (rule.site, rule.archive)
            and is_considered(rule, applies=event.applies, occurred_at=event.occurred_at)
        }
        decided = set(self._decisions)
        return len(considered), len(decided), len(considered - decided), len(decided - considered)

    def verdict_counts(self) -> Mapping[str, int]:
        return Counter(
            decision.verdict.split(" ")[0]
            for decision, delivery in self._decisions.values()
            if delivery is None
        )

    def states_of_causes(self) -> Mapping[str, Mapping[State, int]]:
        counts: defaultdict[str, Counter[State]] = defaultdict(Counter)
        for one in self._deliveries.values():
            counts[one.cause][one.state] += 1
        return counts


class MemoryStore(RowStore):
    """The `Store` over `MemoryRows`: one operation at a time, undone when it raises."""

    def __init__(self, rows: MemoryRows | None = None) -> None:
        self.rows = rows or MemoryRows()
        self._lock = asyncio.Lock()
        self._is_closed = False

    async def read(self, operation: Callable[[Rows], T]) -> T:
        return await self.write(operation)

    async def write(self, operation: Callable[[Rows], T]) -> T:
        async with self._lock:
            if self._is_closed:
                raise StoreUnavailable("the store is closed")
            before = self.rows.snapshot()
            try:
                return operation(self.rows)
            except BaseException:
                self.rows.roll_back(before)
                raise

    async def close(self) -> None:
        self._is_closed = True

    @property
    def can_commit(self) -> bool:
        return True
