"""The transaction that takes study events: all of a list, or none."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import get_args

from butterfly_gitops.delivery.leaving import takes_nothing
from butterfly_gitops.delivery.supersede import Arrival, KnownStudy, admit
from butterfly_gitops.model.delivery import IN_LANE, Decision, DeliveryId, LaneId, Rank, State
from butterfly_gitops.model.study import EventKind
from butterfly_gitops.store.body import Body
from butterfly_gitops.store.intake import (
    Accepted,
    EventConflict,
    NewEvent,
    RoutedWithOldRules,
    StoredDecision,
)
from butterfly_gitops.store.lane_rows import end_leaving
from butterfly_gitops.store.rows import EventRow, Rows
from butterfly_gitops.store.setback import doubtful_until

EVERY_KIND: tuple[EventKind, ...] = get_args(EventKind)
_ENDS_OR_CHANGES: tuple[EventKind, ...] = ("finalized", "reverted", "deleted")


def accept(rows: Rows, events: Sequence[NewEvent], *, routed_with: int, at: datetime) -> tuple[Accepted, ...]:
    """See `Store.accept`."""
    if routed_with != applies(rows):
        raise RoutedWithOldRules("a configuration was applied meanwhile")
    return tuple(_accept_one(rows, event, position, at=at) for position, event in enumerate(events))


def applies(rows: Rows) -> int:
    """Return how many applications there have been."""
    return int(rows.setting("applies") or "0")


def _accept_one(rows: Rows, new: NewEvent, position: int, *, at: datetime) -> Accepted:
    # Found in the store or earlier in the same list alike: rows see their own writes.
    if known := rows.event_by_id(new.event.event_id):
        if known.digest != new.digest:
            raise EventConflict(new.event.event_id, position)
        return Accepted(
            event_id=known.event_id,
            is_known=True,
            decisions=_told(rows, rows.decisions_of(known.number)),
            lanes=_waiting_of(rows, known.study),
        )
    row = _row(rows, new, at=at)
    known_before = known_of_study(rows, row.study, new)
    rows.add_event(row, Body(new.body, new.event))
    admission = admit(
        arrival_of(row, new.merged_from, decisions=new.decisions, at=at),
        known_before,
        next_report=rows.next_report(),
        next_delivery=rows.next_delivery(),
    )
    rows.put(*admission.reports, *admission.deliveries)
    for decision, made in zip(new.decisions, admission.made, strict=True):
        rows.add_decision(row.number, decision, made)
    lanes = frozenset(one.lane for one in admission.deliveries)
    end_leaving(rows, lanes)
    decided = zip(new.decisions, admission.made, strict=True)
    return Accepted(event_id=row.event_id, is_known=False, decisions=_told(rows, decided), lanes=lanes)


def _waiting_of(rows: Rows, study: str) -> frozenset[LaneId]:
    """Name the lanes that have something of a study to send: whoever accepted it may not have come to wake them."""
    reports = [one.id for one in rows.reports_of_study(study)]
    waiting = rows.open_of_reports(reports) if reports else ()
    return frozenset(one.lane for one in waiting if one.state in IN_LANE)


def _row(rows: Rows, new: NewEvent, *, at: datetime) -> EventRow:
    event = new.event
    return EventRow(
        number=rows.next_event(),
        event_id=event.event_id,
        digest=new.digest,
        kind=event.event,
        occurred_at=event.occurred_at,
        received_at=at,
        applies=applies(rows),
        site=new.site,
        archive=new.archive,
        study=event.study.id,
        revision=event.study.revision,
        accession=event.study.accession_number or "",
        patient=new.patient,
    )


def known_of_study(rows: Rows, study: str, new: NewEvent | None = None) -> KnownStudy:
    """Return what supersession must know of a study."""
    reports = rows.reports_of_study(study)
    latest = rows.latest_of_study(study, _ENDS_OR_CHANGES)
    lanes = {one.lane for one in new.decisions if one.delivers} if new else set[LaneId]()
    return KnownStudy(
        reports=tuple(reports),
        deliveries=tuple(rows.open_of_reports([one.id for one in reports])) if reports else (),
        latest=Rank(revision=latest.revision, occurred_at=latest.occurred_at) if latest else None,
        ended=frozenset(lane for lane in lanes if takes_nothing(rows.lane(lane))),
        doubtful_until=doubtful_until(rows),
    )


def arrival_of(
    row: EventRow, merged_from: frozenset[str], *, decisions: Sequence[Decision], at: datetime
) -> Arrival:
    """Return an event as supersession sees it."""
    return Arrival(
        event=row.number,
        study=row.study,
        kind=row.kind,
        rank=Rank(revision=row.revision, occurred_at=row.occurred_at),
        patient=row.patient,
        merged_from=merged_from,
        at=at,
        decisions=tuple(decisions),
    )


def _told(rows: Rows, decisions: Iterable[tuple[Decision, DeliveryId | None]]) -> tuple[StoredDecision, ...]:
    return tuple(
        StoredDecision(
            endpoint=endpoint_address(rows, decision.lane),
            verdict=decision.verdict,
            delivery=made,
            state=_state(rows, made),
        )
        for decision, made in decisions
    )


def endpoint_address(rows: Rows, lane: LaneId) -> str:
    """Return `SITE/ENDPOINT` of a lane."""
    row = rows.lane(lane)
    return f"{row.site}/{row.endpoint}"


def _state(rows: Rows, made: DeliveryId | None) -> State | None:
    delivery = rows.delivery(made) if made is not None else None
    return delivery.state if delivery else None
