"""The Store: what can be asked of it, what it promises, and the values that go in and come out.

Every method is one transaction, durable before it returns, or without effect when it raises. Lists are what speed
depends on: one commit carries many.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from butterfly_gitops.model.delivery import (
    DeliveryId,
    Epoch,
    Lane,
    LaneId,
    Rule,
    State,
    Target,
)
from butterfly_gitops.model.error import GitopsError
from butterfly_gitops.model.fleet import FleetSettings
from butterfly_gitops.model.site import Site
from butterfly_gitops.store.dispatch import LaneView, Step, Stepped
from butterfly_gitops.store.intake import Accepted, NewEvent
from butterfly_gitops.store.people import (
    Acted,
    Action,
    Approval,
    AuditEntry,
    DeliveryDetails,
    FoundDelivery,
    Ledger,
    OneOffSend,
    Query,
    Unsent,
)


class StoreUnavailable(GitopsError):  # noqa: N818 - it says what happened
    """A commit failed, for want of room perhaps, and may be tried again: nothing of it took effect."""


class NotMarked(StoreUnavailable):
    """A commit stands, but its mark could not follow, so that nobody may act on it yet: a second try finds it done."""


class StaleApplication(GitopsError):  # noqa: N818 - it says what happened
    """The applied configuration is no longer the one that the change was planned against."""

    exit_code = 4


class ResultsWait(GitopsError):  # noqa: N818 - it says what happened
    """Something leaves the configuration while results wait for it; `names` are those things."""

    def __init__(self, site: str, names: Sequence[str]) -> None:
        super().__init__(f"results wait for what leaves {site}: {', '.join(names)}")
        self.site = site
        self.names = tuple(names)


class NameTaken(GitopsError):  # noqa: N818 - it says what happened
    """Events of an archive could be another site's: `names` are what they call it, with the site that has the name."""

    def __init__(self, site: str, names: Mapping[str, str]) -> None:
        taken = ", ".join(f"{name} (an archive of {holder})" for name, holder in names.items())
        super().__init__(f"{site} names its archives as another applied site does: {taken}")
        self.site = site
        self.names = dict(names)


class NotRepaired(GitopsError):  # noqa: N818 - it says what is the case
    """Rows of a site are not what is applied, and cannot be brought back to it."""

    def __init__(self, site: str) -> None:
        super().__init__(f"rows of {site} are not what is applied, and cannot be repaired")
        self.site = site


class OtherFleet(GitopsError):  # noqa: N818 - it says what happened
    """The state belongs to another fleet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """One applied configuration of one site, or of the fleet's settings (`site` empty)."""

    site: str
    number: int
    digest: str
    commit: str
    actor: str
    applied_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The applied configuration, as routing and the lanes need it. `applies` counts applications, fleet-wide."""

    applies: int
    settings: FleetSettings | None
    sites: Mapping[str, Site]
    rules: tuple[Rule, ...]
    lanes: tuple[tuple[Lane, Target], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One site, or the fleet's settings, to apply.

    `expected` is the number of the generation that it replaces, 0 for none. `digest` is over the canonical JSON of
    the content.
    """

    fleet: str
    content: Site | FleetSettings
    digest: str
    expected: int
    commit: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """An archive and an endpoint that are not joined now, since when, and how many were finalized meanwhile."""

    site: str
    archive: str
    endpoint: str
    closed_at: datetime
    finalized_since: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneCounts:
    """One lane with what stands in it; `oldest` is when the first that it still has to send was accepted.

    What is set aside waits for a person, and not for the lane. `gap` counts the studies that its rules did not send.
    """

    lane: Lane
    target: Target
    counts: Mapping[State, int]
    oldest: datetime | None
    gap: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """A report whose study was reverted or deleted, or is another patient's, and that its EHR may still show."""

    lane: LaneId
    study: str
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Changes of a site or of the fleet's settings (`site` is `fleet`), or a commit (it is empty), that wait for approval.

    `id` is over the ids of the counted changes; `what` says why it is held; `endpoints` are the addresses of those that
    they count for. `approved` names who released it, and is None until then. It goes once the site is applied, or its
    changes have left the source.
    """

    id: str
    site: str
    what: str
    changes: frozenset[str]
    endpoints: frozenset[str] = frozenset()
    since: datetime
    approved: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A difference between the rows of one endpoint and the applied configuration; `what` says which.

    `missed` are the studies that were finalized meanwhile, and that a repaired rule did not meet. `failure` is the kind
    and place of the exception that kept the rows of a site (`endpoint` empty) from being brought back.
    """

    site: str
    endpoint: str
    what: str
    missed: tuple[str, ...] = ()
    failure: str = ""


ConditionKind = Literal["Ready", "Reconciling", "Stalled", "Drifted", "Excluding"]
DRIFT_IS_TOLD_FOR = timedelta(days=3)
"""A repair shows among the conditions for so long: over a weekend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A standing statement about a site (`endpoint` empty) or an endpoint; `since` is the time of its last change."""

    site: str
    endpoint: str = ""
    kind: ConditionKind
    reason: str
    message: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StateView:
    """The state as a plan is made against and a status shows it: what is applied, and what waits."""

    fleet: str
    running: Running
    settings: Generation | None
    generations: Mapping[str, Generation]
    lanes: tuple[LaneCounts, ...]
    drift: tuple[Drift, ...]
    closed_pairs: tuple[Pair, ...]
    conditions: tuple[Condition, ...]
    holds: tuple[Hold, ...]
    withheld: tuple[Withheld, ...]

    @property
    def applied(self) -> tuple[Generation, ...]:
        """The newest generation of the fleet's settings, once there is one, and of each site."""
        return (*((self.settings,) if self.settings else ()), *self.generations.values())


class Store(Protocol):
    """The durable state. Every method may raise StoreUnavailable; one that writes, NotMarked."""

    async def accept(
        self, events: Sequence[NewEvent], *, routed_with: int, at: datetime
    ) -> tuple[Accepted, ...]:
        """Take events, all or none. Raises RoutedWithOldRules, EventConflict."""
        ...

    async def running(self) -> Running:
        """Return what is applied."""
        ...

    async def settings(self) -> FleetSettings | None:
        """Return the fleet's settings that are applied: None before the first apply."""
        ...

    async def apply(self, application: Application) -> Generation:
        """Apply one site or the fleet's settings, and start and end its rules.

        Raises StaleApplication, ResultsWait, NameTaken, NotRepaired, OtherFleet.
        """
        ...

    async def observe(self) -> StateView:
        """Return what is applied and what waits."""
        ...

    @property
    def can_commit(self) -> bool:
        """The newest write became durable."""
        ...

    async def touch(self, *, at: datetime) -> None:
        """Write next to nothing, which shows in `can_commit` whether something can be written."""
        ...

    async def repair(self, *, of_lanes: Sequence[Drift] = (), at: datetime, actor: str) -> tuple[Drift, ...]:
        """Bring the rows of every site to what its newest generation means; return what had drifted.

        Where that fails, the others go on, and the site's rows stay as they are.
        It is audited, and stands among the conditions; so does `of_lanes`, which was found elsewhere. `apply` does as
        much for its own site first.
        """
        ...

    async def correct_starts(self, *, at: datetime) -> tuple[Rule, ...]:
        """Correct rules whose start lies in the future (`delivery.routing.true_start`), and return them."""
        ...

    async def record(self, conditions: Sequence[Condition], *, at: datetime) -> None:
        """Keep exactly these conditions, beside what was repaired within `DRIFT_IS_TOLD_FOR`."""
        ...

    async def stand(self, holds: Sequence[Hold], *, released: Collection[str]) -> None:
        """Let exactly these holds stand, beside those approved that `released` names.

        Where the id stays, so do `since` and the approval.
        """
        ...

    async def approve(self, approval: Approval) -> Hold:
        """Release a hold. Raises NotFound, for an id that names none or several."""
        ...

    async def own(self, *, node: str, boot: str, at: datetime) -> Epoch:
        """Become the one dispatcher; earlier epochs can commit nothing from here on."""
        ...

    async def recover(self, epoch: Epoch, *, at: datetime) -> int:
        """Make every attempt of earlier epochs uncertain; return how many there were. Raises OwnerLost."""
        ...

    async def views(self, lanes: Sequence[LaneId], *, look_ahead: int = 1) -> tuple[LaneView, ...]:
        """Return lanes with their first deliveries."""
        ...

    async def advance(self, steps: Sequence[Step]) -> tuple[Stepped, ...]:
        """Settle, refuse and claim, compare-and-set. Raises OwnerLost."""
        ...

    async def act(self, action: Action) -> Acted:
        """Do what a person asks. Raises NotFound, ActionRefused."""
        ...

    async def send_once(self, send: OneOffSend) -> Acted:
        """Send one study to one endpoint by hand. Raises NotFound, ActionRefused."""
        ...

    async def audit(self, entry: AuditEntry) -> None:
        """Keep who did what, durable on return."""
        ...

    async def waiting(self) -> frozenset[LaneId]:
        """Return the lanes that have something to send, now or later."""
        ...

    async def find(self, query: Query) -> tuple[FoundDelivery, ...]:
        """Find deliveries, newest first."""
        ...

    async def show(self, delivery: DeliveryId) -> DeliveryDetails:
        """Return all that is known of one delivery. Raises NotFound."""
        ...

    async def gap(self, site: str, endpoint: str, *, limit: int) -> tuple[Unsent, ...]:
        """Return what an endpoint's rules did not send, newest first. Raises NotFound."""
        ...

    async def ledger(self) -> Ledger:
        """Count events × rules against decisions and deliveries."""
        ...

    async def close(self) -> None:
        """Finish what is queued, and let go."""
        ...
