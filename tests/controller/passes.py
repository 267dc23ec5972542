"""Passes of the controller over a folder of files and a real store, on a clock and lanes of the test's own."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from butterfly_gitops.controller.configuring import Configuring
from butterfly_gitops.controller.loop import Loop
from butterfly_gitops.model.delivery import LaneId, TargetNumber
from butterfly_gitops.source.folder import FolderSource
from butterfly_gitops.store.interface import Condition, StateView
from butterfly_gitops.store.sqlite import SqliteStore

NOW = datetime(2026, 11, 24, 14, 3, tzinfo=UTC)


@dataclass
class Lanes:
    """Lanes that say which of them did not run what is applied; each converge brings all of them there."""

    astray: list[LaneId] = field(default_factory=list)
    converged: int = 0

    def reported(self) -> Mapping[LaneId, TargetNumber]:
        return {}

    def troubles(self) -> Mapping[LaneId, str]:
        return {}

    async def converge(self) -> Collection[LaneId]:
        self.converged += 1
        astray, self.astray = self.astray, []
        return astray


class Counting(SqliteStore):
    """A store that counts how often it is observed."""

    observed = 0

    async def observe(self) -> StateView:
        self.observed += 1
        return await super().observe()


@dataclass
class Clock:
    """A clock that a test turns."""

    now: datetime = NOW


def following(
    store: SqliteStore, folder: Path, *, lanes: Lanes | None = None, clock: Clock | None = None
) -> Loop:
    """A controller that follows a folder."""
    lanes, clock = lanes or Lanes(), clock or Clock()
    return Loop(
        store,
        Configuring(store, now=lambda: clock.now, lanes=lanes),
        source=FolderSource(path=folder),
        lanes=lanes,
        interval_s=30,
        now=lambda: clock.now,
        draw=lambda: 0.5,
    )


async def told(store: SqliteStore, site: str = "") -> Condition:
    """The condition of the fleet, or of a site."""
    found = (await store.observe()).conditions
    return next(one for one in found if (one.site, one.endpoint) == (site, ""))
