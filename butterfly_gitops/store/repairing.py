"""The transaction that brings rows back to what the applied configuration means, and says so."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from butterfly_gitops.delivery.routing import decide_unmet
from butterfly_gitops.delivery.target import text_of, wire_of
from butterfly_gitops.model.delivery import Lane, LaneId, Rule, Target, TargetNumber
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.error import kind_and_place
from butterfly_gitops.model.site import Site
from butterfly_gitops.store.accepting import applies
from butterfly_gitops.store.drift import SiteRows, drift_of_site, is_late, meaning_of
from butterfly_gitops.store.interface import Condition, Drift, Generation
from butterfly_gitops.store.lane_rows import OPEN, bring, new_lane, set_aside
from butterfly_gitops.store.people import AuditEntry
from butterfly_gitops.store.rows import Rows, Undone

_MOST_NAMED = 20

Pair = tuple[str, str, LaneId]
"""An archive, an endpoint, and that endpoint's lane."""


def repair(rows: Rows, *, of_lanes: Sequence[Drift] = (), at: datetime, actor: str) -> tuple[Drift, ...]:
    """See `Store.repair`."""
    found = list[Drift]()
    for generation, content in rows.generations():
        if not generation.site:
            continue
        try:
            with rows.apart():
                found += repair_site(rows, generation, content, at=at, actor=actor)
        except Undone as undone:
            # One site's trouble stays its own.
            found.append(
                Drift(site=generation.site, endpoint="", what="", failure=kind_and_place(undone.error))
            )
    _tell(rows, of_lanes, at=at, actor=actor)
    return (*found, *of_lanes)


def repair_site(
    rows: Rows, generation: Generation, content: str, *, at: datetime, actor: str
) -> tuple[Drift, ...]:
    """Bring one site's rows to its newest generation; return what had drifted, with the studies that were missed."""
    meaning = meaning_of(content)
    found = tuple(
        drift_of_site(
            meaning,
            [(lane, _target_of(rows, lane)) for lane in rows.lanes_of_site(generation.site)],
            rows.rules_of_site(generation.site),
            since=generation.applied_at,
            applies=applies(rows),
        )
    )
    if not found:
        return ()
    # What is kept of rows is as it was before somebody else wrote them.
    rows.forget()
    lanes = _restore_lanes(rows, meaning, since=generation.applied_at, at=at)
    missed = _restore_rules(rows, meaning, lanes, since=generation.applied_at, at=at)
    rows.put_setting("applies", str(applies(rows) + 1))
    told = tuple(_by_endpoint(found, missed))
    _tell(rows, told, at=at, actor=actor)
    return told


def _target_of(rows: Rows, lane: Lane) -> Target:
    """Read the target that a lane's row names, which may be cached as it was; one of nothing where its row is gone."""
    found = [one for one in rows.targets_of(lane.id) if one.number == lane.target]
    return found[0] if found else Target(lane=lane.id, number=lane.target, wire="", text="")


def _restore_lanes(rows: Rows, meaning: SiteRows, *, since: datetime, at: datetime) -> Mapping[str, LaneId]:
    site = meaning.site
    lanes = {
        name: _lane_of(rows, site, name, endpoint, since=since)
        for name, endpoint in sorted(site.ehr_endpoints.items())
    }
    for name, number in lanes.items():
        _restore_target(rows, rows.lane(number), site.ehr_endpoints[name], at=at)
    for lane in rows.lanes_of_site(site.name):
        if not lane.leaving and lane.id not in lanes.values():
            set_aside(rows, rows.in_lane(lane.id, OPEN), "its lane is of no endpoint that is applied", at=at)
            rows.put(replace(lane, ended=True))
    return lanes


def _lane_of(rows: Rows, site: Site, name: str, endpoint: EhrEndpoint, *, since: datetime) -> LaneId:
    """Find the lane of an endpoint: the one that stands, that its rules name, or that had its target; or make one."""
    ruled = [
        rule.lane
        for rule in reversed(rows.rules_of_site(site.name))
        if rule.endpoint == name and (rule.until is None or _is_closed_by_hand(rule, since=since))
    ]
    standing = [one.id for one in rows.lanes_of_site(site.name) if one.endpoint == name and not one.leaving]
    if standing:
        return next((lane for lane in ruled if lane in standing), standing[0])
    with_targets = [lane for lane in ruled if rows.targets_of(lane)]
    lost = [lane for lane in rows.lost_lanes() if _had_target(rows, lane, endpoint)]
    for lane in dict.fromkeys([*with_targets, *lost, *ruled]):
        row = _row_of(rows, lane, site.name, name, endpoint)
        if (row.site, row.endpoint) == (site.name, name) or row.endpoint not in site.ehr_endpoints:
            rows.put(replace(row, site=site.name, endpoint=name, leaving="", settings="", ended=False))
            return lane
    return new_lane(rows, site.name, name, endpoint)


def _had_target(rows: Rows, lane: LaneId, endpoint: EhrEndpoint) -> bool:
    newest = rows.targets_of(lane)[-1]
    return (newest.wire, newest.text) == (wire_of(endpoint), text_of(endpoint))


def _row_of(rows: Rows, lane: LaneId, site: str, name: str, endpoint: EhrEndpoint) -> Lane:
    try:
        return rows.lane(lane)
    except KeyError:
        return Lane(
            id=lane,
            site=site,
            endpoint=name,
            incarnation=rows.incarnations(site, name) + 1,
            target=max((one.number for one in rows.targets_of(lane)), default=TargetNumber(1)),
            on_retarget=endpoint.on_retarget,
        )


def _restore_target(rows: Rows, lane: Lane, endpoint: EhrEndpoint, *, at: datetime) -> None:
    """Bring a lane to its settings, by a target that it had where one is as it should be."""
    targets = rows.targets_of(lane.id)
    wanted = wire_of(endpoint), text_of(endpoint)
    if not targets:
        targets = [Target(lane=lane.id, number=lane.target, wire=wanted[0], text=wanted[1])]
        rows.put(targets[0])
    same = [one for one in targets if (one.wire, one.text) == wanted]
    current = same[-1] if same else targets[-1]
    if lane.target != current.number:
        lane = replace(lane, target=current.number)
        rows.put(lane)
    bring(rows, lane, current, endpoint, at=at)


def _restore_rules(
    rows: Rows, meaning: SiteRows, lanes: Mapping[str, LaneId], *, since: datetime, at: datetime
) -> Mapping[str, list[str]]:
    """Let exactly the site's rules be in force; return the studies that they did not meet, by endpoint."""
    site, applied = meaning.site.name, applies(rows)
    wanted = {(archive, endpoint, lanes[endpoint]) for archive, endpoint in meaning.pairs}
    in_force = dict[Pair, Rule]()
    for rule in [_with_lane(rows, one, lanes) for one in rows.rules_of_site(site)]:
        key = rule.archive, rule.endpoint, rule.lane
        if rule.until is None and key in wanted and key not in in_force:
            in_force[key] = rule
        elif rule.until is None:
            rows.put(replace(rule, until=max(at, rule.start), ended_by=applied + 1))
    missed = defaultdict[str, list[str]](list)
    for key in sorted(wanted):
        known = in_force.get(key)
        if known is None or is_late(known, since=since, applies=applied):
            rule = known or _rule_of(rows, site, key, since=since, applied=applied)
            missed[key[1]] += _put_in_force(rows, rule, since=since, applied=applied)
    return missed


def _with_lane(rows: Rows, rule: Rule, lanes: Mapping[str, LaneId]) -> Rule:
    """Put a rule whose lane has no row under one that has: no other can be written."""
    try:
        rows.lane(rule.lane)
    except KeyError:
        lane = lanes.get(rule.endpoint) or next(iter(lanes.values()), None)
        if lane is None:
            lane = rule.lane
            rows.put(_ended(rule))
        rule = replace(rule, lane=lane)
        rows.put(rule)
    return rule


def _ended(rule: Rule) -> Lane:
    return Lane(
        id=rule.lane,
        site=rule.site,
        endpoint=rule.endpoint,
        incarnation=1,
        target=TargetNumber(1),
        on_retarget="set_aside",
        ended=True,
    )


def _rule_of(rows: Rows, site: str, key: Pair, *, since: datetime, applied: int) -> Rule:
    """Return the rule that was in force, or, where its row is gone, one as old as the generation that has it."""
    own = [one for one in rows.rules_of_site(site) if (one.archive, one.endpoint, one.lane) == key]
    if own and _is_closed_by_hand(own[-1], since=since):
        return own[-1]
    archive, endpoint, lane = key
    return Rule(
        id=rows.next_rule(),
        site=site,
        archive=archive,
        endpoint=endpoint,
        lane=lane,
        start=since,
        started_by=applied + 1,
    )


def _is_closed_by_hand(rule: Rule, *, since: datetime) -> bool:
    """Tell whether no application can have closed a rule that the generation, applied at `since`, has.

    One that was closed before may have been, and the row of its next interval be gone: to open it again would be to
    send what nobody wanted sent then.
    """
    return rule.until is not None and (rule.ended_by is None or rule.until > since)


def _put_in_force(rows: Rows, rule: Rule, *, since: datetime, applied: int) -> Sequence[str]:
    """Put a rule in force from its own start on, and decide what it did not meet; return the finalized studies.

    An event that comes late is then decided as if nobody had touched the rule; what was received meanwhile is not
    sent by itself, for hours later that may be a surprise: it is named, and a person sends it.
    """
    rule = replace(rule, start=min(rule.start, since), until=None, ended_by=None)
    if rule.started_by > applied and rule.id < rows.next_rule():
        rule = replace(rule, started_by=applied)
    missed = rows.unmet(rule)
    rows.put(rule)
    for event in rows.undecided(rule):
        decision = decide_unmet(rule, kind=event.kind, occurred_at=event.occurred_at)
        rows.add_decision(event.number, decision, None)
    return missed


def _by_endpoint(found: Iterable[Drift], missed: Mapping[str, Sequence[str]]) -> Iterator[Drift]:
    whats = defaultdict[tuple[str, str], list[str]](list)
    for one in found:
        whats[one.site, one.endpoint].append(one.what)
    for (site, endpoint), said in whats.items():
        studies = tuple(dict.fromkeys(missed.get(endpoint, ())))
        yield Drift(site=site, endpoint=endpoint, what="; ".join(said), missed=studies)


def _tell(rows: Rows, found: Sequence[Drift], *, at: datetime, actor: str) -> None:
    if not found:
        return
    for one in found:
        rows.put(
            AuditEntry(
                at=at,
                actor=actor,
                action="repair",
                subject=f"{one.site}/{one.endpoint}",
                reason=_said(one, most=len(one.missed)),
            )
        )
    told = {
        (one.site, one.endpoint): Condition(
            kind="Drifted",
            site=one.site,
            endpoint=one.endpoint,
            reason="Repaired",
            message=_said(one, most=_MOST_NAMED),
            since=at,
        )
        for one in found
    }
    others = [
        one for one in rows.conditions() if one.kind != "Drifted" or (one.site, one.endpoint) not in told
    ]
    rows.replace_conditions([*others, *told.values()])


def _said(drift: Drift, *, most: int) -> str:
    said = f"{drift.what}: repaired"
    if not drift.missed:
        return said
    count = len(drift.missed)
    studies = "1 study was" if count == 1 else f"{count} studies were"
    named = ", ".join(drift.missed[:most]) + (f" and {count - most} more" if count > most else "")
    return f"{said}; {studies} finalized meanwhile and not sent by it: {named}"
