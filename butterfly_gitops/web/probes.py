"""Machines that watch: is it alive, can it take results, and how much waits. No token, no patient data."""

from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry, generate_latest

from butterfly_gitops.store.interface import StoreUnavailable
from butterfly_gitops.web.access import Given
from butterfly_gitops.web.metrics import Observed

router = APIRouter()


@router.get("/livez")
async def livez() -> dict[str, str]:
    """Answer as long as the process does."""
    return {"status": "alive"}


@router.get("/readyz")
async def readyz(services: Given, response: Response) -> dict[str, str]:
    """Answer 200 when results can be taken: the newest write was durable, and something is applied; writes nothing."""
    can_commit = services.store.can_commit
    try:
        settings = await services.store.settings()
    except StoreUnavailable:
        can_commit, settings = False, None
    if not can_commit:
        response.status_code = 503
        return {"status": "the store cannot be read or written"}
    if settings is None:
        response.status_code = 503
        return {"status": "nothing is applied yet"}
    return {"status": "ready"}


@router.get("/metrics")
async def metrics(services: Given, *, endpoints: bool = False) -> Response:
    """Return what waits and how lanes stand, in the text format of Prometheus; with `endpoints` for each of them.

    Without, its size does not grow with the fleet.
    """
    registry = CollectorRegistry()
    registry.register(Observed(await services.store.observe(), services, endpoints=endpoints))
    return Response(generate_latest(registry), media_type="text/plain; version=0.0.4; charset=utf-8")
