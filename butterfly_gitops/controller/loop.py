"""The controller's task: passes at the start, on an interval with jitter and when asked, and their outcome."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from butterfly_gitops.controller.applied import hold_of_commit, to_descend_from
from butterfly_gitops.controller.conditions import (
    of_configuration,
    of_endpoints,
    of_exclusions,
    of_failed_repairs,
    standing_since,
)
from butterfly_gitops.controller.configuring import Configuring, RunningLanes
from butterfly_gitops.daemon_thread import in_daemon_thread
from butterfly_gitops.model.error import kind_and_place
from butterfly_gitops.source.interface import Snapshot, Source, SourceUnavailable
from butterfly_gitops.store.dispatch import OwnerLost
from butterfly_gitops.store.interface import Condition, OtherFleet, StateView, Store, StoreUnavailable

_Standing = tuple[tuple[Condition, ...], StateView]
"""The conditions of the fleet and its sites, and what is observed then."""

_LONGEST_LOOK_S = 5.0

_log = structlog.get_logger()


class Loop:
    """The controller's task. Without a source it only converges and tells."""

    def __init__(
        self,
        store: Store,
        configuring: Configuring,
        *,
        source: Source | None,
        lanes: RunningLanes,
        interval_s: float,
        now: Callable[[], datetime],
        draw: Callable[[], float],
    ) -> None:
        self._store = store
        self._configuring = configuring
        self._source = source
        self._lanes = lanes
        self._interval_s = interval_s
        self._now = now
        self._draw = draw
        self._asked = asyncio.Event()
        # Each takes a thread, and anybody may ask.
        self._asking = asyncio.Semaphore(2)
        self._of_configuration: tuple[Condition, ...] = ()
        # The newest commit that was found to descend from what is applied.
        self._forward = ""
        self._seen = self._considered = ""
        self._has_passed = False

    async def has_considered(self, commit: str) -> bool:
        """Tell whether the newest pass saw this commit, or one that descends from it; a prefix will do."""
        if not commit:
            return False
        if self._source is None:
            seen = await self._store.observe()
            return any(one.commit.startswith(commit) for one in seen.applied)
        if self._considered.startswith(commit):
            return True
        if len(commit) != len(self._considered) or set(commit) - set("0123456789abcdef"):
            # Only a whole id can be looked for among the ancestors.
            return False
        # A fetch that hangs holds the repository for minutes; whoever asks will ask again.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST_LOOK_S), self._asking:
                return await in_daemon_thread(self._source.is_forward, [commit], self._considered)
        return False

    def ask_for_pass(self) -> None:
        """Make the next pass now."""
        self._asked.set()

    async def run(self) -> None:
        """Make passes until cancelled. Raises OwnerLost, and OtherFleet from the first one."""
        while True:
            self._asked.clear()
            await self._pass_or_tell()
            # Many controllers must not fetch in step.
            wait_s = self._interval_s * (0.9 + 0.2 * self._draw())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._asked.wait()

    async def _pass_or_tell(self) -> None:
        """Make a pass; whatever goes wrong, what runs goes on, and the next pass starts from what is stored."""
        try:
            await self.make_pass()
        except (OwnerLost, OtherFleet):
            raise
        except StoreUnavailable as away:
            _log.error("pass without effect", error=str(away))
        except Exception as error:  # noqa: BLE001 - the task's outermost line; a bad merge must not stop delivery
            _log.error("pass failed", error=kind_and_place(error))

    async def make_pass(self) -> None:
        """Repair and converge, fetch, apply what may be, and record how everything stands."""
        # First, so that what somebody changed by hand is not taken for what was there to change.
        observation = await self._configuring.restore()
        if self._source is not None:
            before = self._of_configuration
            self._of_configuration, observation = await self._follow(self._source, observation)
            _tell_changes(before, self._of_configuration)
        at = self._now()
        endpoints = of_endpoints(observation, self._lanes.reported(), self._lanes.troubles(), at=at)
        exclusions = of_exclusions(observation, at=at)
        failed = of_failed_repairs(observation, at=at)
        now = standing_since((*self._of_configuration, *endpoints, *exclusions, *failed), observation)
        await self._store.record(list(now), at=at)
        # Only now does the status show what became of it.
        self._considered = self._seen
        self._has_passed = True

    async def _follow(self, source: Source, seen: StateView) -> _Standing:
        """Take what the source says; what was seen before is seen again where something may have changed."""
        try:
            wanted: Snapshot = await in_daemon_thread(source.fetch)
            is_forward = await self._is_forward(source, wanted, seen)
        except SourceUnavailable as away:
            return self._all_stays("SourceAway", str(away)), seen
        if not is_forward:
            # Who waits for it is told at once that it is held.
            self._seen = wanted.commit
            message = f"{wanted.described} does not descend from what is applied: everything stays as it runs"
            return self._all_stays("NotForward", message), seen
        try:
            candidate, outcome = await self._configuring.follow(wanted, seen=seen)
        except OtherFleet as other:
            if not self._has_passed:
                # The first pass: somebody started this state with another fleet's files.
                raise
            return self._all_stays("OtherFleet", str(other)), seen
        if outcome.applied:
            seen = await self._store.observe()
        self._seen = wanted.commit or wanted.revision
        return tuple(of_configuration(candidate, outcome, seen, at=self._now())), seen

    async def _is_forward(self, source: Source, wanted: Snapshot, seen: StateView) -> bool:
        """Tell whether what is applied leads to what is wanted; the history is asked once for each commit."""
        if wanted.commit == self._forward:
            return True
        applied = {one.commit for one in seen.applied}
        # A commit that changed nothing was taken all the same; one that is held was not.
        applied |= {self._forward} if self._forward else set()
        for base in (applied, to_descend_from(applied, seen.holds)):
            if await in_daemon_thread(source.is_forward, base, wanted.commit):
                self._forward = wanted.commit
                return True
        hold = hold_of_commit(applied, wanted, at=self._now())
        others = [one for one in seen.holds if one.site]
        await self._store.stand([*others, hold], released=[one.id for one in others])
        return False

    def _all_stays(self, reason: str, message: str) -> tuple[Condition, ...]:
        """Say why nothing of the source is taken; what was told of the sites stays."""
        why = Condition(kind="Stalled", site="", reason=reason, message=message, since=self._now())
        return (why, *(one for one in self._of_configuration if one.site))


def _tell_changes(before: Sequence[Condition], now: Sequence[Condition]) -> None:
    """Log each condition that is not as it was, and none that stays, however many passes are made."""
    known = {(one.site, one.kind, one.reason, one.message) for one in before}
    for one in now:
        if (one.site, one.kind, one.reason, one.message) not in known:
            log = _log.info if one.kind == "Ready" else _log.warning
            log("condition", site=one.site or "fleet", state=one.kind, reason=one.reason, detail=one.message)
