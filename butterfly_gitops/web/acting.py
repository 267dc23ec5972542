"""Acts of a person: each has a reason, and a key that makes it happen once."""

import uuid
from typing import Annotated, Any

from fastapi import Header
from pydantic import AfterValidator, BaseModel, ConfigDict, WithJsonSchema

from butterfly_gitops.store.people import Action
from butterfly_gitops.web.access import Caller
from butterfly_gitops.web.documents import acted_document
from butterfly_gitops.web.services import Services

_LONGEST_REASON = 200

Key = Annotated[
    str, Header(alias="Idempotency-Key", description="the same key is done once and answered alike")
]


def _reason(text: str) -> str:
    reason = text.strip()
    if not 1 <= len(reason) <= _LONGEST_REASON or len(reason.splitlines()) > 1:
        raise ValueError(f"a reason is one line of 1 to {_LONGEST_REASON} characters")
    return reason


Reason = Annotated[
    str,
    AfterValidator(_reason),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": _LONGEST_REASON}),
]


class Because(BaseModel):
    """Why a person acts; kept in the audit. It must not hold patient data."""

    model_config = ConfigDict(extra="forbid")
    reason: Reason


def key_or_new(key: str) -> str:
    """Return the caller's key, or one that nobody else has."""
    return key or str(uuid.uuid4())


async def act(services: Services, caller: Caller, because: Because, key: str, **what: Any) -> dict[str, Any]:
    """Do the action that these fields of `Action` describe, and wake the lanes that it touched."""
    action = Action(**what, actor=caller.actor, reason=because.reason, key=key_or_new(key), at=services.now())
    acted = await services.store.act(action)
    if services.dispatching:
        services.dispatching.wake(acted.lanes)
    return acted_document(acted)
