"""One pass, on one page: load what is wanted, plan it against what is applied, and apply what may be, site by site."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from butterfly_gitops import __version__
from butterfly_gitops.config.load import Loaded, load
from butterfly_gitops.controller.applied import applied_side, observed
from butterfly_gitops.daemon_thread import in_daemon_thread
from butterfly_gitops.model.address import FLEET_SETTINGS
from butterfly_gitops.model.fleet import FleetSettings
from butterfly_gitops.model.site import Site
from butterfly_gitops.plan.canonical import settings_digest, site_digest
from butterfly_gitops.plan.document import Plan
from butterfly_gitops.plan.guard import without_gains
from butterfly_gitops.plan.planning import make_plan
from butterfly_gitops.plan.sides import Side
from butterfly_gitops.source.interface import Snapshot
from butterfly_gitops.store.interface import (
    Application,
    Generation,
    NameTaken,
    NotRepaired,
    OtherFleet,
    ResultsWait,
    StateView,
    Store,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """The files of a source, and their plan; None when the problems are the whole fleet's."""

    loaded: Loaded
    plan: Plan | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PassOutcome:
    """The generations that a pass applied, and why sites stayed as they run.

    `names_taken` wait for another's name, `not_repaired` for somebody who looks at their rows.
    """

    applied: tuple[Generation, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    names_taken: frozenset[str] = frozenset()
    not_repaired: frozenset[str] = frozenset()


async def consider(
    wanted: Snapshot, *, seen: StateView, at: datetime, before: Loaded | None = None
) -> Candidate:
    """Load files and plan them against what is applied, as seen; what `before` knows is not read again. Raises OtherFleet."""
    # Loading a thousand sites takes a second that the lanes must not miss.
    loaded = await in_daemon_thread(
        load, wanted.files, root=wanted.root, before=before, today=at.astimezone(UTC).date()
    )
    if loaded.fleet is None:
        return Candidate(loaded=loaded, plan=None)
    name = loaded.fleet.settings.name
    if seen.fleet and seen.fleet != name:
        raise OtherFleet(f"the state belongs to fleet {seen.fleet}, the files to fleet {name}")
    desired = Side(
        fleet=loaded.fleet,
        described=wanted.described,
        origins=loaded.origins,
        layers=loaded.layers,
        unsound=loaded.unsound_sites,
    )
    now = observed(seen, at=at)
    plan = make_plan(desired=desired, applied=applied_side(seen), observed=now, engine=__version__)
    return Candidate(loaded=loaded, plan=plan)


async def carry_out(
    store: Store,
    plan: Plan,
    *,
    applied: FleetSettings | None,
    commit: str,
    actor: str,
    now: Callable[[], datetime],
) -> PassOutcome:
    """Apply a plan: first what holds for the fleet, then each site that waits for nobody, one transaction each.

    `applied` are the settings of the fleet until now; of settings that are held, what takes rights away is applied.

    A site that the store refuses because results wait stays as it runs, and the others go on. One that wants a name
    which another site still has is tried again after the others: they may have given it up.
    Raises StaleApplication and OtherFleet.
    """
    fleet = settings_after(plan, applied).name
    generations: list[Generation] = []
    refused = {site: plan.why_blocked(site) for site in sorted(plan.blocked_sites)}
    for hold in plan.guard.holds:
        held, why = f"held: bgo approve {hold.id[:6]}", refused.get(hold.site)
        refused[hold.site] = f"{held}; {why}" if why else held
    waiting = _contents(plan, applied)
    names_taken: dict[str, str] = {}
    not_repaired: set[str] = set()
    while waiting:
        names_taken = {}
        for name, content in waiting.items():
            application = _application(plan, name, content, fleet=fleet, commit=commit, actor=actor, at=now())
            try:
                generations.append(await store.apply(application))
            except ResultsWait as results:
                refused[name] = plan.why_blocked(name) or str(results)
            except NotRepaired as rows:
                refused[name] = str(rows)
                not_repaired.add(name)
            except NameTaken as taken:
                names_taken[name] = str(taken)
        if len(names_taken) == len(waiting):
            break
        waiting = {name: waiting[name] for name in names_taken}
    return PassOutcome(
        applied=tuple(generations),
        refused={**refused, **names_taken},
        names_taken=frozenset(names_taken),
        not_repaired=frozenset(not_repaired),
    )


def _application(
    plan: Plan, name: str, content: Site | FleetSettings, *, fleet: str, commit: str, actor: str, at: datetime
) -> Application:
    digest = settings_digest(content) if isinstance(content, FleetSettings) else site_digest(content)
    return Application(
        fleet=fleet,
        content=content,
        digest=digest,
        expected=plan.beside.generations.get(name, 0),
        commit=commit,
        actor=actor,
        at=at,
    )


def settings_after(plan: Plan, applied: FleetSettings | None) -> FleetSettings:
    """Return the settings of the fleet once all of a plan is applied. Raises OtherFleet where there are none."""
    settings = plan.content.settings or applied
    if settings is None:
        raise OtherFleet("nothing is applied here yet, and the plan was made for a state where something is")
    return settings


def _contents(plan: Plan, applied: FleetSettings | None) -> dict[str, Site | FleetSettings]:
    """The contents that wait for nobody, the settings of the fleet first; of held ones, the part that takes something."""
    settings, held = plan.content.settings, {hold.site for hold in plan.guard.holds}
    contents: dict[str, Site | FleetSettings] = {}
    if settings and FLEET_SETTINGS not in held:
        contents[FLEET_SETTINGS] = settings
    elif settings and applied:
        taken = without_gains(applied, settings)
        if settings_digest(taken) != settings_digest(applied):
            contents[FLEET_SETTINGS] = taken
    waiting = held | plan.blocked_sites
    return contents | {name: site for name, site in sorted(plan.content.sites.items()) if name not in waiting}
