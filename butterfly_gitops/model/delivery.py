"""The rows that say what became of a result: reports, deliveries, attempts, lanes, rules.

A row is a frozen value; whoever decides something returns a new row, and the store writes it.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, NewType

EventNumber = NewType("EventNumber", int)
LaneId = NewType("LaneId", int)
ReportId = NewType("ReportId", int)
DeliveryId = NewType("DeliveryId", int)
RuleId = NewType("RuleId", int)
TargetNumber = NewType("TargetNumber", int)
Epoch = NewType("Epoch", int)


class State(StrEnum):
    """The state of a delivery; delivered, superseded and cancelled are final."""

    QUEUED = "queued"
    SENDING = "sending"
    UNCERTAIN = "uncertain"
    SET_ASIDE = "set_aside"
    DELIVERED = "delivered"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"


IN_LANE = frozenset({State.QUEUED, State.SENDING, State.UNCERTAIN})
FINAL = frozenset({State.DELIVERED, State.SUPERSEDED, State.CANCELLED})


class ResultStatus(StrEnum):
    """The status of a result in a message: preliminary, final, corrected, withdrawn (OBR-25, OBX-11)."""

    P = "P"
    F = "F"
    C = "C"
    W = "W"


class Content(StrEnum):
    """The kind of content that a delivery carries."""

    PRELIMINARY = "preliminary"
    FINAL = "final"
    WITHDRAWAL = "withdrawal"


class Cause(StrEnum):
    """The cause of a delivery: a rule, a person, or a finalized for another patient."""

    RULE = "rule"
    ONE_OFF = "one_off"
    WITHDRAWAL = "withdrawal"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Rank:
    """The order of a study's snapshots: revision, then when it occurred."""

    revision: int
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The results of one (endpoint, study, patient) as that EHR knows them.

    `newest` ranks the newest result accepted for it, whatever became of it; a preliminary that a final made
    needless does not count. `acknowledged` is the status of the newest message with a positive acknowledgement,
    at revision `acknowledged_revision`. `maybe_received` says that the EHR may show some message of it, until a
    withdrawal is acknowledged; `maybe_event` is the newest event whose content it may show. `maybe_final` says
    that a final may ever have reached it.
    `version` grows with each write; a claim names the version that its message was rendered from.
    """

    id: ReportId
    lane: LaneId
    study: str
    patient: frozenset[str]
    newest: Rank
    acknowledged: ResultStatus | None = None
    acknowledged_revision: int | None = None
    maybe_received: bool = False
    maybe_final: bool = False
    maybe_event: EventNumber | None = None
    filler: str | None = field(default=None, repr=False)
    last_status_time: str | None = None
    printed_revision: int | None = None
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message for one endpoint, from accepted to its end.

    `event` is the event that made it, `body` the event whose content it shows (another one for a withdrawal).
    `then` is the state that awaits it after the attempt in flight, with `then_reason`.
    `refusals` and `silences` count since the last `endpoint resume` or resend; `by_policy` marks a set-aside
    that the endpoint's policy decided, and that a stop of the lane takes back.
    `message` is the number of its newest render, `target` the target revision of its newest attempt.
    """

    id: DeliveryId
    lane: LaneId
    event: EventNumber
    body: EventNumber
    report: ReportId
    content: Content
    cause: Cause
    rank: Rank
    accepted_at: datetime
    state: State = State.QUEUED
    then: State | None = None
    then_reason: str = ""
    reason: str = ""
    by_policy: bool = False
    attempts: int = 0
    refusals: int = 0
    silences: int = 0
    maybe_received: bool = False
    message: int = 0
    control_id: str | None = None
    target: TargetNumber | None = None
    settled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """An operator's stop of one endpoint; it only restricts, and ends by itself at `until`, if that is set."""

    by: str
    reason: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """The ordered queue of one endpoint.

    `target` is the target revision that is applied. `bad_run` holds the different messages that fared badly
    in a row; `failures` counts the waits since the last positive acknowledgement, `due_at` ends the current one.
    `stopped` is why it waits for a person; a lane that its settings say is `paused` keeps what it has, and so does
    one with an operator's `pause`. A `leaving` lane has left the configuration: it sends what waits with its last
    `settings` (JSON), or has set it aside. An `ended` one takes nothing more.
    """

    id: LaneId
    site: str
    endpoint: str
    incarnation: int
    target: TargetNumber
    on_retarget: Literal["set_aside", "resend"] = "set_aside"
    due_at: datetime | None = None
    failures: int = 0
    bad_run: tuple[DeliveryId, ...] = ()
    stopped: str = ""
    paused: bool = False
    pause: Pause | None = None
    leaving: Literal["", "drain", "set_aside"] = ""
    settings: str = ""
    ended: bool = False

    @property
    def shown_name(self) -> str:
        """Return the endpoint's name, or, for a lane that is leaving, one that no configured endpoint can have."""
        return f"{self.endpoint}~{self.incarnation}" if self.leaving else self.endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One forwarding rule in the interval in which it was in force; `until` None means still.

    `started_by` and `ended_by` are the applications (counted over the fleet) that started and ended it: clocks may
    step back, and they do not. `start_was` is the start that it was applied with, where our clock was ahead then.
    """

    id: RuleId
    site: str
    archive: str
    endpoint: str
    lane: LaneId
    start: datetime
    started_by: int
    until: datetime | None = None
    ended_by: int | None = None
    start_was: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Everything that decides who receives and how they read it, numbered per lane.

    `wire` names the listener (Link, host, port, TLS identity), `text` what the bytes depend on; both are
    canonical JSON, so equal strings mean equal targets.
    """

    lane: LaneId
    number: TargetNumber
    wire: str
    text: str


class Outcome(StrEnum):
    """The outcome of one attempt."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"
    NOT_SENT = "not_sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The judgement of one attempt.

    `code` is the reply's MSA-1 where there was one; `detail` is a fixed phrase without patient data, such as
    `no answer in 30s` or `acknowledges another message`.
    """

    outcome: Outcome
    code: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to deliver, stored before its first byte may leave.

    `reply` is what came back, byte for byte: one block without its frame, more with it. It may hold patient data.
    """

    delivery: DeliveryId
    number: int
    epoch: Epoch
    target: TargetNumber
    message: int
    control_id: str
    started_at: datetime
    ended_at: datetime | None = None
    verdict: Verdict | None = None
    reply: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMessage:
    """The exact bytes of one render, and what they were rendered from."""

    delivery: DeliveryId
    number: int
    target: TargetNumber
    text: str
    control_id: str
    status: ResultStatus
    filler: str = field(repr=False)
    status_time: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The decision of one rule on one event: `deliver`, or the reason not to.

    `leaves_gap` says that no setting kept the result back, only when its rule was in force.
    """

    rule: RuleId
    lane: LaneId
    verdict: str
    delivers: bool = False
    leaves_gap: bool = False
