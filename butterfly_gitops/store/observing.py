"""The transactions that look: what is applied, what waits, what became of a result, and whether it all adds up."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from butterfly_gitops.model.delivery import Cause, Delivery, DeliveryId, Lane, LaneId, Rule, State, Target
from butterfly_gitops.model.fleet import FleetSettings
from butterfly_gitops.store.acting import lane_of
from butterfly_gitops.store.applying import running
from butterfly_gitops.store.drift import drift_of
from butterfly_gitops.store.interface import (
    DRIFT_IS_TOLD_FOR,
    Condition,
    LaneCounts,
    Pair,
    Running,
    StateView,
)
from butterfly_gitops.store.lane_rows import OPEN, target_of
from butterfly_gitops.store.people import DeliveryDetails, FoundDelivery, Ledger, NoDelivery, Query, Unsent
from butterfly_gitops.store.rows import Rows


def observe(rows: Rows) -> StateView:
    """See `Store.observe`."""
    now_running, applied = running(rows), rows.generations()
    generations = {one.site: one for one, _ in applied}
    counts, oldest, gaps = rows.state_counts(), rows.oldest_in_lane(), rows.gap_counts()
    return StateView(
        fleet=rows.setting("fleet"),
        running=now_running,
        settings=generations.pop("", None),
        generations=generations,
        lanes=tuple(
            LaneCounts(
                lane=lane,
                target=target,
                counts=counts.get(lane.id, {}),
                oldest=oldest.get(lane.id),
                gap=gaps.get(lane.id, 0),
            )
            for lane, target in (*now_running.lanes, *_ended_with_results(rows, now_running, counts))
        ),
        drift=tuple(drift_of(applied, now_running.lanes, now_running.rules, applies=now_running.applies)),
        closed_pairs=tuple(_closed_pairs(rows, now_running)),
        conditions=tuple(rows.conditions()),
        holds=tuple(rows.holds()),
        withheld=tuple(rows.withheld()),
    )


def _ended_with_results(
    rows: Rows, applied: Running, counts: Mapping[LaneId, Mapping[State, int]]
) -> Iterator[tuple[Lane, Target]]:
    """Yield ended lanes with results that wait for a person, who must see them."""
    known = {lane.id for lane, _ in applied.lanes}
    with_results = {number for number, states in counts.items() if any(states.get(one) for one in OPEN)}
    for number in sorted(with_results - known):
        # Where the row is gone, a repair brings it back.
        with suppress(KeyError):
            lane = rows.lane(number)
            yield lane, target_of(rows, lane)


def touch(rows: Rows, *, at: datetime) -> None:
    """See `Store.touch`."""
    rows.put_setting("touched", at.isoformat())


def waiting(rows: Rows) -> frozenset[LaneId]:
    """See `Store.waiting`."""
    return frozenset(rows.oldest_in_lane())


def settings(rows: Rows) -> FleetSettings | None:
    """See `Store.settings`."""
    content = rows.content_of("")
    return FleetSettings.model_validate_json(content) if content else None


def _closed_pairs(rows: Rows, applied: Running) -> Iterator[Pair]:
    newest: dict[tuple[str, str, str], Rule] = {}
    for rule in applied.rules:
        newest[rule.site, rule.archive, rule.endpoint] = rule
    for (site, archive, endpoint), rule in sorted(newest.items()):
        if rule.until is not None:
            yield Pair(
                site=site,
                archive=archive,
                endpoint=endpoint,
                closed_at=rule.until,
                finalized_since=rows.finalized_since(site, archive, rule.until),
            )


def record(rows: Rows, conditions: Sequence[Condition], *, at: datetime) -> None:
    """See `Store.record`."""
    known = rows.conditions()
    repaired = [one for one in known if one.reason == "Repaired" and one.since > at - DRIFT_IS_TOLD_FOR]
    kept = [*conditions, *repaired]
    if sorted(kept, key=_order) != sorted(known, key=_order):
        rows.replace_conditions(kept)


def _order(condition: Condition) -> tuple[str, str, str]:
    return condition.site, condition.endpoint, condition.kind


def find(rows: Rows, query: Query) -> tuple[FoundDelivery, ...]:
    """See `Store.find`."""
    return tuple(_found(rows, one) for one in rows.find(query))


def _found(rows: Rows, delivery: Delivery) -> FoundDelivery:
    lane, event = rows.lane(delivery.lane), rows.event(delivery.event)
    return FoundDelivery(
        delivery=delivery,
        site=lane.site,
        endpoint=lane.endpoint,
        archive=event.archive,
        study=event.study,
        accession=event.accession,
        attempts=tuple(rows.attempts_of(delivery.id)),
    )


def show(rows: Rows, delivery: DeliveryId) -> DeliveryDetails:
    """See `Store.show`."""
    row = rows.delivery(delivery)
    if row is None:
        raise NoDelivery(delivery)
    return DeliveryDetails(
        found=_found(rows, row),
        report=rows.report(row.report),
        targets=tuple(rows.targets_of(row.lane)),
        messages=tuple(rows.messages_of(delivery)),
        audit=(*rows.audit_of(f"report {row.report}"), *rows.audit_of(f"delivery {delivery}")),
    )


def gap(rows: Rows, site: str, endpoint: str, *, limit: int) -> tuple[Unsent, ...]:
    """See `Store.gap`."""
    return tuple(
        Unsent(
            study=event.study,
            accession=event.accession,
            archive=f"{event.site}/{event.archive}",
            kind=event.kind,
            revision=event.revision,
            occurred_at=event.occurred_at,
            received_at=event.received_at,
            verdict=verdict,
        )
        for event, verdict in rows.gap_of(lane_of(rows, site, endpoint).id, limit)
    )


def ledger(rows: Rows) -> Ledger:
    """See `Store.ledger`."""
    expected, decided, missing, surplus = rows.decision_balance()
    by_cause = rows.states_of_causes()
    return Ledger(
        events=rows.event_count(),
        expected=expected,
        decided=decided,
        missing=missing,
        surplus=surplus,
        without_delivery=rows.verdict_counts(),
        states=by_cause.get(Cause.RULE, {}),
        beyond=_sum(counts for cause, counts in by_cause.items() if cause != Cause.RULE),
    )


def _sum(many: Iterator[Mapping[State, int]]) -> Mapping[State, int]:
    total: Counter[State] = Counter()
    for counts in many:
        total.update(counts)
    return dict(total)
