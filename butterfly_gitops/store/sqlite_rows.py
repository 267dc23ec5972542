"""The rows as SQLite keeps them: one connection's view inside its open transaction."""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import apsw

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
from butterfly_gitops.model.study import EventKind
from butterfly_gitops.store import row_codec as codec
from butterfly_gitops.store.body import Body
from butterfly_gitops.store.interface import AuditEntry, Condition, Generation, Hold, Query, Withheld
from butterfly_gitops.store.kept import Kept
from butterfly_gitops.store.row_codec import CODES, STATES, Row
from butterfly_gitops.store.rows import Done, EventRow
from butterfly_gitops.store.sqlite_statements import STATEMENTS, find_among, with_many

T = TypeVar("T")

# What is kept is small, but for messages and bodies: some kilobytes each, a document now and then.
_MANY = 20_000
_FEW = 1_000


class SqliteRows:
    """`Rows` over one connection; `forget` what it counted once a transaction or a savepoint is rolled back.

    What identifies a report or a delivery (its lane, event, study and so on) stays as it was added.
    """

    def __init__(self, connection: apsw.Connection, *, keeps: bool) -> None:
        """Keep rows where `keeps` says that nobody but this connection writes."""
        self._connection = connection
        self._last: dict[str, int] = {}
        few, many = (_FEW, _MANY) if keeps else (0, 0)
        self._settings: Kept[str, str] = Kept(most=few)
        self._lanes: Kept[LaneId, Lane] = Kept(most=many)
        self._targets: Kept[tuple[LaneId, TargetNumber], Target] = Kept(most=many)
        self._studies: Kept[str, tuple[ReportId, ...]] = Kept(most=many)
        self._reports: Kept[ReportId, Report] = Kept(most=many)
        self._deliveries: Kept[DeliveryId, Delivery] = Kept(most=many)
        self._attempts: Kept[int, Attempt] = Kept(most=few, size=lambda one: len(one.reply))
        self._messages: Kept[int, StoredMessage] = Kept(most=few, size=lambda one: len(one.data))
        self._bodies: Kept[EventNumber, Body] = Kept(most=many, size=lambda one: one.weight)

    def forget(self) -> None:
        """Read the highest ids and every row anew."""
        self._last.clear()
        for kept in (
            self._settings,
            self._lanes,
            self._targets,
            self._studies,
            self._reports,
            self._deliveries,
            self._attempts,
            self._messages,
            self._bodies,
        ):
            kept.forget()

    def _run(self, name: str, values: Row) -> None:
        self._connection.execute(STATEMENTS[name], values)

    def _first(self, sql: str, values: Row, read: Callable[[Row], T]) -> T | None:
        row = self._connection.execute(sql, values).fetchone()
        return None if row is None else read(row)

    def _one(self, name: str, values: Row, read: Callable[[Row], T]) -> T:
        row = self._connection.execute(STATEMENTS[name], values).fetchone()
        if row is None:
            raise KeyError(name, *values)
        return read(row)

    def _all(self, sql: str, values: Row, read: Callable[[Row], T]) -> list[T]:
        return [read(row) for row in self._connection.execute(sql, values)]

    def _count(self, name: str, values: Row = ()) -> int:
        return int(self._connection.execute(STATEMENTS[name], values).get or 0)

    def _next(self, table: str) -> int:
        if table not in self._last:
            self._last[table] = self._count(f"last_{table}")
        return self._last[table] + 1

    def _added(self, table: str, number: int) -> None:
        self._last[table] = max(number, self._next(table) - 1)

    def setting(self, name: str) -> str:
        return self._settings.get(name, self._setting) or ""

    def _setting(self, name: str) -> str:
        # What was never set is kept as well: some of it is asked for with every event.
        return self._first(STATEMENTS["setting"], (name,), lambda row: str(row[0])) or ""

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

    # Events and decisions.

    def event(self, number: EventNumber) -> EventRow:
        return self._one("event", (number,), codec.event_of)

    def event_body(self, number: EventNumber) -> Body:
        body = self._bodies.get(number, self._body)
        if body is None:
            raise KeyError("event", number)
        return body

    def _body(self, number: EventNumber) -> Body | None:
        return self._first(STATEMENTS["event_body"], (number,), lambda row: Body(row[0]))

    def event_by_id(self, event_id: str) -> EventRow | None:
        return self._first(STATEMENTS["event_by_id"], (event_id,), codec.event_of)

    def latest_of_study(self, study: str, kinds: Collection[EventKind]) -> EventRow | None:
        sql = with_many("latest_of_study", len(kinds))
        return self._first(sql, (study, *kinds), codec.event_of)

    def add_event(self, row: EventRow, body: Body) -> None:
        self._run("add_event", (*codec.event_values(row), body.text))
        self._added("event", row.number)
        self._bodies.put(row.number, body)

    def decisions_of(self, event: EventNumber) -> Sequence[tuple[Decision, DeliveryId | None]]:
        return self._all(STATEMENTS["decisions_of"], (event,), codec.decision_of)

    def add_decision(self, event: EventNumber, decision: Decision, delivery: DeliveryId | None) -> None:
        self._run("add_decision", codec.decision_values(event, decision, delivery))

    # Reports, deliveries, attempts, messages.

    def report(self, report: ReportId) -> Report:
        row = self._reports.get(report, self._report)
        if row is None:
            raise KeyError("report", report)
        return row

    def _report(self, report: ReportId) -> Report | None:
        return self._first(STATEMENTS["report"], (report,), codec.report_of)

    def reports_of_study(self, study: str) -> Sequence[Report]:
        return [self.report(one) for one in self._studies.get(study, self._study) or ()]

    def _study(self, study: str) -> tuple[ReportId, ...]:
        return tuple(self._all(STATEMENTS["reports_of_study"], (study,), lambda row: ReportId(row[0])))

    def reports_with_filler(self, filler: str) -> Sequence[Report]:
        found = self._all(STATEMENTS["reports_with_filler"], (filler,), lambda row: ReportId(row[0]))
        return [self.report(one) for one in found]

    def put_report(self, report: Report) -> None:
        is_new = report.id >= self._next("report")
        before = self._reports.peek(report.id)
        self._put("report", report.id, codec.report_values(report))
        if not is_new and (before is None or before.filler != report.filler):
            # Apart, so that the index over it is touched once in a report's life.
            self._run("update_filler", (report.filler, report.id))
        self._reports.put(report.id, report)
        if is_new and (known := self._studies.peek(report.study)) is not None:
            self._studies.put(report.study, (*known, report.id))

    def _put(self, table: str, number: int, values: Row) -> None:
        if number < self._next(table):
            # An update that leaves identifying columns alone touches none of the indexes over them.
            self._run(f"update_{table}", values)
            if self._connection.changes() != 1:
                raise KeyError(f"{table} {number} is not what it was added as")
            return
        self._run(f"insert_{table}", values)
        self._added(table, number)

    def delivery(self, delivery: DeliveryId) -> Delivery | None:
        return self._deliveries.get(delivery, self._delivery)

    def _delivery(self, delivery: DeliveryId) -> Delivery | None:
        return self._first(STATEMENTS["delivery"], (delivery,), codec.delivery_of)

    def open_of_reports(self, reports: Collection[ReportId]) -> Sequence[Delivery]:
        return self._numbered(with_many("open_of_reports", len(reports)), tuple(reports))

    def _numbered(self, sql: str, values: Row) -> Sequence[Delivery]:
        found = self._all(sql, values, lambda row: DeliveryId(row[0]))
        return [one for number in found if (one := self.delivery(number)) is not None]

    def in_lane(self, lane: LaneId, states: Collection[State]) -> Sequence[Delivery]:
        waiting = [CODES[one] for one in states if one not in FINAL and one is not State.SET_ASIDE]
        final = [CODES[one] for one in states if one in FINAL]
        found: list[Delivery] = []
        if waiting:
            sql = with_many("in_lane_waiting", len(waiting))
            found += self._all(sql, (lane, *waiting), codec.delivery_of)
        if State.SET_ASIDE in states:
            found += self._all(STATEMENTS["in_lane_set_aside"], (lane,), codec.delivery_of)
        if final:
            found += self._all(with_many("in_lane_final", len(final)), (lane, *final), codec.delivery_of)
        return sorted(found, key=lambda one: one.id)

    def heads(self, lane: LaneId, limit: int) -> Sequence[Delivery]:
        return self._numbered(STATEMENTS["heads"], (lane, limit))

    def put_delivery(self, delivery: Delivery) -> None:
        self._put("delivery", delivery.id, codec.delivery_values(delivery))
        self._deliveries.put(delivery.id, delivery)

    def attempt(self, delivery: DeliveryId, number: int) -> Attempt | None:
        return self._attempts.get(codec.numbered_key(delivery, number), self._attempt)

    def _attempt(self, key: int) -> Attempt | None:
        return self._first(STATEMENTS["attempt"], (key,), codec.attempt_of)

    def attempts_of(self, delivery: DeliveryId) -> Sequence[Attempt]:
        return self._all(STATEMENTS["attempts_of"], codec.key_range(delivery), codec.attempt_of)

    def put_attempt(self, attempt: Attempt) -> None:
        self._run("put_attempt", codec.attempt_values(attempt))
        self._attempts.put(codec.numbered_key(attempt.delivery, attempt.number), attempt)

    def message(self, delivery: DeliveryId, number: int) -> StoredMessage | None:
        return self._messages.get(codec.numbered_key(delivery, number), self._message)

    def _message(self, key: int) -> StoredMessage | None:
        return self._first(STATEMENTS["message"], (key,), codec.message_of)

    def messages_of(self, delivery: DeliveryId) -> Sequence[StoredMessage]:
        return self._all(STATEMENTS["messages_of"], codec.key_range(delivery), codec.message_of)

    def add_message(self, message: StoredMessage) -> None:
        self._run("add_message", codec.message_values(message))
        self._messages.put(codec.numbered_key(message.delivery, message.number), message)

    # What is applied.

    def lane(self, lane: LaneId) -> Lane:
        row = self._lanes.get(lane, self._lane)
        if row is None:
            raise KeyError("lane", lane)
        return row

    def _lane(self, lane: LaneId) -> Lane | None:
        return self._first(STATEMENTS["lane"], (lane,), codec.lane_of)

    def lanes(self) -> Sequence[Lane]:
        return self._all(STATEMENTS["lanes"], (), codec.lane_of)

    def lanes_of_site(self, site: str) -> Sequence[Lane]:
        return self._all(STATEMENTS["lanes_of_site"], (site,), codec.lane_of)

    def incarnations(self, site: str, endpoint: str) -> int:
        return self._count("incarnations", (site, endpoint))

    def put_lane(self, lane: Lane) -> None:
        self._run("put_lane", codec.lane_values(lane))
        self._added("lane", lane.id)
        self._lanes.put(lane.id, lane)

    def target(self, lane: LaneId, number: TargetNumber) -> Target:
        row = self._targets.get((lane, number), self._target)
        if row is None:
            raise KeyError("target", lane, number)
        return row

    def _target(self, key: tuple[LaneId, TargetNumber]) -> Target | None:
        return self._first(STATEMENTS["target"], key, codec.target_of)

    def targets_of(self, lane: LaneId) -> Sequence[Target]:
        return self._all(STATEMENTS["targets_of"], (lane,), codec.target_of)

    def add_target(self, target: Target) -> None:
        self._run("add_target", (target.lane, target.number, target.wire, target.text))

    def rules(self) -> Sequence[Rule]:
        return self._all(STATEMENTS["rules"], (), codec.rule_of)

    def rules_of_site(self, site: str) -> Sequence[Rule]:
        return self._all(STATEMENTS["rules_of_site"], (site,), codec.rule_of)

    def put_rule(self, rule: Rule) -> None:
        self._run("put_rule", codec.rule_values(rule))
        self._added("rule", rule.id)

    def generations(self) -> Sequence[tuple[Generation, str]]:
        return self._all(STATEMENTS["generations"], (), lambda row: (codec.generation_of(row), row[-1]))

    def generation(self, site: str) -> Generation | None:
        return self._first(STATEMENTS["generation"], (site,), codec.generation_of)

    def content_of(self, site: str) -> str:
        return self._first(STATEMENTS["content_of"], (site,), lambda row: str(row[0])) or ""

    def add_generation(self, generation: Generation, content: str) -> None:
        self._run("add_generation", (*codec.generation_values(generation), content))

    def archive_names_taken(self, site: str, names: Collection[str]) -> Mapping[str, str]:
        if not names:
            return {}
        sql = with_many("archive_names_taken", len(names))
        return dict(self._all(sql, (*names, site), lambda row: (row[0], row[1])))

    def put_archive_names(self, site: str, names: Collection[str]) -> None:
        self._run("delete_archive_names", (site,))
        for name in sorted(set(names)):
            self._run("add_archive_name", (name, site))

    def conditions(self) -> Sequence[Condition]:
        return self._all(STATEMENTS["conditions"], (), codec.condition_of)

    def replace_conditions(self, conditions: Sequence[Condition]) -> None:
        self._run("delete_conditions", ())
        for condition in conditions:
            self._run("add_condition", codec.condition_values(condition))

    def holds(self) -> Sequence[Hold]:
        return self._all(STATEMENTS["holds"], (), codec.hold_of)

    def put_hold(self, hold: Hold) -> None:
        self._run("put_hold", codec.hold_values(hold))

    def delete_hold(self, hold: str) -> None:
        self._run("delete_hold", (hold,))

    # What people did.

    def done(self, key: str) -> Done | None:
        return self._first(STATEMENTS["done"], (key,), codec.done_of)

    def add_done(self, done: Done) -> None:
        self._run("add_done", (done.key, done.fingerprint, done.delivery))

    def audit_of(self, subject: str) -> Sequence[AuditEntry]:
        return self._all(STATEMENTS["audit_of"], (subject,), codec.audit_of)

    def add_audit(self, entry: AuditEntry) -> None:
        values = codec.micros(entry.at), entry.actor, entry.action, entry.subject, entry.reason
        self._run("add_audit", values)

    # Counts and searches.

    def open_of_archive(self, site: str, archive: str) -> Sequence[Delivery]:
        return self._all(STATEMENTS["open_of_archive"], (site, archive), codec.delivery_of)

    def state_counts(self) -> Mapping[LaneId, Mapping[State, int]]:
        counts: defaultdict[LaneId, dict[State, int]] = defaultdict(dict)
        for lane, state, count in self._connection.execute(STATEMENTS["state_counts"]):
            counts[LaneId(lane)][STATES[state]] = count
        return dict(counts)

    def oldest_in_lane(self) -> Mapping[LaneId, datetime]:
        rows = self._connection.execute(STATEMENTS["oldest_in_lane"])
        return {LaneId(lane): codec.instant(at) for lane, at in rows}

    def finalized_since(self, site: str, archive: str, since: datetime) -> int:
        return self._count("finalized_since", (site, archive, codec.micros(since)))

    def withheld(self) -> Sequence[Withheld]:
        ended = self._all(STATEMENTS["withheld_of_ended"], (), lambda row: row)
        others = self._all(STATEMENTS["withheld_of_others"], (), lambda row: row)
        found = {row[0]: row for row in (*ended, *filter(codec.is_of_another, others))}
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
            "patient": codec.json_set(query.patient) if query.patient else None,
            "limit": query.limit,
        }
        sql = find_among(_candidates(query))
        return [codec.delivery_of(row) for row in self._connection.execute(sql, values)]

    def gap_counts(self) -> Mapping[LaneId, int]:
        return dict(self._all(STATEMENTS["gap_counts"], (), lambda row: (LaneId(row[0]), row[1])))

    def gap_of(self, lane: LaneId, limit: int) -> Sequence[tuple[EventRow, str]]:
        return self._all(STATEMENTS["gap_of"], (lane, limit), lambda row: (codec.event_of(row), row[-1]))

    def undecided(self, rule: Rule) -> Sequence[EventRow]:
        values = rule.site, rule.archive, rule.started_by, rule.id
        return self._all(STATEMENTS["undecided"], values, codec.event_of)

    def unmet(self, rule: Rule) -> Sequence[str]:
        values = rule.site, rule.archive, codec.micros(rule.start), rule.lane
        return self._all(STATEMENTS["unmet"], values, lambda row: str(row[0]))

    def event_count(self) -> int:
        return self._count("event_count")

    def decision_balance(self) -> tuple[int, int, int, int]:
        decided = self._count("decision_count")
        considered, matched = self._one("considered", (), lambda row: (row[0], row[1]))
        return considered, decided, considered - matched, decided - matched

    def verdict_counts(self) -> Mapping[str, int]:
        return dict(self._all(STATEMENTS["verdict_counts"], (), lambda row: (row[0], row[1])))

    def states_of_causes(self) -> Mapping[str, Mapping[State, int]]:
        counts: defaultdict[str, dict[State, int]] = defaultdict(dict)
        for cause, state, count in self._connection.execute(STATEMENTS["states_of_causes"]):
            counts[cause][STATES[state]] = count
        return dict(counts)


def _candidates(query: Query) -> str:
    """Name where to look: what is open or of one study or patient is found without reading all deliveries."""
    if query.study:
        return "of_study"
    if query.patient:
        return "of_patient"
    if query.states and not query.states & FINAL:
        return "open"
    return "anywhere"
