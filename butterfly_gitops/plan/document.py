"""A plan as data: what is shown, stored and applied (`plan.v1.schema.json`).

The plan's id covers its changes alone; all that time and place add stands beside it.
"""

import json
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import AwareDatetime, ValidationError, model_validator

from butterfly_gitops.model.error import GitopsError
from butterfly_gitops.model.fleet import FleetSettings
from butterfly_gitops.model.frozen import Frozen
from butterfly_gitops.model.site import Site
from butterfly_gitops.plan.change import AddressText, Change, id_of_all
from butterfly_gitops.plan.departure import Blocked
from butterfly_gitops.plan.effect import Effect
from butterfly_gitops.plan.guard import Guarded
from butterfly_gitops.plan.message_effect import Preview
from butterfly_gitops.plan.sides import PlanNote

PRINTED_DIGITS = 8
PRINTED_HOLD_DIGITS = 6


class BadPlanError(GitopsError):
    """A saved plan that cannot be read, or that was changed by hand."""


class PairStart(Frozen):
    """A pair that starts at the moment of the apply: nothing finalized before goes there."""

    pair: AddressText
    """`SITE/ARCHIVE.forward_to.ENDPOINT`."""
    absent_since: AwareDatetime | None = None
    """The time of its removal, if it was there before."""
    finalized: int = 0
    """The number of studies finalized since then."""


class KeptSite(Frozen):
    """A site that stays as it runs, whatever its files say."""

    site: str
    """Its name."""
    reason: str
    """Why, to stand behind its name."""


class Counts(Frozen):
    """The figures of a plan's first line."""

    nothing_applied: bool = False
    """Whether the files are of another fleet than before, so that no part of them is applied."""
    archives_stopping: int = 0
    """Archives some of whose results stop."""
    endpoints_removed: int = 0
    """Endpoints that leave."""
    everything_stops: bool = False
    """Whether the subscription that sending needs is lost."""
    endpoints_elsewhere: int = 0
    """Endpoints whose results go elsewhere."""
    endpoints_public: int = 0
    """Endpoints that are new and have a host outside private networks."""
    endpoints_identity: int = 0
    """Endpoints whose messages change identity."""
    archives_sending_more: int = 0
    """Archives that send to more EHRs than before."""
    pairs_starting: int = 0
    """The forwarding rules that start there."""
    sites_added: int = 0
    """Sites that are new."""
    sites_removed: int = 0
    """Sites that are gone on purpose."""
    sites_changing: int = 0
    """Sites with a change, new ones too."""
    sites: int = 0
    """All sites, those that stay as they run without files too."""


class Beside(Frozen):
    """The circumstances of a plan, which do not make its id."""

    desired: str
    """The place that the desired side was read from."""
    applied: str
    """The side that it is compared with."""
    as_of: AwareDatetime | None
    """The time of the look at the state; null when only files were compared."""
    engine: str
    """The version that made the plan."""
    generations: dict[str, int]
    """The applied generation of each site, and of `fleet`, that the plan was made against."""
    notes: tuple[PlanNote, ...]
    """Sites and endpoints that run otherwise than configured."""
    commits: tuple[str, ...] = ()
    """The commits, or digests of folders, that what is applied came from."""
    by_controller: bool = False
    """Whether a controller applies what its source says, and takes back what is applied by hand."""
    commit_held: str = ""
    """The commit that the controller takes nothing of until a person releases it, and how; empty where there is none."""


class PlanContent(Frozen):
    """The configuration that an apply of this plan writes, whole for all that changes."""

    settings: FleetSettings | None
    """The settings of the fleet; null when they stay."""
    sites: dict[str, Site]
    """Each site that changes."""


class Plan(Frozen):
    """Desired less applied, with what it does to results."""

    version: Literal[1] = 1
    """The format of this document."""
    id: str
    """Over the ids of the changes."""
    changes: tuple[Change, ...]
    """Every leaf that changes."""
    effects: tuple[Effect, ...]
    """The effects of that, worst first."""
    counts: Counts
    """The same in figures."""
    guard: Guarded
    """The changes that wait for a person's approval."""
    blocked: tuple[Blocked, ...] = ()
    """Entities that leave while results wait or may wait for them, where the files don't say what becomes of these."""
    starts: tuple[PairStart, ...]
    """The pairs of archive and endpoint that start at the apply."""
    ends: tuple[AddressText, ...]
    """The pairs that end at the apply."""
    kept: tuple[KeptSite, ...]
    """The sites that are no part of it."""
    content: PlanContent
    """The configuration that an apply writes."""
    beside: Beside
    """Times, commits and versions."""
    preview: Preview | None = None
    """The effects on the messages of sample studies; only where that was asked for."""

    @model_validator(mode="after")
    def _id_is_of_these_changes(self) -> Self:
        if self.id != id_of_all(change.id for change in self.changes):
            raise ValueError("the plan's changes do not belong to its id")
        return self

    @property
    def printed_id(self) -> str:
        """As people read it."""
        return self.id[:PRINTED_DIGITS]

    @property
    def is_empty(self) -> bool:
        """Whether nothing changes."""
        return not self.changes

    @property
    def is_of_another_fleet(self) -> bool:
        """Whether the name of the fleet changes, which nobody can apply."""
        return self.counts.nothing_applied

    def why_blocked(self, site: str) -> str:
        """Say what leaves a site without a word on its results, and how to fix it; empty when nothing does."""
        return " ".join(one.why for one in self.blocked if one.site == site)

    @property
    def held_sites(self) -> frozenset[str]:
        """The sites that wait for approval."""
        return frozenset(hold.site for hold in self.guard.holds)

    @property
    def blocked_sites(self) -> frozenset[str]:
        """The sites that stay as they run because results are known to wait for what leaves them."""
        return frozenset(one.site for one in self.blocked if one.is_certain)


def to_document(plan: Plan) -> dict[str, Any]:
    """The plan as JSON data."""
    return plan.model_dump(mode="json", exclude={"preview"} if plan.preview is None else None)


def print_document(plan: Plan) -> str:
    """The plan as JSON text, byte for byte the same for equal plans."""
    return json.dumps(to_document(plan), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def from_document(document: Mapping[str, Any]) -> Plan:
    """Read a saved plan. Raises BadPlanError for anything that is none, or was changed by hand."""
    try:
        return Plan.model_validate_json(json.dumps(document))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise BadPlanError(f"this is no saved plan: {f'{where}: ' if where else ''}{first['msg']}") from error
