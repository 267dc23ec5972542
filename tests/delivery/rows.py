"""Rows to decide about: short builders, each with the defaults of a first finalized study on its way."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from butterfly_gitops.delivery.settle import Attempted, Policy, Settlement, settle
from butterfly_gitops.delivery.supersede import Admission, Arrival, KnownStudy, admit
from butterfly_gitops.model.delivery import (
    Cause,
    Content,
    Decision,
    Delivery,
    DeliveryId,
    EventNumber,
    Lane,
    LaneId,
    Outcome,
    Rank,
    Report,
    ReportId,
    ResultStatus,
    Rule,
    RuleId,
    State,
    StoredMessage,
    TargetNumber,
    Verdict,
)
from butterfly_gitops.model.endpoint import Acknowledgement, EhrEndpoint, Retry

T0 = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
LANE = LaneId(1)
ERIKA = frozenset({"erika"})
HANS = frozenset({"hans"})
NOBODY: frozenset[str] = frozenset()

DELIVERED = Verdict(outcome=Outcome.DELIVERED, code="AA")
SILENT = Verdict(outcome=Outcome.UNCERTAIN, detail="no answer in time")
REFUSED = Verdict(outcome=Outcome.REFUSED, code="AE")
NOT_SENT = Verdict(outcome=Outcome.NOT_SENT, detail="the connection was lost before a byte left")


def after(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def a_rank(revision: int = 3, seconds: float = 0) -> Rank:
    return Rank(revision=revision, occurred_at=after(seconds))


def a_delivery(number: int = 1, revision: int = 3, **changes: Any) -> Delivery:
    fields: dict[str, Any] = {
        "lane": LANE,
        "event": EventNumber(number),
        "body": EventNumber(number),
        "report": ReportId(1),
        "content": Content.FINAL,
        "cause": Cause.RULE,
        "rank": a_rank(revision),
        "accepted_at": T0,
    }
    return Delivery(id=DeliveryId(number), **{**fields, **changes})


def a_preliminary(number: int = 1, revision: int = 2, **changes: Any) -> Delivery:
    return a_delivery(number, revision, content=Content.PRELIMINARY, **changes)


def a_withdrawal(number: int = 1, revision: int = 4, **changes: Any) -> Delivery:
    fields = {"state": State.SET_ASIDE, "cause": Cause.WITHDRAWAL, **changes}
    return a_delivery(number, revision, content=Content.WITHDRAWAL, **fields)


def in_flight(delivery: Delivery, **changes: Any) -> Delivery:
    """The delivery as its claim leaves it."""
    return replace(
        delivery,
        **{"state": State.SENDING, "attempts": 1, "message": 1, "target": TargetNumber(1), **changes},
    )


def a_report(number: int = 1, **changes: Any) -> Report:
    fields: dict[str, Any] = {"lane": LANE, "study": "s-1", "patient": ERIKA, "newest": a_rank()}
    return Report(id=ReportId(number), **{**fields, **changes})


def a_received_report(number: int = 1, event: int = 1, **changes: Any) -> Report:
    """The report of a final that was acknowledged."""
    fields = {
        "acknowledged": ResultStatus.F,
        "acknowledged_revision": 3,
        "maybe_received": True,
        "maybe_final": True,
        "maybe_event": EventNumber(event),
    }
    return a_report(number, **{**fields, **changes})


def a_lane(**changes: Any) -> Lane:
    fields: dict[str, Any] = {
        "id": LANE,
        "site": "st-elsewhere",
        "endpoint": "epic-prod",
        "incarnation": 1,
        "target": TargetNumber(1),
    }
    return Lane(**{**fields, **changes})


def a_rule(number: int = 1, **changes: Any) -> Rule:
    fields: dict[str, Any] = {
        "site": "st-elsewhere",
        "archive": "emergency",
        "endpoint": "epic-prod",
        "lane": LANE,
        "start": T0,
        "started_by": 1,
    }
    return Rule(id=RuleId(number), **{**fields, **changes})


def a_message(**changes: Any) -> StoredMessage:
    fields: dict[str, Any] = {
        "delivery": DeliveryId(1),
        "number": 1,
        "target": TargetNumber(1),
        "text": "{}",
        "control_id": "K7Q2M4ZP0V9T3XNB6RWC",
        "status": ResultStatus.F,
        "filler": "A4711",
        "status_time": "20261124090311",
        "data": b"MSH|",
    }
    return StoredMessage(**{**fields, **changes})


def an_endpoint(**changes: Any) -> EhrEndpoint:
    fields: dict[str, Any] = {
        "display_name": "Epic Bridges",
        "link": "server-room",
        "host": "10.20.30.40",
        "port": 6661,
        "sending_facility": "STE",
        "receiving_facility": "STE",
        "time_zone": "America/New_York",
    }
    return EhrEndpoint.model_validate({**fields, **changes})


def a_policy(**acknowledgement: Any) -> Policy:
    return Policy(acknowledgement=Acknowledgement.model_validate(acknowledgement), retry=Retry())


def an_arrival(kind: str = "finalized", revision: int = 3, *, to: tuple[int, ...] = (1,), **changes: Any):
    """An event of the study; `to` names the lanes that rules route it to."""
    decisions = tuple(
        Decision(rule=RuleId(lane), lane=LaneId(lane), verdict="deliver", delivers=True) for lane in to
    )
    fields: dict[str, Any] = {
        "event": EventNumber(99),
        "study": "s-1",
        "kind": kind,
        "rank": a_rank(revision),
        "patient": ERIKA,
        "merged_from": NOBODY,
        "at": after(60),
        "decisions": decisions,
    }
    return Arrival(**{**fields, **changes})


def admitted(
    arrival: Arrival, *rows: Report | Delivery, latest: Rank | None = None, **known: Any
) -> Admission:
    """What the arrival does to the rows; new deliveries and reports are number 50 and on."""
    reports = tuple(one for one in rows if isinstance(one, Report))
    deliveries = tuple(one for one in rows if isinstance(one, Delivery))
    before = KnownStudy(reports=reports, deliveries=deliveries, latest=latest, **known)
    return admit(arrival, before, next_report=50, next_delivery=50)


def settled(
    delivery: Delivery,
    verdict: Verdict,
    *fellows: Delivery,
    report: Report | None = None,
    lane: Lane | None = None,
    policy: Policy | None = None,
    status: ResultStatus = ResultStatus.F,
    jitter: float = 0.5,
) -> Settlement:
    """What the verdict on the delivery's attempt leads to."""
    attempted = Attempted(
        delivery=delivery,
        status=status,
        report=report or a_report(),
        lane=lane or a_lane(),
        fellows=fellows,
    )
    return settle(attempted, verdict, policy or a_policy(), at=after(60), jitter=jitter)


def row(rows: Admission | Settlement, number: int) -> Delivery:
    """The changed delivery of that number."""
    return {one.id: one for one in rows.deliveries}[DeliveryId(number)]


def states(rows: Admission | Settlement) -> dict[int, State]:
    """Where the changed deliveries stand."""
    return {int(one.id): one.state for one in rows.deliveries}
