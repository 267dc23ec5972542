"""The values of the one dispatcher: what it sees of a lane, and the steps that it asks for."""

from dataclasses import dataclass, field
from datetime import datetime

from butterfly_gitops.delivery.claim import Claim
from butterfly_gitops.delivery.settle import Policy
from butterfly_gitops.model.delivery import (
    Attempt,
    Delivery,
    DeliveryId,
    Epoch,
    Lane,
    LaneId,
    Report,
    StoredMessage,
    TargetNumber,
    Verdict,
)
from butterfly_gitops.model.error import GitopsError
from butterfly_gitops.store.body import Body


class OwnerLost(GitopsError):  # noqa: N818 - it says what happened
    """Another dispatcher owns the lanes now; this one must not write another byte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A delivery with all that is needed to render and send it; `body` is of the event whose content it shows.

    `spare` is the OBR-3 that the report gets where its study brings none that is free; empty once it has one.
    """

    delivery: Delivery
    report: Report
    spare: str = field(repr=False)
    body: Body
    message: StoredMessage | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneView:
    """A lane, and its deliveries in lane order: the first blocks the second."""

    lane: Lane
    heads: tuple[Head, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """The outcome of the attempt in flight. `jitter` is drawn evenly from [0, 1); `reply` may hold patient data."""

    delivery: DeliveryId
    attempt: int
    verdict: Verdict
    reply: bytes = field(repr=False)
    policy: Policy
    jitter: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusing:
    """A result that cannot be written for a target, at a version of its report; `why` never quotes a value."""

    delivery: DeliveryId
    report_version: int
    target: TargetNumber
    field: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The wishes of one lane, written at once in this order: settle n, refuse, claim n + 1.

    The claim is tried only if the settling left its delivery no longer in the lane's way. `look_ahead` is how many
    deliveries the answer shows.
    """

    lane: LaneId
    epoch: Epoch
    at: datetime
    settling: Settling | None = None
    refusing: Refusing | None = None
    claiming: Claim | None = None
    look_ahead: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Stepped:
    """The result of a step: the attempt that may be sent now, or why there is none, and the lane.

    `view` leaves out the claimed delivery: its first head is the next one. `is_filler_in_use` says that only the OBR-3
    of the message stood against the claim: the EHR keeps another report by it, and the head is to be rendered again.
    `is_set_aside` says that its report has that OBR-3 for life, so that the delivery waits for a person now.
    """

    attempt: Attempt | None
    why_not: str
    is_filler_in_use: bool = False
    is_set_aside: bool = False
    view: LaneView
