"""The transaction that applies one site's configuration: generation, targets, lanes and rule intervals together."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from butterfly_gitops.delivery.target import retarget, text_of, wire_of
from butterfly_gitops.model.delivery import FINAL, Lane, LaneId, Rule, State, Target, TargetNumber
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.fleet import FleetSettings
from butterfly_gitops.model.site import Site
from butterfly_gitops.store.accepting import applies
from butterfly_gitops.store.interface import (
    Application,
    AuditEntry,
    Generation,
    OtherFleet,
    ResultsWait,
    Running,
    StaleApplication,
)
from butterfly_gitops.store.rows import Rows

_OPEN = tuple(state for state in State if state not in FINAL)


def running(rows: Rows) -> Running:
    """See `Store.running`."""
    settings: FleetSettings | None = None
    sites: dict[str, Site] = {}
    for generation, content in rows.generations():
        if generation.site:
            sites[generation.site] = Site.model_validate_json(content)
        else:
            settings = FleetSettings.model_validate_json(content)
    return Running(
        applies=applies(rows),
        settings=settings,
        sites=sites,
        rules=tuple(rows.rules()),
        lanes=tuple((lane, rows.target(lane.id, lane.target)) for lane in rows.lanes()),
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
        _apply_site(rows, content, at=application.at)
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
    rows.add_audit(
        AuditEntry(
            at=application.at,
            actor=application.actor,
            action="apply",
            subject=f"{site or 'fleet'}#{generation.number}",
            reason=application.commit,
        )
    )
    return generation


def _check_fleet(rows: Rows, fleet: str) -> None:
    known = rows.setting("fleet")
    if known and known != fleet:
        raise OtherFleet(f"the state belongs to fleet {known}, the files to fleet {fleet}")


def _apply_site(rows: Rows, site: Site, *, at: datetime) -> None:
    leaving = [lane for lane in rows.lanes_of_site(site.name) if lane.endpoint not in site.ehr_endpoints]
    _refuse_if_results_wait(rows, site, leaving)
    for lane in leaving:
        rows.put_lane(replace(lane, ended=True))
    staying = {lane.endpoint: lane for lane in rows.lanes_of_site(site.name)}
    lanes: dict[str, LaneId] = {}
    for name, endpoint in sorted(site.ehr_endpoints.items()):
        known = staying.get(name)
        lanes[name] = known.id if known else _new_lane(rows, site.name, name, endpoint)
        if known:
            _bring(rows, known, endpoint, at=at)
    _set_rules(rows, site, lanes, at=at)


def _refuse_if_results_wait(rows: Rows, site: Site, leaving: Iterable[Lane]) -> None:
    names = [lane.endpoint for lane in leaving if rows.in_lane(lane.id, _OPEN)]
    archives = {rule.archive for rule in rows.rules_of_site(site.name)} - set(site.archives)
    names += [name for name in sorted(archives) if rows.open_count_of_archive(site.name, name)]
    if names:
        raise ResultsWait(site.name, names)


def _new_lane(rows: Rows, site: str, name: str, endpoint: EhrEndpoint) -> LaneId:
    lane = Lane(
        id=rows.next_lane(),
        site=site,
        endpoint=name,
        incarnation=rows.incarnations(site, name) + 1,
        target=TargetNumber(1),
        on_retarget=endpoint.on_retarget,
        paused=endpoint.status == "paused",
    )
    rows.put_lane(lane)
    rows.add_target(Target(lane=lane.id, number=lane.target, wire=wire_of(endpoint), text=text_of(endpoint)))
    return lane.id


def _bring(rows: Rows, lane: Lane, endpoint: EhrEndpoint, *, at: datetime) -> None:
    uncertain = rows.in_lane(lane.id, (State.UNCERTAIN,))
    moved = retarget(lane, rows.target(lane.id, lane.target), endpoint, uncertain, at=at)
    if moved.target is not None:
        rows.add_target(moved.target)
    for delivery in moved.deliveries:
        rows.put_delivery(delivery)
    if moved.lane != lane:
        rows.put_lane(moved.lane)


def _set_rules(rows: Rows, site: Site, lanes: dict[str, LaneId], *, at: datetime) -> None:
    wanted = {
        (name, endpoint, lanes[endpoint])
        for name, archive in site.archives.items()
        if archive.purpose == "clinical"
        for endpoint in archive.forward_to
    }
    standing = {
        (rule.archive, rule.endpoint, rule.lane): rule
        for rule in rows.rules_of_site(site.name)
        if rule.until is None
    }
    for key in sorted(standing.keys() - wanted):
        rows.put_rule(replace(standing[key], until=at))
    for archive, endpoint, lane in sorted(wanted - standing.keys()):
        rule = Rule(
            id=rows.next_rule(), site=site.name, archive=archive, endpoint=endpoint, lane=lane, start=at
        )
        rows.put_rule(rule)
