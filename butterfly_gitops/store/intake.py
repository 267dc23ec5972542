"""The values of intake: events as they are accepted, and the answers to them."""

from dataclasses import dataclass, field

from butterfly_gitops.model.delivery import (
    Decision,
    DeliveryId,
    LaneId,
    State,
)
from butterfly_gitops.model.error import GitopsError
from butterfly_gitops.model.study import StudyEvent


class RoutedWithOldRules(GitopsError):  # noqa: N818 - it says what happened
    """A configuration was applied after the decisions were made: decide again."""


class EventConflict(GitopsError):  # noqa: N818 - it says what happened
    """An event id is known with other content."""

    def __init__(self, event_id: str, position: int) -> None:
        super().__init__("this event_id is known with other content")
        self.event_id = event_id
        self.position = position


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """An event to accept, checked and routed.

    `body` is its canonical JSON and `digest` that text's SHA-256; `site` and `archive` are resolved; `patient` and
    `merged_from` are identifier keys.
    """

    event: StudyEvent
    body: str = field(repr=False)
    digest: str
    site: str
    archive: str
    patient: frozenset[str]
    merged_from: frozenset[str]
    decisions: tuple[Decision, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDecision:
    """One decision as answered: the endpoint, the verdict, and the delivery with its first state where there is one."""

    endpoint: str
    verdict: str
    delivery: DeliveryId | None = None
    state: State | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The answer to one event. `is_known` says that it was accepted before, with the same content."""

    event_id: str
    is_known: bool
    decisions: tuple[StoredDecision, ...]
    lanes: frozenset[LaneId] = frozenset()
