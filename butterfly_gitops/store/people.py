"""The values of people: what they do to deliveries and endpoints, what they look for, and the audit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from butterfly_gitops.model.delivery import (
    Attempt,
    Delivery,
    DeliveryId,
    LaneId,
    Report,
    State,
    StoredMessage,
    Target,
)
from butterfly_gitops.model.error import GitopsError
from butterfly_gitops.model.study import EventKind


class NotFound(GitopsError):  # noqa: N818 - it says what happened
    """There is no such delivery, endpoint or study."""


class NoDelivery(NotFound):
    """There is no delivery of this number."""

    def __init__(self, delivery: DeliveryId | None) -> None:
        super().__init__(f"there is no delivery {delivery}")


class NoStudy(NotFound):
    """There is no study of this id."""

    def __init__(self, study: str) -> None:
        super().__init__(f"there is no study {study}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One entry of the audit: an act, its actor and its reason."""

    at: datetime
    actor: str
    action: str
    subject: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """An action of a person on a delivery, or on an endpoint (`pause`, `resume`).

    `until` ends a pause, None until resumed. `key` makes it idempotent: the same key is answered alike and done once.
    """

    kind: Literal["resend", "set_aside", "cancel", "pause", "resume"]
    delivery: DeliveryId | None = None
    site: str = ""
    endpoint: str = ""
    until: datetime | None = None
    actor: str
    reason: str
    key: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOffSend:
    """One finalized study to one endpoint, by hand; `study` is the id in its events."""

    study: str
    site: str
    endpoint: str
    actor: str
    reason: str
    key: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """The result of an action: the delivery, if it was about one, and the lanes to wake."""

    delivery: DeliveryId | None
    state: State | None
    is_repeat: bool
    lanes: frozenset[LaneId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """The release of a hold; `hold` is its id or the beginning of it."""

    hold: str
    actor: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A search for deliveries; empty fields match all. `study` matches study id or accession number.

    `patient` holds identifier keys; `before` pages on, newest first.
    """

    site: str = ""
    endpoint: str = ""
    study: str = ""
    states: frozenset[State] = frozenset()
    patient: frozenset[str] = frozenset()
    before: DeliveryId | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDelivery:
    """One delivery with the names that a person knows it by."""

    delivery: Delivery
    site: str
    endpoint: str
    archive: str
    study: str
    accession: str = field(repr=False)
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryDetails:
    """All that is known of one delivery. `messages` and the attempts' replies may hold patient data."""

    found: FoundDelivery
    report: Report
    targets: tuple[Target, ...]
    messages: tuple[StoredMessage, ...]
    audit: tuple[AuditEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsent:
    """The newest event of a study that an endpoint's rules did not send, and why; the endpoint has nothing of it."""

    study: str
    accession: str = field(repr=False)
    archive: str
    kind: EventKind
    revision: int
    occurred_at: datetime
    received_at: datetime
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Events × rules against what is stored, counted apart.

    `expected` counts the pairs of event and rule that routing must have decided, `decided` those that are stored,
    `missing` and `surplus` where they differ; `without_delivery` counts decisions by their reason, `states` the
    deliveries of rules by where they stand, `beyond` those made by a person or a withdrawal.
    """

    events: int
    expected: int
    decided: int
    missing: int
    surplus: int
    without_delivery: Mapping[str, int]
    states: Mapping[State, int]
    beyond: Mapping[State, int]

    @property
    def adds_up(self) -> bool:
        """Every event met every rule exactly once, and every `deliver` has its delivery."""
        delivered = sum(self.states.values()) + sum(self.without_delivery.values())
        kept = delivered == self.decided and "deliver" not in self.without_delivery
        return kept and self.missing == 0 and self.surplus == 0
