"""Acting on one endpoint: an operator's pause, and letting it go on."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from butterfly_gitops.delivery.pausing import CannotPause
from butterfly_gitops.model.scalar import parse_duration
from butterfly_gitops.web.access import Asking, Given
from butterfly_gitops.web.acting import Because, Key, act
from butterfly_gitops.web.guard import GuardedRoute, needs

router = APIRouter(route_class=GuardedRoute)


class PauseRequest(Because):
    """An operator's pause: for a duration, or until resumed."""

    lasts: Annotated[str | None, Field(description="a duration such as 2h; null until resumed")] = None


@router.post("/v1/endpoints/{site}/{endpoint}/pause")
@needs("change_configuration", "site")
async def pause_endpoint(
    site: str, endpoint: str, pause: PauseRequest, services: Given, caller: Asking, key: Key = ""
) -> dict[str, Any]:
    """Keep what the endpoint has, and send nothing, until the pause ends or somebody resumes it."""
    until = services.now() + _duration(pause.lasts) if pause.lasts is not None else None
    acted = await act(services, caller, pause, key, kind="pause", site=site, endpoint=endpoint, until=until)
    # The next pass records how it stands now.
    services.ask_for_pass()
    return acted


@router.post("/v1/endpoints/{site}/{endpoint}/resume")
@needs("change_configuration", "site")
async def resume_endpoint(
    site: str, endpoint: str, because: Because, services: Given, caller: Asking, key: Key = ""
) -> dict[str, Any]:
    """Let a stopped endpoint, or one that an operator paused, go on, with all counts at zero."""
    acted = await act(services, caller, because, key, kind="resume", site=site, endpoint=endpoint)
    services.ask_for_pass()
    return acted


def _duration(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise CannotPause(str(error)) from None
