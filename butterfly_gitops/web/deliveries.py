"""Finding results, and acting on them: every action with its actor and reason, done once per key."""

from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from butterfly_gitops.delivery.act import ActionRefused, StudyElsewhere
from butterfly_gitops.delivery.patient import identifier_keys
from butterfly_gitops.model.delivery import DeliveryId, State
from butterfly_gitops.model.study import PatientIdentifier
from butterfly_gitops.store.people import AuditEntry, DeliveryDetails, NoDelivery, NoStudy, OneOffSend, Query
from butterfly_gitops.web.access import Asking, Caller, Given
from butterfly_gitops.web.acting import Because, Key, act, key_or_new
from butterfly_gitops.web.documents import (
    acted_document,
    found_document,
    ledger_document,
    shown_document,
    unsent_document,
)
from butterfly_gitops.web.guard import GuardedRoute, needs
from butterfly_gitops.web.services import Services

router = APIRouter(route_class=GuardedRoute)

StoredId = Annotated[int, Field(ge=0, lt=2**63)]


class Search(BaseModel):
    """Search criteria; one that is left out matches all. Patient identifiers travel only in this body."""

    model_config = ConfigDict(extra="forbid")
    site: str = ""
    endpoint: str = ""
    study: str = ""
    states: list[State] = []
    patient: list[PatientIdentifier] = []
    before: StoredId | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


@router.post("/v1/deliveries/search")
@needs("see_results", "somewhere")
async def search_deliveries(search: Search, services: Given, caller: Asking) -> dict[str, Any]:
    """Find deliveries, newest first, at the sites whose results the caller may see."""
    allowed = caller.sites("see_results")
    query = Query(
        site=search.site,
        endpoint=search.endpoint,
        study=search.study,
        states=frozenset(search.states),
        patient=identifier_keys(search.patient),
        before=DeliveryId(search.before) if search.before is not None else None,
        limit=search.limit,
    )
    if allowed is None or search.site in allowed:
        found = list(await services.store.find(query))
    else:
        sites = () if search.site else allowed
        pages = [await services.store.find(replace(query, site=site)) for site in sites]
        found = sorted((one for page in pages for one in page), key=lambda one: -one.delivery.id)
    return {"deliveries": [found_document(one) for one in found[: search.limit]]}


@router.get("/v1/deliveries/{delivery}")
@needs("see_results", "somewhere")
async def show_delivery(
    delivery: StoredId, services: Given, caller: Asking, *, content: bool = False
) -> dict[str, Any]:
    """Return all that is known of one delivery; with `content` also the bytes, which hold patient data."""
    shown = await _seen(services, caller, delivery)
    if content:
        caller.require("see_content", shown.found.site)
        entry = AuditEntry(
            at=services.now(),
            actor=caller.actor,
            action="read the content",
            subject=f"delivery {delivery}",
            reason="",
        )
        await services.store.audit(entry)
    strays = services.dispatching.strays() if services.dispatching else {}
    return shown_document(shown, strays.get(shown.found.delivery.lane), content=content)


@router.post("/v1/deliveries/{delivery}/{action}")
@needs("send_results", "somewhere")
async def act_on_delivery(
    delivery: StoredId,
    action: Literal["resend", "set-aside", "cancel"],
    because: Because,
    services: Given,
    caller: Asking,
    key: Key = "",
) -> dict[str, Any]:
    """Resend, set aside or cancel one delivery."""
    shown = await _seen(services, caller, delivery)
    caller.require("send_results", shown.found.site)
    kind = action.replace("-", "_")
    return await act(services, caller, because, key, kind=kind, delivery=DeliveryId(delivery))


async def _seen(services: Services, caller: Caller, delivery: int) -> DeliveryDetails:
    """Raise NoDelivery for a delivery that is not there, and alike for one that the caller may not see."""
    shown = await services.store.show(DeliveryId(delivery))
    if not caller.may("see_results", shown.found.site):
        raise NoDelivery(DeliveryId(delivery))
    return shown


class SendOnce(Because):
    """One finalized study, by its id or accession number, to one endpoint, whatever the rules say."""

    study: str
    site: str
    endpoint: str


@router.post("/v1/sends")
@needs("send_results", "somewhere")
async def send_once(send: SendOnce, services: Given, caller: Asking, key: Key = "") -> dict[str, Any]:
    """Send one finalized study to one endpoint by hand."""
    caller.require("send_results", send.site)
    study = await _study_id(services, caller, send)
    one_off = OneOffSend(
        study=study,
        site=send.site,
        endpoint=send.endpoint,
        actor=caller.actor,
        reason=send.reason,
        key=key_or_new(key),
        at=services.now(),
    )
    try:
        acted = await services.store.send_once(one_off)
    except StudyElsewhere:
        if caller.sites("see_results") is None:
            raise
        raise NoStudy(study) from None
    if services.dispatching:
        services.dispatching.wake(acted.lanes)
    return acted_document(acted)


async def _study_id(services: Services, caller: Caller, send: SendOnce) -> str:
    """Take an accession number for its study where results name just one; else it is an id.

    Of sites where the caller may not send, nothing is looked at.
    """
    allowed = caller.sites("send_results")
    sites = ("",) if allowed is None else allowed
    pages = [await services.store.find(Query(site=site, study=send.study, limit=1000)) for site in sites]
    studies = {one.study for page in pages for one in page}
    if len(studies) > 1 and send.study not in studies:
        raise ActionRefused(f"several studies go by this number: {', '.join(sorted(studies))}")
    return studies.pop() if len(studies) == 1 else send.study


@router.get("/v1/studies/unsent")
@needs("see_results", "somewhere")
async def list_unsent(
    site: str,
    endpoint: str,
    services: Given,
    caller: Asking,
    *,
    limit: Annotated[int, Field(ge=1, le=1000)] = 1000,
) -> dict[str, Any]:
    """List the studies that an endpoint's rules did not send, for their start or for want of a row, newest first."""
    caller.require("see_results", site)
    unsent = await services.store.gap(site, endpoint, limit=limit)
    return {"studies": [unsent_document(one) for one in unsent]}


@router.get("/v1/ledger")
@needs("see_results", "fleet")
async def get_ledger(services: Given, _: Asking) -> dict[str, Any]:
    """Count events × rules against decisions and deliveries."""
    return ledger_document(await services.store.ledger())
