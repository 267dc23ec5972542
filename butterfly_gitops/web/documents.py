"""Response documents of the API as JSON data; patient data only where `content` is asked for."""

import base64
import json
from datetime import datetime
from typing import Any

from butterfly_gitops.dispatcher.wire import Strays
from butterfly_gitops.hl7.message import visible, visible_bytes
from butterfly_gitops.model.delivery import Attempt, StoredMessage
from butterfly_gitops.model.endpoint import Encoding
from butterfly_gitops.store.intake import Accepted
from butterfly_gitops.store.interface import Generation
from butterfly_gitops.store.people import Acted, DeliveryDetails, FoundDelivery, Ledger, Unsent


def accepted_document(accepted: Accepted) -> dict[str, Any]:
    """One event with its decisions."""
    return {
        "event_id": accepted.event_id,
        "known": accepted.is_known,
        "decisions": [
            {"endpoint": one.endpoint, "verdict": one.verdict, "delivery": one.delivery, "state": one.state}
            for one in accepted.decisions
        ],
    }


def acted_document(acted: Acted) -> dict[str, Any]:
    """The result of an action."""
    return {"delivery": acted.delivery, "state": acted.state, "repeat": acted.is_repeat}


def found_document(found: FoundDelivery) -> dict[str, Any]:
    """One delivery, as a list shows it."""
    delivery = found.delivery
    return {
        "id": delivery.id,
        "endpoint": f"{found.site}/{found.endpoint}",
        "archive": f"{found.site}/{found.archive}",
        "study": found.study,
        "accession": found.accession,
        "revision": delivery.rank.revision,
        "result": delivery.content,
        "cause": delivery.cause,
        "state": delivery.state,
        "then": delivery.then,
        "reason": delivery.reason,
        "maybe_received": delivery.maybe_received,
        "accepted_at": time_text(delivery.accepted_at),
        "settled_at": time_text(delivery.settled_at),
        "control_id": delivery.control_id,
        "attempts": [_attempt(one) for one in found.attempts],
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    verdict = attempt.verdict
    return {
        "number": attempt.number,
        "target": attempt.target,
        "message": attempt.message,
        "control_id": attempt.control_id,
        "started_at": time_text(attempt.started_at),
        "ended_at": time_text(attempt.ended_at),
        "outcome": verdict.outcome if verdict else None,
        "code": verdict.code if verdict else "",
        "detail": verdict.detail if verdict else "",
    }


def shown_document(shown: DeliveryDetails, strays: Strays | None, *, content: bool) -> dict[str, Any]:
    """One delivery with its history and its listener; messages and replies only with `content`."""
    return {
        **found_document(shown.found),
        "report": {
            "filler_order_number": shown.report.filler if content else None,
            "acknowledged": shown.report.acknowledged,
            "acknowledged_revision": shown.report.acknowledged_revision,
            "maybe_received": shown.report.maybe_received,
        },
        "listener": strays_document(strays),
        "targets": [{"number": one.number, "wire": one.wire} for one in shown.targets],
        "messages": [_message(one, content=content) for one in shown.messages],
        "replies": _replies(shown) if content else None,
        "audit": [
            {"at": time_text(one.at), "actor": one.actor, "action": one.action, "reason": one.reason}
            for one in shown.audit
        ],
    }


def _message(message: StoredMessage, *, content: bool) -> dict[str, Any]:
    document: dict[str, Any] = {
        "number": message.number,
        "target": message.target,
        "control_id": message.control_id,
        "status": message.status,
        "bytes": len(message.data),
    }
    if content:
        document |= {
            "text": visible(message.data, _encoding_of(message)),
            "base64": base64.b64encode(message.data).decode(),
        }
    return document


def _encoding_of(message: StoredMessage) -> Encoding:
    """The settings that it was rendered from tell how its bytes read."""
    encoding: Encoding = json.loads(message.text)["encoding"]
    return encoding


def _replies(shown: DeliveryDetails) -> list[dict[str, Any]]:
    return [
        {
            "attempt": one.number,
            "text": visible_bytes(one.reply),
            "base64": base64.b64encode(one.reply).decode(),
        }
        for one in shown.found.attempts
        if one.reply
    ]


def unsent_document(unsent: Unsent) -> dict[str, Any]:
    """One study that an endpoint's rules did not send."""
    return {
        "study": unsent.study,
        "accession": unsent.accession,
        "archive": unsent.archive,
        "event": unsent.kind,
        "revision": unsent.revision,
        "occurred_at": time_text(unsent.occurred_at),
        "received_at": time_text(unsent.received_at),
        "verdict": unsent.verdict,
    }


def ledger_document(ledger: Ledger) -> dict[str, Any]:
    """Events × rules, and whether it adds up."""
    return {
        "events": ledger.events,
        "expected": ledger.expected,
        "decided": ledger.decided,
        "missing": ledger.missing,
        "surplus": ledger.surplus,
        "without_delivery": dict(ledger.without_delivery),
        "deliveries": dict(ledger.states),
        "beyond_rules": dict(ledger.beyond),
        "adds_up": ledger.adds_up,
    }


def generation_document(generation: Generation) -> dict[str, Any]:
    """One applied configuration; `site` is `fleet` for the fleet's settings."""
    return {
        "site": generation.site or "fleet",
        "generation": generation.number,
        "commit": generation.commit,
        "actor": generation.actor,
        "applied_at": time_text(generation.applied_at),
    }


def strays_document(counted: Strays | None) -> dict[str, int | None]:
    """Tell what came to a listener that nobody waited for; null where nobody listens."""
    return {
        "late_answers": counted.late_answers if counted else None,
        "unasked": counted.unasked if counted else None,
    }


def time_text(at: datetime | None) -> str | None:
    """Write a time as all documents do."""
    return at.isoformat().replace("+00:00", "Z") if at else None
