"""A sample event made new: another id, and its times shifted so that it occurs now."""

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any


def as_now(event: Any) -> Any:
    """Return an event that occurs now; whatever is no event stays as it is, for the API to refuse."""
    try:
        shift = datetime.now(UTC) - datetime.fromisoformat(event["occurred_at"])
    except (TypeError, KeyError, ValueError):
        return event
    shifted = json.loads(json.dumps(event))
    shifted["event_id"] = uuid.uuid4().hex
    study = shifted.get("study")
    attestation = study.get("attestation") if isinstance(study, dict) else None
    _shift(shifted, ("occurred_at",), shift)
    _shift(study, ("started_at", "ended_at"), shift)
    _shift(attestation, ("at",), shift)
    return shifted


def _shift(part: Any, names: tuple[str, ...], shift: timedelta) -> None:
    if not isinstance(part, dict):
        return
    for name in names:
        if isinstance(part.get(name), str):
            try:
                part[name] = (datetime.fromisoformat(part[name]) + shift).isoformat()
            except ValueError:
                continue
