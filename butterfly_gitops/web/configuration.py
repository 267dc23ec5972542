"""Plans, applications and status: what the files want against what runs."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from butterfly_gitops.config.problem_document import problem_document
from butterfly_gitops.controller.conditions import of_drift, of_endpoints, of_exclusions
from butterfly_gitops.controller.configuring import Followed
from butterfly_gitops.daemon_thread import in_daemon_thread
from butterfly_gitops.model.address import FLEET_SETTINGS
from butterfly_gitops.model.delivery import LaneId, TargetNumber
from butterfly_gitops.plan.document import BadPlanError, from_document, to_document
from butterfly_gitops.plan.text import print_plan
from butterfly_gitops.source.interface import Snapshot
from butterfly_gitops.store.interface import Approval, Condition, Observation
from butterfly_gitops.web.access import Asking, Caller, Given
from butterfly_gitops.web.acting import Because
from butterfly_gitops.web.documents import generation_document, status_document
from butterfly_gitops.web.guard import Guarded, needs
from butterfly_gitops.web.limit import read_limited
from butterfly_gitops.web.services import Services
from butterfly_gitops.web.trouble import worst_first

router = APIRouter(route_class=Guarded)


class Wanted(BaseModel):
    """The files of a sites folder: their content in base64 by path below it, and what they are called."""

    model_config = ConfigDict(extra="forbid")
    files: dict[str, Annotated[str, Field(description="base64")]]
    revision: str
    described: str = "sites/"
    root: str = "sites"


class Apply(BaseModel):
    """A plan as `POST /v1/plans` answered it, and the revision that it came from."""

    model_config = ConfigDict(extra="forbid")
    plan: dict[str, Any]
    revision: str


@router.post("/v1/plans")
@needs("see_configuration", "fleet")
async def post_plan(request: Request, services: Given, _: Asking) -> dict[str, Any]:
    """Plan these files against what is applied, with what waits; nothing changes."""
    candidate = await services.configuring.plan(
        await in_daemon_thread(_snapshot, await read_limited(request))
    )
    plan = candidate.plan
    if plan is not None and services.followed:
        beside = plan.beside.model_copy(update={"by_controller": True})
        plan = plan.model_copy(update={"beside": beside})
    return {
        "problems": [problem_document(one) for one in candidate.loaded.problems],
        "plan": to_document(plan) if plan else None,
        "text": print_plan(plan) if plan else "",
    }


@router.post("/v1/applications")
@needs("change_configuration", "fleet")
async def post_application(request: Request, services: Given, caller: Asking) -> dict[str, Any]:
    """Apply a plan, exactly as it was read, site by site; refused while a controller follows a source."""
    if services.followed:
        raise Followed(services.followed)
    try:
        wanted = await in_daemon_thread(Apply.model_validate_json, await read_limited(request))
    except ValidationError as error:
        raise BadPlanError(
            f"no application: {error.error_count()} values are not as they should be"
        ) from None
    plan = await in_daemon_thread(from_document, wanted.plan)
    outcome = await services.configuring.apply(plan, commit=wanted.revision, actor=caller.actor)
    return {
        "applied": [generation_document(one) for one in outcome.applied],
        "refused": dict(outcome.refused),
        "held": sorted(plan.held_sites),
    }


@router.post("/v1/holds/{hold}/approve")
@needs("change_configuration", "fleet")
async def approve_hold(hold: str, because: Because, services: Given, caller: Asking) -> dict[str, Any]:
    """Release a hold, by its id or the beginning of it; the next pass applies it."""
    approval = Approval(hold=hold, actor=caller.actor, reason=because.reason, at=services.now())
    approved = await services.store.approve(approval)
    services.ask_for_pass()
    return {"hold": approved.id, "site": approved.site}


def _snapshot(body: bytes) -> Snapshot:
    try:
        wanted = Wanted.model_validate_json(body)
        files = {path: base64.b64decode(content, validate=True) for path, content in wanted.files.items()}
    except (ValidationError, binascii.Error) as error:
        raise BadPlanError(f"no files that could be planned: {type(error).__name__}") from None
    return Snapshot(files=files, revision=wanted.revision, described=wanted.described, root=wanted.root)


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
    status = status_document(
        replace(observed, conditions=_as_it_stands(observed, services, reported, troubles, at)),
        reported=reported,
        troubles=troubles,
        strays=lanes.strays() if lanes else {},
        dispatches=lanes is not None,
        at=at,
    )
    return {
        **worst_first(status, site=site, only_trouble=trouble),
        "source": services.followed or None,
        "considered": considered,
    }


def _as_it_stands(
    observed: Observation,
    services: Services,
    reported: Mapping[LaneId, TargetNumber],
    troubles: Mapping[LaneId, str],
    at: datetime,
) -> tuple[Condition, ...]:
    """Tell each endpoint's condition as it is, not as the last pass found it; without a dispatcher there is none."""
    kept = tuple(one for one in observed.conditions if not one.endpoint or one.kind == "Drifted")
    kept += tuple(of_drift(observed, at=at))
    since = {_standing(one): one.since for one in observed.conditions}
    now = [*of_exclusions(observed, at=at)]
    if services.dispatching is not None:
        now += of_endpoints(observed, reported, troubles, at=at)
    return (*kept, *(replace(one, since=since.get(_standing(one), at)) for one in now))


def _standing(one: Condition) -> tuple[str, ...]:
    return (one.site, one.endpoint, one.kind, one.reason)


def _seen_by(caller: Caller, observed: Observation) -> Observation:
    """Leave out the sites that the caller may not see."""
    if caller.sites("see_configuration") is None:
        return observed

    def is_seen(site: str) -> bool:
        return site in ("", FLEET_SETTINGS) or caller.may("see_configuration", site)

    lanes = tuple(one for one in observed.lanes if is_seen(one.lane.site))
    seen = {one.lane.id for one in lanes}
    return replace(
        observed,
        generations={site: one for site, one in observed.generations.items() if is_seen(site)},
        lanes=lanes,
        drift=tuple(one for one in observed.drift if is_seen(one.site)),
        conditions=tuple(one for one in observed.conditions if is_seen(one.site)),
        holds=tuple(one for one in observed.holds if is_seen(one.site)),
        withheld=tuple(one for one in observed.withheld if one.lane in seen),
    )
