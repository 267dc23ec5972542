"""The input of a plan, which callers fill in: two sides to compare, and what was seen of the state."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from butterfly_gitops.model.address import Address
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.fleet import Fleet
from butterfly_gitops.model.frozen import Frozen
from butterfly_gitops.model.problem import Origin
from butterfly_gitops.model.site import Site
from butterfly_gitops.plan.change import AddressText


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One configuration.

    `fleet` None is a new state, or a revision without the folder. `described` ends "… against …", such as
    `sites/ at 4be21f0`. `origins` and `layers` are by printed address; `unsound` names the sites that
    problems keep out of `fleet`.
    """

    fleet: Fleet | None
    described: str
    origins: Mapping[str, Origin] = field(default_factory=dict)
    layers: Mapping[str, str] = field(default_factory=dict)
    unsound: frozenset[str] = frozenset()

    @property
    def sites(self) -> Mapping[str, Site]:
        """The sites of this side; none where it has no fleet."""
        return self.fleet.sites if self.fleet else {}

    def with_sites(self, sites: Mapping[str, Site]) -> Self:
        """The same side with these sites in place of its own."""
        return replace(self, fleet=self.fleet.model_copy(update={"sites": sites})) if self.fleet else self

    def site(self, place: Address) -> Site | None:
        """The site that a place is in, if this side has it."""
        return self.sites.get(place.site)

    def endpoint(self, place: Address) -> EhrEndpoint:
        """The EHR endpoint at a place. Raises ValueError where there is none."""
        site = self.site(place)
        if site is None or place.name is None:
            raise ValueError(f"{place} is no endpoint of this side")
        return site.ehr_endpoints[place.name]

    def forward_to(self, place: Address) -> tuple[str, ...]:
        """The endpoints that the archive at a place forwards to; none where there is no archive."""
        site = self.site(place)
        archive = site.archives.get(place.name or "") if site else None
        return archive.forward_to if archive else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneCount:
    """The count of one endpoint's lane; `maybe_received` are open and may have reached the EHR.

    `set_aside` are those of the waiting that have left the lane, for a person.
    """

    waiting: int = 0
    in_flight: int = 0
    maybe_received: int = 0
    set_aside: int = 0

    @property
    def open(self) -> int:
        """All that has not come to its end."""
        return self.waiting + self.in_flight


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedPair:
    """A forwarding rule that was removed earlier, and the studies finalized since then."""

    absent_since: datetime
    finalized: int


class PlanNote(Frozen):
    """A site or endpoint that runs otherwise than configured, which no plan fixes."""

    subject: str
    """The site or endpoint."""
    says: str
    """The state of things."""


class PlannedHold(Frozen):
    """The changes of one site, or of the fleet's settings, that wait for approval."""

    id: str
    """Over the ids of the counted changes: the same in a pull request, a plan and a status."""
    site: str
    """The site that stays as it runs; `fleet` for what holds for the whole fleet."""
    changes: tuple[str, ...]
    """The ids of the changes that count."""
    endpoints: tuple[AddressText, ...]
    """The endpoints whose results stop, go elsewhere or change identity."""
    what: str
    """Their fate, and why that waits, in words for a person."""
    always: bool = False
    """Whether it waits whatever the limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """The facts of a state that files cannot tell; `as_of` is None where only files are compared, and nothing is known.

    `lanes` are by the endpoint's printed address (one that is missing holds nothing), `closed` by the pair's
    (`SITE/ARCHIVE.forward_to.ENDPOINT`), `generations` and `holds` by site and for `fleet`; `approved` are ids of holds.
    `commits` are those that what is applied came from, `by_controller` tells whether one applied the newest of it, and
    `commit_held` how to release a commit that it must not take.
    """

    as_of: datetime | None = None
    lanes: Mapping[str, LaneCount] = field(default_factory=dict)
    closed: Mapping[str, ClosedPair] = field(default_factory=dict)
    notes: tuple[PlanNote, ...] = ()
    generations: Mapping[str, int] = field(default_factory=dict)
    holds: Mapping[str, PlannedHold] = field(default_factory=dict)
    approved: frozenset[str] = frozenset()
    commits: frozenset[str] = frozenset()
    by_controller: bool = False
    commit_held: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Both sides, and the state."""

    desired: Side
    applied: Side
    observed: Observed = Observed()
