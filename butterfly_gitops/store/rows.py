"""Access to the rows inside one transaction: what each backend provides, and all that the transactions use.

A backend keeps rows; it decides nothing. Lists come in the order of their ids.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from butterfly_gitops.model.delivery import (
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
from butterfly_gitops.store.body import Body
from butterfly_gitops.store.interface import Condition, Generation, Hold, Withheld
from butterfly_gitops.store.people import AuditEntry, Query


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """One accepted event: what outlives its body. `patient` holds identifier keys."""

    number: EventNumber
    event_id: str
    digest: str
    kind: EventKind
    occurred_at: datetime
    received_at: datetime
    applies: int
    site: str
    archive: str
    study: str
    revision: int
    accession: str = field(repr=False)
    patient: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DoneAction:
    """The action under an idempotency key: `fingerprint` tells a repeat from another action under the same key."""

    key: str
    fingerprint: str
    delivery: DeliveryId | None


StoredRow = (
    Report | Delivery | Attempt | StoredMessage | Lane | Target | Rule | Hold | DoneAction | AuditEntry
)


class Undone(Exception):  # noqa: N818 - it says what happened
    """A part of a transaction raised `error`, and had no effect; the rest may go on."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class Rows(Protocol):
    """One transaction's view of the rows; it sees its own writes."""

    def apart(self) -> AbstractContextManager[None]:
        """Do what is inside whole or not at all. Raises Undone for whatever it raises but a failure of the disk."""
        ...

    def forget(self) -> None:
        """Read every row anew: what is kept of them is of no use once somebody else has written."""
        ...

    def setting(self, name: str) -> str:
        """Return one value of the state itself (`fleet`, `applies`, `epoch`), empty where it was never set."""
        ...

    def put_setting(self, name: str, value: str) -> None: ...

    def next_event(self) -> EventNumber:
        """Return the number of the next event; `next_*` are one above the highest ever stored."""
        ...

    def next_report(self) -> ReportId: ...

    def next_delivery(self) -> DeliveryId: ...

    def next_lane(self) -> LaneId: ...

    def next_rule(self) -> RuleId: ...

    def put(self, *rows: StoredRow) -> None:
        """Write whole rows in this order; a message, a target and what people did are only ever added."""
        ...

    # Events and decisions: only ever added.

    def event(self, number: EventNumber) -> EventRow: ...

    def event_body(self, number: EventNumber) -> Body:
        """Return the body of an event: millions of characters, where documents are in it."""
        ...

    def event_by_id(self, event_id: str) -> EventRow | None: ...

    def latest_of_study(self, study: str, kinds: Collection[EventKind]) -> EventRow | None:
        """Return the study's event of these kinds with the highest rank (the newest accepted among equals)."""
        ...

    def add_event(self, row: EventRow, body: Body) -> None: ...

    def decisions_of(self, event: EventNumber) -> Sequence[tuple[Decision, DeliveryId | None]]:
        """Return an event's decisions in the order of their rules."""
        ...

    def add_decision(self, event: EventNumber, decision: Decision, delivery: DeliveryId | None) -> None: ...

    # Reports, deliveries, attempts, messages.

    def report(self, report: ReportId) -> Report: ...

    def reports_of_study(self, study: str) -> Sequence[Report]: ...

    def reports_with_filler(self, filler: str) -> Sequence[Report]:
        """Return the reports with this OBR-3, at whatever endpoint."""
        ...

    def delivery(self, delivery: DeliveryId) -> Delivery | None: ...

    def open_of_reports(self, reports: Collection[ReportId]) -> Sequence[Delivery]:
        """Return the deliveries of these reports that are not final."""
        ...

    def in_lane(self, lane: LaneId, states: Collection[State]) -> Sequence[Delivery]:
        """Return a lane's deliveries in these states."""
        ...

    def heads(self, lane: LaneId, limit: int) -> Sequence[Delivery]:
        """Return the first deliveries that are queued, sending or uncertain, in the order of acceptance."""
        ...

    def attempt(self, delivery: DeliveryId, number: int) -> Attempt | None: ...

    def attempts_of(self, delivery: DeliveryId) -> Sequence[Attempt]: ...

    def message(self, delivery: DeliveryId, number: int) -> StoredMessage | None: ...

    def messages_of(self, delivery: DeliveryId) -> Sequence[StoredMessage]: ...

    # What is applied.

    def lane(self, lane: LaneId) -> Lane: ...

    def lanes(self) -> Sequence[Lane]:
        """Return every lane that has not ended."""
        ...

    def lost_lanes(self) -> Sequence[LaneId]:
        """Return the lanes that have targets and no row, newest first."""
        ...

    def lanes_of_site(self, site: str) -> Sequence[Lane]:
        """Return the site's lanes that have not ended."""
        ...

    def incarnations(self, site: str, endpoint: str) -> int:
        """Return how many lanes of this name there have been."""
        ...

    def target(self, lane: LaneId, number: TargetNumber) -> Target: ...

    def targets_of(self, lane: LaneId) -> Sequence[Target]: ...

    def targets_of_report(self, report: ReportId) -> Sequence[Target]:
        """Return the targets of all attempts of a report's deliveries."""
        ...

    def rules(self) -> Sequence[Rule]:
        """Return every rule of every interval."""
        ...

    def rules_of_site(self, site: str) -> Sequence[Rule]: ...

    def generations(self) -> Sequence[tuple[Generation, str]]:
        """Return the newest generation of each site and of the settings (`site` empty), with its content."""
        ...

    def generation(self, site: str) -> Generation | None: ...

    def content_of(self, site: str) -> str:
        """Return the content of the site's newest generation (of the settings, `site` empty); empty where none is."""
        ...

    def add_generation(self, generation: Generation, content: str) -> None: ...

    def archive_names_taken(self, site: str, names: Collection[str]) -> Mapping[str, str]:
        """Return which of these names of archives another site has, and which site."""
        ...

    def put_archive_names(self, site: str, names: Collection[str]) -> None:
        """Let a site have exactly these names of archives."""
        ...

    def conditions(self) -> Sequence[Condition]: ...

    def replace_conditions(self, conditions: Sequence[Condition]) -> None: ...

    def holds(self) -> Sequence[Hold]:
        """Return all holds, by site and id."""
        ...

    def delete_hold(self, hold: str) -> None: ...

    # What people did.

    def done(self, key: str) -> DoneAction | None: ...

    def audit_of(self, subject: str) -> Sequence[AuditEntry]: ...

    # Counts and searches.

    def open_of_archive(self, site: str, archive: str) -> Sequence[Delivery]:
        """Return the deliveries that are not final and came from events of an archive."""
        ...

    def state_counts(self) -> Mapping[LaneId, Mapping[State, int]]:
        """Count each lane's deliveries by state; zeros are left out."""
        ...

    def oldest_in_lane(self) -> Mapping[LaneId, datetime]:
        """Return when each lane's oldest delivery that it still has to send was accepted."""
        ...

    def finalized_since(self, site: str, archive: str, since: datetime) -> int:
        """Count the archive's studies with a finalized event that occurred then or later."""
        ...

    def gap_counts(self) -> Mapping[LaneId, int]:
        """Count the studies in each lane's gap; zeros are left out."""
        ...

    def gap_of(self, lane: LaneId, limit: int) -> Sequence[tuple[EventRow, str]]:
        """Return the newest event of each study in a lane's gap with its verdict, newest first.

        A study is in the gap whose event met a rule of the lane that did not send it, for its start or for want of
        its row; unless its endpoint has had a result of it, or the study was reverted or deleted since.
        """
        ...

    def withheld(self) -> Sequence[Withheld]:
        """Return reports of which their EHR may show what it should not.

        The study's newest event reverted or deleted it; or its newest finalized is of another patient, and a
        withdrawal was made. The revision is that of what may be shown.
        """
        ...

    def find(self, query: Query) -> Sequence[Delivery]: ...

    def undecided(self, rule: Rule) -> Sequence[EventRow]:
        """Return the events that a rule, were it in force since its start, should have met and did not."""
        ...

    def unmet(self, rule: Rule) -> Sequence[str]:
        """Return the studies with a finalized event since a rule's start that its lane has no decision on.

        One for being before a rule's start is none.
        """
        ...

    def event_count(self) -> int: ...

    def decision_balance(self) -> tuple[int, int, int, int]:
        """Compare two sets of (event, rule): those that `delivery.routing.is_considered` names, and the decided.

        Returns how many are considered, decided, considered but not decided, and decided but not considered.
        """
        ...

    def verdict_counts(self) -> Mapping[str, int]:
        """Count the decisions without a delivery by their verdict, up to its first space."""
        ...

    def states_of_causes(self) -> Mapping[str, Mapping[State, int]]:
        """Count all deliveries by cause and state."""
        ...
