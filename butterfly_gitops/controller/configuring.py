"""Planning, applying and repairing, one at a time: for people, and for the passes of the controller."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Protocol

import structlog

from butterfly_gitops import __version__
from butterfly_gitops.config.load import Loaded
from butterfly_gitops.controller.applied import CONTROLLER, applied_side, holds_of, observed
from butterfly_gitops.controller.reconcile import Candidate, PassOutcome, carry_out, consider, settings_after
from butterfly_gitops.model.address import FLEET_SETTINGS
from butterfly_gitops.model.delivery import LaneId, TargetNumber
from butterfly_gitops.model.error import GitopsError, kind_and_place
from butterfly_gitops.model.fleet import Fleet
from butterfly_gitops.plan.document import Plan
from butterfly_gitops.plan.planning import make_plan
from butterfly_gitops.plan.sides import Side
from butterfly_gitops.source.interface import Snapshot
from butterfly_gitops.store.interface import Drift, StateView, Store

NOT_RUN = "its lane did not run what is applied"

_log = structlog.get_logger()


class PlanStale(GitopsError):  # noqa: N818 - it says what is the case
    """The plan was made against something else than is applied now; the message says what moved."""

    exit_code = 4


class Followed(GitopsError):  # noqa: N818 - it says what is the case
    """A controller follows a source and is the only writer."""

    def __init__(self, source: str) -> None:
        super().__init__(
            f"the running controller follows {source} and is the only writer: change it there; "
            "to go back at once, stop it and apply by hand"
        )


class Routing(Protocol):
    """Intake, which keeps the rules that it routes by until it is told to read them again."""

    def forget_rules(self) -> None: ...


class RunningLanes(Protocol):
    """The lanes: `reported` is the target that each runs, `troubles` why some cannot.

    `converge` brings lanes to what is applied, and returns those that did not run it.
    """

    def reported(self) -> Mapping[LaneId, TargetNumber]: ...

    def troubles(self) -> Mapping[LaneId, str]: ...

    async def converge(self) -> Collection[LaneId]: ...


def _tell(drift: Collection[Drift]) -> None:
    for one in drift:
        if one.failure:
            _log.error("drifted, and not repaired", site=one.site, error=one.failure)
            continue
        place = f"{one.site}/{one.endpoint}"
        _log.warning("drifted, and repaired", endpoint=place, detail=one.what, count=len(one.missed))


class Configuring:
    """Plans and applies, one at a time; intake and lanes follow each apply before anybody is answered."""

    def __init__(
        self,
        store: Store,
        *,
        now: Callable[[], datetime],
        intake: Routing | None = None,
        lanes: RunningLanes | None = None,
    ) -> None:
        self._store = store
        self._now = now
        self._intake = intake
        self._lanes = lanes
        self._one_at_a_time = asyncio.Lock()
        # What the source said last, so that a pass reads what differs.
        self._loaded: Loaded | None = None

    async def plan(self, wanted: Snapshot) -> Candidate:
        """Plan files against what is applied; nothing changes. Raises OtherFleet."""
        return await consider(wanted, seen=await self._store.observe(), at=self._now())

    async def apply(self, plan: Plan, *, commit: str, actor: str) -> PassOutcome:
        """Apply exactly this plan. Raises PlanStale, OtherFleet."""
        async with self._one_at_a_time:
            seen = await self._check(plan)
            return await self._carry_out(plan, seen, commit=commit, actor=actor)

    async def follow(self, wanted: Snapshot, *, seen: StateView) -> tuple[Candidate, PassOutcome]:
        """Bring what is applied, as seen, to what a source wants, as far as problems and holds allow.

        Raises OtherFleet.
        """
        async with self._one_at_a_time:
            candidate = await consider(wanted, seen=seen, at=self._now(), before=self._loaded)
            self._loaded = candidate.loaded
            if candidate.plan is None:
                return candidate, PassOutcome()
            outcome = await self._carry_out(candidate.plan, seen, commit=wanted.revision, actor=CONTROLLER)
            return candidate, outcome

    async def start(self) -> None:
        """Bring stored rows to what the generations mean, and start the lanes, whatever stands against the former."""
        async with self._one_at_a_time:
            try:
                await self._repair()
            except GitopsError:
                raise
            except Exception as error:  # noqa: BLE001 - one bad row must not keep the fleet from sending
                _log.error("repair failed", error=kind_and_place(error))
            await self._spread()

    async def restore(self) -> StateView:
        """Bring stored rows to what the generations mean, and lanes to the rows; what had drifted is told."""
        # Between an apply and its lanes nothing may look astray.
        async with self._one_at_a_time:
            observation = await self._repair()
            astray = await self._lanes.converge() if self._lanes else ()
            found = [
                Drift(site=one.lane.site, endpoint=one.lane.endpoint, what=NOT_RUN)
                for one in observation.lanes
                if one.lane.id in astray
            ]
            if found:
                _tell(await self._store.repair(of_lanes=found, at=self._now(), actor=CONTROLLER))
            return observation

    async def _repair(self) -> StateView:
        observation = await self._observe()
        if not observation.drift:
            return observation
        _tell(await self._store.repair(at=self._now(), actor=CONTROLLER))
        await self._spread()
        return await self._store.observe()

    async def _observe(self) -> StateView:
        """Observe; where our clock was set back since a rule was applied, its start follows first."""
        observation, at = await self._store.observe(), self._now()
        if all(rule.start <= at for rule in observation.running.rules if rule.until is None):
            return observation
        for rule in await self._store.correct_starts(at=at):
            place = f"{rule.site}/{rule.endpoint}"
            _log.warning("clock was set back: start of a rule corrected", endpoint=place)
        await self._spread()
        return await self._store.observe()

    async def _carry_out(self, plan: Plan, seen: StateView, *, commit: str, actor: str) -> PassOutcome:
        # Before anything is applied: a pass that is cut short must not leave a new limit and no hold.
        await self._store.stand(holds_of(plan, at=self._now()), released=plan.guard.released)
        if plan.is_empty:
            return PassOutcome()
        try:
            outcome = await carry_out(
                self._store, plan, applied=seen.running.settings, commit=commit, actor=actor, now=self._now
            )
            if FLEET_SETTINGS in outcome.refused and any(not one.site for one in outcome.applied):
                # Part of what was held is applied: the rest has a hold, and an id, of its own.
                rest = self._made_again(plan, await self._store.observe())
                await self._store.stand(holds_of(rest, at=self._now()), released=rest.guard.released)
        finally:
            await self._spread()
        for one in outcome.applied:
            _log.info("applied", site=one.site or "fleet", generation=one.number, actor=actor)
        return outcome

    async def _spread(self) -> None:
        """Let intake and lanes take up what is applied now."""
        if self._intake:
            self._intake.forget_rules()
        if self._lanes:
            await self._lanes.converge()

    async def _check(self, plan: Plan) -> StateView:
        """Make the plan again from what it would write: its id tells whether it still does what was read."""
        observation = await self._store.observe()
        seen = observed(observation, at=self._now())
        moved = sorted(
            name
            for name in {*plan.beside.generations, *seen.generations}
            if plan.beside.generations.get(name, 0) != seen.generations.get(name, 0)
        )
        if moved:
            raise PlanStale(f"applied since the plan was made: {', '.join(moved)}; plan again")
        again = self._made_again(plan, observation)
        if again.id != plan.id or again.guard.holds != plan.guard.holds:
            raise PlanStale("the plan does not do what it says; plan again")
        return observation

    def _made_again(self, plan: Plan, observation: StateView) -> Plan:
        applied = applied_side(observation)
        settings = settings_after(plan, observation.running.settings)
        return make_plan(
            desired=Side(
                fleet=Fleet(settings=settings, sites={**applied.sites, **plan.content.sites}),
                described=plan.beside.desired,
                unsound=frozenset(one.site for one in plan.kept),
            ),
            applied=applied,
            observed=observed(observation, at=self._now()),
            engine=__version__,
        )
