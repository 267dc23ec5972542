"""The transaction that applies one site's configuration: generation, targets, lanes and rule intervals together."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from butterfly_gitops.delivery.leaving import leave
from butterfly_gitops.delivery.routing import true_start
from butterfly_gitops.model.address import FLEET_SETTINGS
from butterfly_gitops.model.delivery import Lane, LaneId, Rule
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.fleet import FleetSettings
from butterfly_gitops.model.site import Site
from butterfly_gitops.store.accepting import applies
from butterfly_gitops.store.drift import meaning_of, pairs_of
from butterfly_gitops.store.holding import release
from butterfly_gitops.store.interface import (
    Application,
    Generation,
    NameTaken,
    NotRepaired,
    OtherFleet,
    ResultsWait,
    Running,
    StaleApplication,
)
from butterfly_gitops.store.lane_rows import OPEN, bring, end_leaving, new_lane, set_aside, target_of
from butterfly_gitops.store.people import AuditEntry
from butterfly_gitops.store.repairing import repair_site
from butterfly_gitops.store.rows import Rows, Undone


def running(rows: Rows) -> Running:
    """See `Store.running`."""
    settings: FleetSettings | None = None
    sites: dict[str, Site] = {}
    for generation, content in rows.generations():
        if generation.site:
            sites[generation.site] = meaning_of(content).site
        else:
            settings = FleetSettings.model_validate_json(content)
    return Running(
        applies=applies(rows),
        settings=settings,
        sites=sites,
        rules=tuple(rows.rules()),
        lanes=tuple((lane, target_of(rows, lane)) for lane in rows.lanes()),
    )


def apply(rows: Rows, application: Application) -> Generation:
    """See `Store.apply`."""
    content = application.content
    site = content.name if isinstance(content, Site) else ""
    _check_fleet(rows, application.fleet)
    before = rows.generation(site)
    if (before.number if before else 0) != application.expected:
        found = f"#{before.number}" if before else "nothing"
        raise StaleApplication(
            f"{site or 'the fleet settings'}: {found} is applied, not #{application.expected}"
        )
    if isinstance(content, Site):
        if before is not None:
            # What somebody changed by hand is told, and not taken over or swept away by this change.
            _repair(rows, before, application)
        _apply_site(rows, content, at=application.at)
    release(rows, site or FLEET_SETTINGS)
    rows.put_setting("fleet", application.fleet)
    rows.put_setting("applies", str(applies(rows) + 1))
    generation = Generation(
        site=site,
        number=application.expected + 1,
        digest=application.digest,
        commit=application.commit,
        actor=application.actor,
        applied_at=application.at,
    )
    rows.add_generation(generation, content.model_dump_json(by_alias=True))
    rows.put(
        AuditEntry(
            at=application.at,
            actor=application.actor,
            action="apply",
            subject=f"{site or 'fleet'}#{generation.number}",
            reason=application.commit,
        )
    )
    return generation


def _repair(rows: Rows, before: Generation, application: Application) -> None:
    try:
        with rows.apart():
            content = rows.content_of(before.site)
            repair_site(rows, before, content, at=application.at, actor=application.actor)
    except Undone as undone:
        raise NotRepaired(before.site) from undone


def _check_fleet(rows: Rows, fleet: str) -> None:
    known = rows.setting("fleet")
    if known and known != fleet:
        raise OtherFleet(f"the state belongs to fleet {known}, the files to fleet {fleet}")


def _apply_site(rows: Rows, site: Site, *, at: datetime) -> None:
    _take_names(rows, site)
    _rename(rows, site)
    standing = _standing(rows, site.name)
    leaving = [lane for name, lane in standing.items() if name not in site.ehr_endpoints]
    _refuse_if_results_wait(rows, site, leaving)
    _let_leave(rows, site, leaving, at=at)
    staying = {name: lane for name, lane in standing.items() if name in site.ehr_endpoints}
    lanes: dict[str, LaneId] = {}
    for name, endpoint in sorted(site.ehr_endpoints.items()):
        known = staying.get(name)
        lanes[name] = known.id if known else new_lane(rows, site.name, name, endpoint)
        if known:
            bring(rows, known, rows.target(known.id, known.target), endpoint, at=at)
    _set_rules(rows, site, lanes, at=at)


def _take_names(rows: Rows, site: Site) -> None:
    """Sites are applied one by one: one that still runs an older configuration keeps its archives' names."""
    cloud_ids = [one.cloud_id for one in site.archives.values() if one.cloud_id is not None]
    names = frozenset([*cloud_ids, *(f"{site.name}/{name}" for name in site.archives)])
    if taken := rows.archive_names_taken(site.name, names):
        raise NameTaken(site.name, taken)
    rows.put_archive_names(site.name, names)


def _refuse_if_results_wait(rows: Rows, site: Site, leaving: Iterable[Lane]) -> None:
    names = [lane.endpoint for lane in leaving if rows.in_lane(lane.id, OPEN)]
    names += [name for name in _leaving_archives(rows, site) if rows.open_of_archive(site.name, name)]
    names = [name for name in names if name not in site.removed]
    if names:
        raise ResultsWait(site.name, names)


def _leaving_archives(rows: Rows, site: Site) -> list[str]:
    known = {rule.archive for rule in rows.rules_of_site(site.name) if rule.until is None}
    return sorted(known - set(site.archives))


def _let_leave(rows: Rows, site: Site, leaving: Iterable[Lane], *, at: datetime) -> None:
    endpoints = _applied_endpoints(rows, site.name) if leaving else {}
    for lane in leaving:
        removal = site.removed.get(lane.endpoint)
        if removal is None:
            rows.put(replace(lane, ended=True))
            continue
        rows.put(
            leave(lane, removal.waiting, settings=endpoints[lane.endpoint].model_dump_json(by_alias=True))
        )
        if removal.waiting == "set_aside":
            reason = f"its endpoint was removed: {removal.reason}"
            set_aside(rows, rows.in_lane(lane.id, OPEN), reason, at=at)
    for archive in _leaving_archives(rows, site):
        removal = site.removed.get(archive)
        if removal is not None and removal.waiting == "set_aside":
            reason = f"its archive was removed: {removal.reason}"
            set_aside(rows, rows.open_of_archive(site.name, archive), reason, at=at)
    end_leaving(rows, [lane.id for lane in leaving])


def _applied_endpoints(rows: Rows, site: str) -> dict[str, EhrEndpoint]:
    content = rows.content_of(site)
    return dict(meaning_of(content).site.ehr_endpoints) if content else {}


def _standing(rows: Rows, site: str) -> dict[str, Lane]:
    return {lane.endpoint: lane for lane in rows.lanes_of_site(site) if not lane.leaving}


def _rename(rows: Rows, site: Site) -> None:
    """Let a lane go on under its endpoint's new name, with its rules as they stand.

    A name that is still wanted, or still taken, was not left: two names that are swapped stay as they are.
    """
    standing = _standing(rows, site.name)
    for new, old in sorted(site.renamed.items()):
        is_left = old in standing and old not in site.ehr_endpoints
        if not is_left or new in standing or new not in site.ehr_endpoints:
            continue
        lane = standing.pop(old)
        rows.put(replace(lane, endpoint=new, incarnation=rows.incarnations(site.name, new) + 1))
        for rule in rows.rules_of_site(site.name):
            if rule.lane == lane.id:
                rows.put(replace(rule, endpoint=new))


def _set_rules(rows: Rows, site: Site, lanes: dict[str, LaneId], *, at: datetime) -> None:
    _correct(rows, rows.rules_of_site(site.name), at=at)
    wanted = {(archive, endpoint, lanes[endpoint]) for archive, endpoint in pairs_of(site)}
    standing = {
        (rule.archive, rule.endpoint, rule.lane): rule
        for rule in rows.rules_of_site(site.name)
        if rule.until is None
    }
    this = applies(rows) + 1
    for key in sorted(standing.keys() - wanted):
        rule = standing[key]
        rows.put(replace(rule, until=max(at, rule.start), ended_by=this))
    for archive, endpoint, lane in sorted(wanted - standing.keys()):
        rule = Rule(
            id=rows.next_rule(),
            site=site.name,
            archive=archive,
            endpoint=endpoint,
            lane=lane,
            start=at,
            started_by=this,
        )
        rows.put(rule)


def correct_starts(rows: Rows, *, at: datetime) -> tuple[Rule, ...]:
    """See `Store.correct_starts`."""
    return _correct(rows, rows.rules(), at=at)


def _correct(rows: Rows, rules: Iterable[Rule], *, at: datetime) -> tuple[Rule, ...]:
    """Let no rule of these start later than now; return those that did, corrected. It is audited."""
    corrected = tuple(after for rule in rules if (after := true_start(rule, at=at)) is not rule)
    for rule in corrected:
        told = AuditEntry(
            at=at,
            actor="clock",
            action="correct start",
            subject=f"{rule.site}/{rule.endpoint}",
            reason=f"our clock was set back: the rule from {rule.archive} starts {rule.start.isoformat()}, "
            f"not {(rule.start_was or rule.start).isoformat()}",
        )
        rows.put(rule, told)
    return corrected
