"""What the API answers, as JSON data: no patient data but where `content` is asked for."""

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from butterfly_gitops.controller.conditions import is_unacknowledged
from butterfly_gitops.delivery.pausing import holds_back, is_paused
from butterfly_gitops.dispatcher.wire import Strays
from butterfly_gitops.hl7.message import visible, visible_bytes
from butterfly_gitops.model.delivery import Attempt, LaneId, Pause, State, StoredMessage, TargetNumber
from butterfly_gitops.model.endpoint import Encoding
from butterfly_gitops.plan.departure import was_removed
from butterfly_gitops.store.interface import (
    Accepted,
    Acted,
    Condition,
    Found,
    Generation,
    Hold,
    LaneCounts,
    Ledger,
    Observation,
    Shown,
    Unsent,
)

WAITS: tuple[State, ...] = (State.QUEUED, State.SENDING, State.UNCERTAIN, State.SET_ASIDE)


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
    """What an action came to."""
    return {"delivery": acted.delivery, "state": acted.state, "repeat": acted.is_repeat}


def found_document(found: Found) -> dict[str, Any]:
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
        "accepted_at": _time(delivery.accepted_at),
        "settled_at": _time(delivery.settled_at),
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
        "started_at": _time(attempt.started_at),
        "ended_at": _time(attempt.ended_at),
        "outcome": verdict.outcome if verdict else None,
        "code": verdict.code if verdict else "",
        "detail": verdict.detail if verdict else "",
    }


def shown_document(shown: Shown, strays: Strays | None, *, content: bool) -> dict[str, Any]:
    """All that is known of one delivery, and of its listener; messages and replies only with `content`."""
    return {
        **found_document(shown.found),
        "report": {
            "filler_order_number": shown.report.filler if content else None,
            "acknowledged": shown.report.acknowledged,
            "acknowledged_revision": shown.report.acknowledged_revision,
            "maybe_received": shown.report.maybe_received,
        },
        "listener": _strays(strays),
        "targets": [{"number": one.number, "wire": one.wire} for one in shown.targets],
        "messages": [_message(one, content=content) for one in shown.messages],
        "replies": _replies(shown) if content else None,
        "audit": [
            {"at": _time(one.at), "actor": one.actor, "action": one.action, "reason": one.reason}
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


def _replies(shown: Shown) -> list[dict[str, Any]]:
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
        "occurred_at": _time(unsent.occurred_at),
        "received_at": _time(unsent.received_at),
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
        "applied_at": _time(generation.applied_at),
    }


def status_document(
    observed: Observation,
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
                **_strays(strays.get(one.lane.id)),
                "reported_target": one.lane.target if one.lane.ended else reported.get(one.lane.id),
                "conditions": conditions.get((one.lane.site, one.lane.shown_name), []),
            }
            for one in observed.lanes
        ],
        "holds": [_hold(one) for one in observed.holds],
        "withheld": [
            {
                "endpoint": names.get(one.lane, "an ended endpoint"),
                "study": one.study,
                "revision": one.revision,
            }
            for one in observed.withheld
        ],
    }


def _strays(counted: Strays | None) -> dict[str, int | None]:
    """Tell what came to a listener that nobody waited for; null where nobody listens."""
    return {
        "late_answers": counted.late_answers if counted else None,
        "unasked": counted.unasked if counted else None,
    }


def _newest_commit(observed: Observation) -> str | None:
    """Return the newest commit of which anything is applied; the fleet's settings may be as they were long before."""
    applied = [one for one in (observed.settings, *observed.generations.values()) if one]
    return max(applied, key=lambda one: one.applied_at).commit if applied else None


def _sites(observed: Observation) -> list[str]:
    """Name what is applied or told of: a site that was removed is shown until its last results are gone."""
    there = {site for site in observed.generations if not was_removed(observed.running.sites.get(site))}
    told = {one.site for one in observed.conditions}
    with_lanes = {one.lane.site for one in observed.lanes}
    return sorted({*there, *told, *with_lanes} - {""})


def _site(site: str, observed: Observation, conditions: list[dict[str, Any]]) -> dict[str, Any]:
    generation = observed.generations.get(site)
    return {
        "site": site,
        "generation": generation.number if generation else None,
        "commit": generation.commit if generation else None,
        "applied_at": _time(generation.applied_at) if generation else None,
        "conditions": conditions,
    }


def _hold(hold: Hold) -> dict[str, Any]:
    return {
        "id": hold.id[:6],
        "site": hold.site,
        "what": hold.what,
        "since": _time(hold.since),
        "approved": hold.approved,
    }


def _pause(pause: Pause | None) -> dict[str, Any] | None:
    if pause is None:
        return None
    return {"by": pause.by, "reason": pause.reason, "since": _time(pause.since), "until": _time(pause.until)}


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
        "due_at": _time(lane.due_at),
        "counts": {state.value: counted.counts[state] for state in State if counted.counts.get(state)},
        "waiting": sum(counted.counts.get(state, 0) for state in WAITS),
        "oldest": _time(counted.oldest),
    }


def condition_of(counted: LaneCounts, trouble: str, at: datetime) -> str:
    """Name how a lane stands: stopped, paused, unreachable, draining, backing off or running."""
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


def _condition(condition: Condition) -> dict[str, Any]:
    return {
        "kind": condition.kind,
        "reason": condition.reason,
        "message": condition.message,
        "since": _time(condition.since),
    }


def _time(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
