"""`GET /v1/status`: conditions per site and endpoint with the worst first, what waits, and what is held."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from fastapi import APIRouter

from butterfly_gitops.controller.conditions import is_unacknowledged, of_drift, of_endpoints, of_exclusions
from butterfly_gitops.delivery.pausing import holds_back, is_paused
from butterfly_gitops.dispatcher.wire import Strays
from butterfly_gitops.model.address import FLEET_SETTINGS
from butterfly_gitops.model.delivery import LaneId, Pause, State, TargetNumber
from butterfly_gitops.plan.departure import was_removed
from butterfly_gitops.store.interface import Condition, LaneCounts, StateView
from butterfly_gitops.store.people import NotFound
from butterfly_gitops.web.access import Asking, Caller, Given
from butterfly_gitops.web.documents import strays_document, time_text
from butterfly_gitops.web.guard import GuardedRoute, needs
from butterfly_gitops.web.services import Services

router = APIRouter(route_class=GuardedRoute)

_WAITS = (State.QUEUED, State.SENDING, State.UNCERTAIN, State.SET_ASIDE)
_RANKS = {"Stalled": 0, "Drifted": 1, "Excluding": 2, "Reconciling": 2}
_WELL = 3


@router.get("/v1/status")
@needs("see_configuration", "somewhere")
async def get_status(
    services: Given, caller: Asking, commit: str = "", site: str = "", trouble: bool = False
) -> dict[str, Any]:
    """Return conditions per site and endpoint, what waits and since when, of the sites that the caller may see.

    The worst come first; `site` leaves out the others, `trouble` what is well. With `commit`, `considered` says whether
    the controller's newest pass saw it or one that descends from it.
    """
    # Asked first: what a pass that ends meanwhile has made of the commit is then in what is observed.
    considered = services.controller is not None and await services.controller.has_considered(commit)
    lanes, at = services.dispatching, services.now()
    reported, troubles = (lanes.reported(), lanes.troubles()) if lanes else ({}, {})
    observed = _seen_by(caller, await services.store.observe())
    status = _status_document(
        replace(observed, conditions=_conditions(observed, services, reported, troubles, at)),
        reported=reported,
        troubles=troubles,
        strays=lanes.strays() if lanes else {},
        dispatches=lanes is not None,
        at=at,
    )
    return {
        **_worst_first(status, site=site, only_trouble=trouble),
        "source": services.followed or None,
        "considered": considered,
    }


def _conditions(
    observed: StateView,
    services: Services,
    reported: Mapping[LaneId, TargetNumber],
    troubles: Mapping[LaneId, str],
    at: datetime,
) -> tuple[Condition, ...]:
    """Tell each endpoint's condition as it is, not as the last pass found it; without a dispatcher there is none."""
    kept = tuple(one for one in observed.conditions if not one.endpoint or one.kind == "Drifted")
    kept += tuple(of_drift(observed, at=at))
    since = {_condition_key(one): one.since for one in observed.conditions}
    now = [*of_exclusions(observed, at=at)]
    if services.dispatching is not None:
        now += of_endpoints(observed, reported, troubles, at=at)
    return (*kept, *(replace(one, since=since.get(_condition_key(one), at)) for one in now))


def _condition_key(one: Condition) -> tuple[str, ...]:
    return (one.site, one.endpoint, one.kind, one.reason)


def _seen_by(caller: Caller, observed: StateView) -> StateView:
    """Leave out the sites that the caller may not see, and studies where no results may be seen."""
    if caller.sites("see_configuration") is None and caller.sites("see_results") is None:
        return observed

    def is_seen(site: str) -> bool:
        return site in ("", FLEET_SETTINGS) or caller.may("see_configuration", site)

    lanes = tuple(one for one in observed.lanes if is_seen(one.lane.site))
    sites_of = {one.lane.id: one.lane.site for one in lanes}
    return replace(
        observed,
        generations={site: one for site, one in observed.generations.items() if is_seen(site)},
        lanes=lanes,
        drift=tuple(one for one in observed.drift if is_seen(one.site)),
        conditions=tuple(
            # What the fleet's says behind a colon are sites.
            one if one.reason != "Sites" else replace(one, message=one.message.partition(":")[0])
            for one in observed.conditions
            if is_seen(one.site)
        ),
        holds=tuple(one for one in observed.holds if is_seen(one.site)),
        # It names studies.
        withheld=tuple(
            one
            for one in observed.withheld
            if one.lane in sites_of and caller.may("see_results", sites_of[one.lane])
        ),
    )


def _status_document(
    observed: StateView,
    *,
    reported: Mapping[LaneId, TargetNumber],
    troubles: Mapping[LaneId, str],
    strays: Mapping[LaneId, Strays],
    dispatches: bool,
    at: datetime,
) -> dict[str, Any]:
    """Conditions per site and endpoint, what waits, what is held, and what EHRs still show."""
    names = {one.lane.id: f"{one.lane.site}/{one.lane.shown_name}" for one in observed.lanes}
    shown = frozenset(names.values())
    conditions: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for one in observed.conditions:
        # What has drifted may be a lane that is no longer there: its site tells.
        is_shown = f"{one.site}/{one.endpoint}" in shown
        conditions.setdefault((one.site, one.endpoint if is_shown else ""), []).append(_condition(one))
    return {
        "fleet": observed.fleet,
        "dispatching": dispatches,
        "settings": observed.settings.number if observed.settings else None,
        "commit": _newest_commit(observed),
        "conditions": conditions.get(("", ""), []),
        "sites": [_site(site, observed, conditions.get((site, ""), [])) for site in _sites(observed)],
        "endpoints": [
            {
                **_endpoint(one, troubles.get(one.lane.id, ""), at, dispatches=dispatches),
                **strays_document(strays.get(one.lane.id)),
                "reported_target": one.lane.target if one.lane.ended else reported.get(one.lane.id),
                "conditions": conditions.get((one.lane.site, one.lane.shown_name), []),
            }
            for one in observed.lanes
        ],
        "holds": [
            {
                "id": one.id[:6],
                "site": one.site,
                "what": one.what,
                "since": time_text(one.since),
                "approved": one.approved,
            }
            for one in observed.holds
        ],
        "withheld": [
            {
                "endpoint": names.get(one.lane, "an ended endpoint"),
                "study": one.study,
                "revision": one.revision,
            }
            for one in observed.withheld
        ],
    }


def _newest_commit(observed: StateView) -> str | None:
    """Return the newest commit of which anything is applied; the fleet's settings may be as they were long before."""
    newest = max(observed.applied, key=lambda one: one.applied_at, default=None)
    return newest.commit if newest else None


def _sites(observed: StateView) -> list[str]:
    """Name what is applied or told of: a site that was removed is shown until its last results are gone."""
    there = {site for site in observed.generations if not was_removed(observed.running.sites.get(site))}
    told = {one.site for one in observed.conditions}
    with_lanes = {one.lane.site for one in observed.lanes}
    return sorted({*there, *told, *with_lanes} - {""})


def _site(site: str, observed: StateView, conditions: list[dict[str, Any]]) -> dict[str, Any]:
    generation = observed.generations.get(site)
    return {
        "site": site,
        "generation": generation.number if generation else None,
        "commit": generation.commit if generation else None,
        "applied_at": time_text(generation.applied_at) if generation else None,
        "conditions": conditions,
    }


def _pause(pause: Pause | None) -> dict[str, Any] | None:
    if pause is None:
        return None
    return {
        "by": pause.by,
        "reason": pause.reason,
        "since": time_text(pause.since),
        "until": time_text(pause.until),
    }


def _endpoint(counted: LaneCounts, trouble: str, at: datetime, *, dispatches: bool) -> dict[str, Any]:
    lane, condition = counted.lane, condition_of(counted, trouble, at)
    return {
        "endpoint": f"{lane.site}/{lane.shown_name}",
        "target": lane.target,
        # What nobody dispatches may be stopped or paused, but does not run.
        "condition": condition if dispatches or condition in ("stopped", "paused") else None,
        "pause": _pause(lane.pause) if holds_back(lane.pause, at) else None,
        "stopped": lane.stopped,
        "trouble": trouble,
        "due_at": time_text(lane.due_at),
        "counts": {state.value: counted.counts[state] for state in State if counted.counts.get(state)},
        "waiting": sum(counted.counts.get(state, 0) for state in _WAITS),
        "oldest": time_text(counted.oldest),
    }


def _condition(condition: Condition) -> dict[str, Any]:
    return {
        "kind": condition.kind,
        "reason": condition.reason,
        "message": condition.message,
        "since": time_text(condition.since),
    }


def condition_of(counted: LaneCounts, trouble: str, at: datetime) -> str:
    """Name the condition of a lane: stopped, paused, unreachable, draining, backing off or running."""
    lane = counted.lane
    if lane.ended:
        return "ended"
    if lane.stopped:
        return "stopped"
    if is_paused(lane, at):
        return "paused"
    if trouble:
        return "unreachable"
    if lane.leaving:
        return "draining"
    return "backing off" if is_unacknowledged(counted) else "running"


def _worst_first(status: Mapping[str, Any], *, site: str, only_trouble: bool) -> dict[str, Any]:
    """Order sites and endpoints by trouble, and by name; leave out other sites, and what is well. Raises NotFound."""
    sites, endpoints = status["sites"], status["endpoints"]
    holds, withheld = status["holds"], status["withheld"]
    if site:
        sites = [one for one in sites if one["site"] == site]
        endpoints = [one for one in endpoints if _site_of(one) == site]
        holds = [one for one in holds if one["site"] == site]
        withheld = [one for one in withheld if _site_of(one) == site]
        if not (sites or endpoints):
            raise NotFound(f"there is no site {site}")
    if only_trouble:
        sites = [one for one in sites if _rank(one["conditions"]) < _WELL]
        endpoints = [one for one in endpoints if _rank_of_endpoint(one) < _WELL]
    return {
        **status,
        "sites": sorted(sites, key=lambda one: (_rank(one["conditions"]), one["site"])),
        "endpoints": sorted(endpoints, key=lambda one: (_rank_of_endpoint(one), one["endpoint"])),
        "holds": holds,
        "withheld": withheld,
    }


def _site_of(shown: Mapping[str, Any]) -> str:
    site: str = shown["endpoint"].partition("/")[0]
    return site


def _rank(conditions: list[dict[str, Any]]) -> int:
    return min((_RANKS.get(one["kind"], _WELL) for one in conditions), default=_WELL)


def _rank_of_endpoint(endpoint: Mapping[str, Any]) -> int:
    if endpoint["stopped"]:
        # It says so where nothing dispatches, too.
        return _RANKS["Stalled"]
    # What is set aside waits for a person, however well its lane does.
    aside = _RANKS["Reconciling"] if endpoint["counts"].get(State.SET_ASIDE.value) else _WELL
    return min(_rank(endpoint["conditions"]), aside)
