"""One pass, on one page: load what is wanted, plan it against what is applied, and apply what may be, site by site."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from butterfly_gitops import __version__
from butterfly_gitops.config.load import Loaded, load
from butterfly_gitops.controller.applied import applied_side, observed
from butterfly_gitops.daemon_thread import in_daemon_thread
from butterfly_gitops.model.address import FLEET_SETTINGS
from butterfly_gitops.model.fleet import Fleet, FleetSettings
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
    Observation,
    OtherFleet,
    ResultsWait,
    Store,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What is wanted, and what it would change. `plan` is None when the problems are the whole fleet's."""

    loaded: Loaded
    plan: Plan | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a pass applied, and why sites stayed as they run; `names_taken` are those that wait for another's name."""

    applied: tuple[Generation, ...]
    refused: Mapping[str, str]
    names_taken: frozenset[str] = frozenset()


async def consider(
    store: Store,
    wanted: Snapshot,
    *,
    at: datetime,
    before: Loaded | None = None,
    seen: Observation | None = None,
) -> Candidate:
    """Load files and plan them against what is applied; what `before` knows is not read again. Raises OtherFleet."""
    # Loading a thousand sites takes a second that the lanes must not miss.
    loaded = await in_daemon_thread(
        load, wanted.files, root=wanted.root, before=before, today=at.astimezone(UTC).date()
    )
    if loaded.fleet is None:
        return Candidate(loaded=loaded, plan=None)
    observation = seen or await store.observe()
    name = loaded.fleet.settings.name
    if observation.fleet and observation.fleet != name:
        raise OtherFleet(f"the state belongs to fleet {observation.fleet}, the files to fleet {name}")
    desired = Side(
        fleet=loaded.fleet,
        described=wanted.described,
        origins=loaded.origins,
        layers=loaded.layers,
        unsound=loaded.unsound_sites,
    )
    plan = make_plan(
        desired=desired,
        applied=applied_side(observation),
        observed=observed(observation, at=at),
        engine=__version__,
    )
    return Candidate(loaded=loaded, plan=plan)


async def carry_out(
    store: Store, plan: Plan, *, commit: str, actor: str, now: Callable[[], datetime]
) -> Outcome:
    """Apply a plan: first what holds for the fleet, then each site that waits for nobody, one transaction each.

    Of settings that are held, what takes rights away is applied.

    A site that the store refuses because results wait stays as it runs, and the others go on. One that wants a name
    which another site still has is tried again after the others: they may have given it up.
    Raises StaleApplication and OtherFleet.
    """
    fleet = await _fleet_name(store, plan)
    applied: list[Generation] = []
    refused = {site: why_blocked(plan, site) for site in sorted(plan.blocked_sites)}
    refused |= {hold.site: f"held: bgo approve {hold.id[:6]}" for hold in plan.guard.holds}
    waiting = {name: one for name, one in _contents(plan).items() if name not in refused}
    if FLEET_SETTINGS in refused:
        waiting = await _what_settings_take(store, plan) | waiting
    names_taken: dict[str, str] = {}
    while waiting:
        names_taken = {}
        for name, (content, digest) in waiting.items():
            application = Application(
                fleet=fleet,
                content=content,
                digest=digest,
                expected=plan.beside.generations.get(name, 0),
                commit=commit,
                actor=actor,
                at=now(),
            )
            try:
                applied.append(await store.apply(application))
            except ResultsWait as results:
                refused[name] = why_blocked(plan, name) or str(results)
            except NameTaken as taken:
                names_taken[name] = str(taken)
        if len(names_taken) == len(waiting):
            break
        waiting = {name: waiting[name] for name in names_taken}
    return Outcome(
        applied=tuple(applied), refused={**refused, **names_taken}, names_taken=frozenset(names_taken)
    )


def why_blocked(plan: Plan, site: str) -> str:
    """Say what leaves a site without a word on its results, and how to fix it; empty when nothing does."""
    return " ".join(one.why for one in plan.blocked if one.site == site)


async def _fleet_name(store: Store, plan: Plan) -> str:
    if plan.content.settings is not None:
        return plan.content.settings.name
    running = await store.running()
    if running.settings is None:
        raise OtherFleet("nothing is applied here yet, and the plan was made for a state where something is")
    return running.settings.name


async def _what_settings_take(store: Store, plan: Plan) -> dict[str, tuple[Site | FleetSettings, str]]:
    """Return what of held settings takes effect all the same, if that is anything."""
    applied = (await store.running()).settings
    if applied is None or plan.content.settings is None:
        return {}
    settings = without_gains(applied, plan.content.settings)
    new = settings_digest(settings)
    return {} if new == settings_digest(applied) else {FLEET_SETTINGS: (settings, new)}


def _contents(plan: Plan) -> dict[str, tuple[Site | FleetSettings, str]]:
    contents: dict[str, tuple[Site | FleetSettings, str]] = {}
    if plan.content.settings is not None:
        contents[FLEET_SETTINGS] = plan.content.settings, settings_digest(plan.content.settings)
    return contents | {name: (site, site_digest(site)) for name, site in sorted(plan.content.sites.items())}


def fleet_with(applied: Fleet | None, plan: Plan) -> Fleet | None:
    """Return what would be applied once all of a plan is; None when it lacks the fleet's settings."""
    settings = plan.content.settings or (applied.settings if applied else None)
    if settings is None:
        return None
    return Fleet(settings=settings, sites={**(applied.sites if applied else {}), **plan.content.sites})
