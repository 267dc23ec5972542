"""The rows as SQLite keeps them: one connection's view inside its open transaction."""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar, assert_never

import apsw

from butterfly_gitops.delivery.patient import identifier_keys, is_same_patient
from butterfly_gitops.model.delivery import (
    FINAL,
    Attempt,
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
from butterfly_gitops.store import tables
from butterfly_gitops.store.body import Body
from butterfly_gitops.store.interface import Condition, Generation, Hold, Withheld
from butterfly_gitops.store.people import AuditEntry, Query
from butterfly_gitops.store.row_cache import RowCache
from butterfly_gitops.store.rows import DoneAction, EventRow, StoredRow, Undone
from butterfly_gitops.store.tables import (
    CODES,
    STATEMENTS,
    STATES,
    Row,
    Table,
    find_among,
    instant,
    json_set,
    key_range,
    micros,
    numbered_key,
    with_many,
)

T = TypeVar("T")
# What the disk, the memory or another process did: the whole transaction is lost, and may fare better later.
# Anything else that apsw raises is the defect of one operation.
UNAVAILABLE = (
    apsw.BusyError,
    apsw.CantOpenError,
    apsw.CorruptError,
    apsw.FullError,
    apsw.IOError,
    apsw.LockedError,
    apsw.NoMemError,
    apsw.NotADBError,
    apsw.PermissionsError,
    apsw.ProtocolError,
    apsw.ReadOnlyError,
)

# What is cached is small, but for messages and bodies: some kilobytes each, a document now and then.
_MANY = 20_000
_FEW = 1_000


class SqliteRows:
    """`Rows` over one connection; `forget` what it counted once a transaction or a savepoint is rolled back.

    What identifies a report or a delivery (its lane, event, study and so on) stays as it was added.
    """

    def __init__(self, connection: apsw.Connection, *, keeps: bool) -> None:
        """Cache rows where `keeps` says that nobody but this connection writes."""
        self._connection = connection
        self._last: dict[str, int] = {}
        few, many = (_FEW, _MANY) if keeps else (0, 0)
        # What was never set is cached as well: some of it is asked for with every event.
        self._settings = RowCache[str, str](
            lambda name: self._first("setting", (name,), _value_of) or "", most=few
        )
        self._lanes: RowCache[LaneId, Lane] = self._cache(tables.LANES, most=many)
        self._targets: RowCache[tuple[LaneId, TargetNumber], Target] = self._cache(tables.TARGETS, most=many)
        self._studies = RowCache[str, tuple[ReportId, ...]](
            lambda study: tuple(self._all("reports_of_study", (study,), _value_of)), most=many
        )
        self._reports: RowCache[ReportId, Report] = self._cache(tables.REPORTS, most=many)
        self._deliveries: RowCache[DeliveryId, Delivery] = self._cache(tables.DELIVERIES, most=many)
        self._attempts: RowCache[int, Attempt] = self._cache(
            tables.ATTEMPTS, most=few, size=lambda one: len(one.reply)
        )
        self._messages: RowCache[int, StoredMessage] = self._cache(
            tables.MESSAGES, most=few, size=lambda one: len(one.data)
        )
        self._bodies = RowCache[EventNumber, Body](
            lambda key: self._first("event_body", (key,), lambda row: Body(row[0])),
            most=many,
            size=lambda one: one.weight,
        )
        self._caches: tuple[RowCache[Any, Any], ...] = (
            self._settings, self._lanes, self._targets, self._studies, self._reports, self._deliveries,
            self._attempts, self._messages, self._bodies,
        )  # fmt: skip

    def _cache(
        self, table: Table[T], *, most: int, size: Callable[[T], int] | None = None
    ) -> RowCache[Any, T]:
        """Cache the rows of a table, which a statement of its name reads by their key."""

        def read(key: Any) -> T | None:
            return self._first(table.name, key if isinstance(key, tuple) else (key,), table.read)

        return RowCache(read, most=most, size=size)

    def forget(self) -> None:
        """Read the highest ids and every row anew."""
        self._last.clear()
        for cache in self._caches:
            cache.forget()

    @contextmanager
    def apart(self) -> Iterator[None]:
        self._connection.execute("SAVEPOINT apart")
        try:
            yield
        except UNAVAILABLE:
            raise
        except Exception as error:
            self._connection.execute("ROLLBACK TO apart; RELEASE apart")
            self.forget()
            raise Undone(error) from error
        self._connection.execute("RELEASE apart")

    def _run(self, name: str, values: Row) -> None:
        self._connection.execute(STATEMENTS[name], values)

    def _first(self, name: str, values: Row, read: Callable[[Row], T], *, many: int = 1) -> T | None:
        row = self._connection.execute(with_many(name, many), values).fetchone()
        return None if row is None else read(row)

    def _all(self, name: str, values: Row, read: Callable[[Row], T], *, many: int = 1) -> list[T]:
        return [read(row) for row in self._connection.execute(with_many(name, many), values)]

    def _count(self, name: str, values: Row = ()) -> int:
        return int(self._connection.execute(STATEMENTS[name], values).get or 0)

    def _next(self, table: str) -> int:
        if table not in self._last:
            self._last[table] = self._count(f"last_{table}")
        return self._last[table] + 1

    def _added(self, table: str, number: int) -> None:
        self._last[table] = max(number, self._next(table) - 1)

    def _insert(self, table: Table[T], row: T, *behind: object) -> None:
        self._connection.execute(table.insert, (*table.values(row), *behind))

    def _upsert(self, table: Table[T], row: T) -> None:
        self._connection.execute(table.upsert, table.values(row))

    def _put(self, table: Table[T], number: int, row: T) -> None:
        if number >= self._next(table.name):
            self._insert(table, row)
            self._added(table.name, number)
            return
        # An update that leaves identifying columns alone touches none of the indexes over them.
        self._connection.execute(table.update, table.values(row))
        if self._connection.changes() != 1:
            raise KeyError(f"{table.name} {number} is not what it was added as")

    def setting(self, name: str) -> str:
        return self._settings.get(name) or ""

    def put_setting(self, name: str, value: str) -> None:
        self._run("put_setting", (name, value))
        self._settings.put(name, value)

    def next_event(self) -> EventNumber:
        return EventNumber(self._next("event"))

    def next_report(self) -> ReportId:
        return ReportId(self._next("report"))

    def next_delivery(self) -> DeliveryId:
        return DeliveryId(self._next("delivery"))

    def next_lane(self) -> LaneId:
        return LaneId(self._next("lane"))

    def next_rule(self) -> RuleId:
        return RuleId(self._next("rule"))

    def put(self, *rows: StoredRow) -> None:
        for row in rows:
            match row:
                case Delivery():
                    self._put(tables.DELIVERIES, row.id, row)
                    self._deliveries.put(row.id, row)
                case Report():
                    self._put_report(row)
                case Attempt():
                    self._upsert(tables.ATTEMPTS, row)
                    self._attempts.put(numbered_key(row.delivery, row.number), row)
                case StoredMessage():
                    self._insert(tables.MESSAGES, row)
                    self._messages.put(numbered_key(row.delivery, row.number), row)
                case Lane():
                    self._upsert(tables.LANES, row)
                    self._added("lane", row.id)
                    self._lanes.put(row.id, row)
                case Rule():
                    self._upsert(tables.RULES, row)
                    self._added("rule", row.id)
                case Hold():
                    self._upsert(tables.HOLDS, row)
                case Target():
                    self._insert(tables.TARGETS, row)
                case DoneAction():
                    self._insert(tables.DONE, row)
                case AuditEntry():
                    self._insert(tables.AUDIT, row)
                case _:
                    assert_never(row)

    def _put_report(self, report: Report) -> None:
        is_new = report.id >= self._next("report")
        before = self._reports.peek(report.id)
        self._put(tables.REPORTS, report.id, report)
        if not is_new and (before is None or before.filler != report.filler):
            self._run("update_filler", (report.filler, report.id))
        self._reports.put(report.id, report)
        if is_new and (known := self._studies.peek(report.study)) is not None:
            self._studies.put(report.study, (*known, report.id))

    # Events and decisions.

    def event(self, number: EventNumber) -> EventRow:
        row = self._first("event", (number,), tables.EVENTS.read)
        if row is None:
            raise KeyError("event", number)
        return row

    def event_body(self, number: EventNumber) -> Body:
        return self._bodies.known(number)

    def event_by_id(self, event_id: str) -> EventRow | None:
        return self._first("event_by_id", (event_id,), tables.EVENTS.read)

    def latest_of_study(self, study: str, kinds: Collection[EventKind]) -> EventRow | None:
        return self._first("latest_of_study", (study, *kinds), tables.EVENTS.read, many=len(kinds))

    def add_event(self, row: EventRow, body: Body) -> None:
        self._insert(tables.EVENTS, row, body.text)
        self._added("event", row.number)
        self._bodies.put(row.number, body)

    def decisions_of(self, event: EventNumber) -> Sequence[tuple[Decision, DeliveryId | None]]:
        return self._all("decisions_of", (event,), lambda row: (tables.DECISIONS.read(row), row[-1]))

    def add_decision(self, event: EventNumber, decision: Decision, delivery: DeliveryId | None) -> None:
        self._insert(tables.DECISIONS, decision, event, delivery)

    # Reports, deliveries, attempts, messages.

    def report(self, report: ReportId) -> Report:
        return self._reports.known(report)

    def reports_of_study(self, study: str) -> Sequence[Report]:
        return [self.report(one) for one in self._studies.known(study)]

    def reports_with_filler(self, filler: str) -> Sequence[Report]:
        return [self.report(one) for one in self._all("reports_with_filler", (filler,), _value_of)]

    def delivery(self, delivery: DeliveryId) -> Delivery | None:
        return self._deliveries.get(delivery)

    def open_of_reports(self, reports: Collection[ReportId]) -> Sequence[Delivery]:
        found = self._all("open_of_reports", tuple(reports), _value_of, many=len(reports))
        return [self._deliveries.known(number) for number in found]

    def in_lane(self, lane: LaneId, states: Collection[State]) -> Sequence[Delivery]:
        waiting = [CODES[one] for one in states if one not in FINAL and one is not State.SET_ASIDE]
        final = [CODES[one] for one in states if one in FINAL]
        found: list[Delivery] = []
        if waiting:
            found += self._all("in_lane_waiting", (lane, *waiting), tables.DELIVERIES.read, many=len(waiting))
        if State.SET_ASIDE in states:
            found += self._all("in_lane_set_aside", (lane,), tables.DELIVERIES.read)
        if final:
            found += self._all("in_lane_final", (lane, *final), tables.DELIVERIES.read, many=len(final))
        return sorted(found, key=lambda one: one.id)

    def heads(self, lane: LaneId, limit: int) -> Sequence[Delivery]:
        return [self._deliveries.known(number) for number in self._all("heads", (lane, limit), _value_of)]

    def attempt(self, delivery: DeliveryId, number: int) -> Attempt | None:
        return self._attempts.get(numbered_key(delivery, number))

    def attempts_of(self, delivery: DeliveryId) -> Sequence[Attempt]:
        return self._all("attempts_of", key_range(delivery), tables.ATTEMPTS.read)

    def message(self, delivery: DeliveryId, number: int) -> StoredMessage | None:
        return self._messages.get(numbered_key(delivery, number))

    def messages_of(self, delivery: DeliveryId) -> Sequence[StoredMessage]:
        return self._all("messages_of", key_range(delivery), tables.MESSAGES.read)

    # What is applied.

    def lane(self, lane: LaneId) -> Lane:
        return self._lanes.known(lane)

    def lanes(self) -> Sequence[Lane]:
        return self._all("lanes", (), tables.LANES.read)

    def lost_lanes(self) -> Sequence[LaneId]:
        return self._all("lost_lanes", (), _value_of)

    def lanes_of_site(self, site: str) -> Sequence[Lane]:
        return self._all("lanes_of_site", (site,), tables.LANES.read)

    def incarnations(self, site: str, endpoint: str) -> int:
        return self._count("incarnations", (site, endpoint))

    def target(self, lane: LaneId, number: TargetNumber) -> Target:
        return self._targets.known((lane, number))

    def targets_of(self, lane: LaneId) -> Sequence[Target]:
        return self._all("targets_of", (lane,), tables.TARGETS.read)

    def targets_of_report(self, report: ReportId) -> Sequence[Target]:
        return self._all("targets_of_report", (report,), tables.TARGETS.read)

    def rules(self) -> Sequence[Rule]:
        return self._all("rules", (), tables.RULES.read)

    def rules_of_site(self, site: str) -> Sequence[Rule]:
        return self._all("rules_of_site", (site,), tables.RULES.read)

    def generations(self) -> Sequence[tuple[Generation, str]]:
        return self._all("generations", (), lambda row: (tables.GENERATIONS.read(row), row[-1]))

    def generation(self, site: str) -> Generation | None:
        return self._first("generation", (site,), tables.GENERATIONS.read)

    def content_of(self, site: str) -> str:
        return self._first("content_of", (site,), _value_of) or ""

    def add_generation(self, generation: Generation, content: str) -> None:
        self._insert(tables.GENERATIONS, generation, content)

    def archive_names_taken(self, site: str, names: Collection[str]) -> Mapping[str, str]:
        if not names:
            return {}
        return dict(self._all("archive_names_taken", (*names, site), _pair_of, many=len(names)))

    def put_archive_names(self, site: str, names: Collection[str]) -> None:
        self._run("delete_archive_names", (site,))
        for name in sorted(set(names)):
            self._run("add_archive_name", (name, site))

    def conditions(self) -> Sequence[Condition]:
        return self._all("conditions", (), tables.CONDITIONS.read)

    def replace_conditions(self, conditions: Sequence[Condition]) -> None:
        self._run("delete_conditions", ())
        for condition in conditions:
            self._insert(tables.CONDITIONS, condition)

    def holds(self) -> Sequence[Hold]:
        return self._all("holds", (), tables.HOLDS.read)

    def delete_hold(self, hold: str) -> None:
        self._run("delete_hold", (hold,))

    # What people did.

    def done(self, key: str) -> DoneAction | None:
        return self._first("done", (key,), tables.DONE.read)

    def audit_of(self, subject: str) -> Sequence[AuditEntry]:
        return self._all("audit_of", (subject,), tables.AUDIT.read)

    # Counts and searches.

    def open_of_archive(self, site: str, archive: str) -> Sequence[Delivery]:
        return self._all("open_of_archive", (site, archive), tables.DELIVERIES.read)

    def state_counts(self) -> Mapping[LaneId, Mapping[State, int]]:
        return self._states_by("state_counts")

    def _states_by(self, name: str) -> Mapping[Any, Mapping[State, int]]:
        counts: defaultdict[Any, dict[State, int]] = defaultdict(dict)
        for key, state, count in self._connection.execute(STATEMENTS[name]):
            counts[key][STATES[state]] = count
        return dict(counts)

    def oldest_in_lane(self) -> Mapping[LaneId, datetime]:
        rows = self._connection.execute(STATEMENTS["oldest_in_lane"])
        return {LaneId(lane): instant(at) for lane, at in rows}

    def finalized_since(self, site: str, archive: str, since: datetime) -> int:
        return self._count("finalized_since", (site, archive, micros(since)))

    def withheld(self) -> Sequence[Withheld]:
        ended = self._all("withheld_of_ended", (), _row_of)
        others = self._all("withheld_of_others", (), _row_of)
        found = {row[0]: row for row in (*ended, *filter(_is_of_another, others))}
        return [Withheld(lane=row[1], study=row[2], revision=row[3]) for _, row in sorted(found.items())]

    def find(self, query: Query) -> Sequence[Delivery]:
        lanes = None
        if query.site or query.endpoint:
            named = self._connection.execute(STATEMENTS["lanes_named"], (query.site, query.endpoint))
            lanes = json.dumps([lane for (lane,) in named])
        values = {
            "before": query.before,
            "states": json.dumps([CODES[one] for one in query.states]) if query.states else None,
            "lanes": lanes,
            "study": query.study,
            "patient": json_set(query.patient) if query.patient else None,
            "limit": query.limit,
        }
        sql = find_among(_candidates(query))
        return [tables.DELIVERIES.read(row) for row in self._connection.execute(sql, values)]

    def gap_counts(self) -> Mapping[LaneId, int]:
        return dict(self._all("gap_counts", (), _pair_of))

    def gap_of(self, lane: LaneId, limit: int) -> Sequence[tuple[EventRow, str]]:
        return self._all("gap_of", (lane, limit), lambda row: (tables.EVENTS.read(row), row[-1]))

    def undecided(self, rule: Rule) -> Sequence[EventRow]:
        values = rule.site, rule.archive, rule.started_by, rule.id
        return self._all("undecided", values, tables.EVENTS.read)

    def unmet(self, rule: Rule) -> Sequence[str]:
        values = rule.site, rule.archive, micros(rule.start), rule.lane
        return self._all("unmet", values, _value_of)

    def event_count(self) -> int:
        return self._count("event_count")

    def decision_balance(self) -> tuple[int, int, int, int]:
        decided = self._count("decision_count")
        ((considered, matched),) = self._all("considered", (), _pair_of)
        return considered, decided, considered - matched, decided - matched

    def verdict_counts(self) -> Mapping[str, int]:
        return dict(self._all("verdict_counts", (), _pair_of))

    def states_of_causes(self) -> Mapping[str, Mapping[State, int]]:
        return self._states_by("states_of_causes")


def _value_of(row: Row) -> Any:
    return row[0]


def _pair_of(row: Row) -> tuple[Any, Any]:
    return row[0], row[1]


def _row_of(row: Row) -> Row:
    return row


def _candidates(query: Query) -> str:
    """Name where to look: what is open or of one study or patient is found without reading all deliveries."""
    if query.study:
        return "of_study"
    if query.patient:
        return "of_patient"
    if query.states and not query.states & FINAL:
        return "open"
    return "anywhere"


def _is_of_another(row: Row) -> bool:
    """Tell whether a report and the newest finalized of its study are of two patients."""
    known, arriving = frozenset(json.loads(row[4])), frozenset(json.loads(row[5]))
    # Accepted is accepted: what this version would refuse names its patient all the same.
    merged_from = [PatientIdentifier.model_construct(**one) for one in json.loads(row[6] or "[]")]
    return not is_same_patient(known, arriving, identifier_keys(merged_from))
