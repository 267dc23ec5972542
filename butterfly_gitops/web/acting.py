"""What every act of a person brings along: a reason, and a key that makes it happen once."""

import uuid
from typing import Annotated, Any

from fastapi import Header
from pydantic import BaseModel, ConfigDict, StringConstraints

from butterfly_gitops.store.interface import Action
from butterfly_gitops.web.documents import acted_document
from butterfly_gitops.web.services import Services

Key = Annotated[
    str, Header(alias="Idempotency-Key", description="the same key is done once and answered alike")
]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Because(BaseModel):
    """Why a person acts; kept in the audit. It must not hold patient data."""

    model_config = ConfigDict(extra="forbid")
    reason: Reason


def key_or_new(key: str) -> str:
    """Return the caller's key, or one that nobody else has."""
    return key or str(uuid.uuid4())


async def do(services: Services, wish: Action) -> dict[str, Any]:
    """Do it, and let the lanes that it touched look again."""
    acted = await services.store.act(wish)
    if services.dispatching:
        services.dispatching.wake(acted.lanes)
    return acted_document(acted)
