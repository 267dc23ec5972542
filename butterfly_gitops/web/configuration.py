"""Plans of uploaded files, applications of plans, and approvals of holds."""

import base64
import binascii
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from butterfly_gitops.config.problem_document import problem_document
from butterfly_gitops.controller.configuring import Followed
from butterfly_gitops.daemon_thread import in_daemon_thread
from butterfly_gitops.plan.document import BadPlanError, from_document, to_document
from butterfly_gitops.plan.text import print_plan
from butterfly_gitops.source.interface import Snapshot
from butterfly_gitops.store.people import Approval
from butterfly_gitops.web.access import Asking, Given
from butterfly_gitops.web.acting import Because
from butterfly_gitops.web.documents import generation_document
from butterfly_gitops.web.guard import GuardedRoute, needs
from butterfly_gitops.web.limit import read_limited

router = APIRouter(route_class=GuardedRoute)


class Upload(BaseModel):
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
        application = await in_daemon_thread(Apply.model_validate_json, await read_limited(request))
    except ValidationError as error:
        raise BadPlanError(
            f"no application: {error.error_count()} values are not as they should be"
        ) from None
    plan = await in_daemon_thread(from_document, application.plan)
    outcome = await services.configuring.apply(plan, commit=application.revision, actor=caller.actor)
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
        upload = Upload.model_validate_json(body)
        files = {path: base64.b64decode(content, validate=True) for path, content in upload.files.items()}
    except (ValidationError, binascii.Error) as error:
        raise BadPlanError(f"no files that could be planned: {type(error).__name__}") from None
    return Snapshot(files=files, revision=upload.revision, described=upload.described, root=upload.root)
