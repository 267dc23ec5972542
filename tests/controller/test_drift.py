"""A pass compares what is stored and what runs with what is applied, repairs it, and says so once."""

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from butterfly_gitops.controller.configuring import Configuring
from butterfly_gitops.controller.loop import Loop
from butterfly_gitops.model.delivery import LaneId, TargetNumber
from butterfly_gitops.source.folder import FolderSource
from butterfly_gitops.store.interface import Condition
from butterfly_gitops.store.sqlite import SqliteStore
from tests.config.examples import EXAMPLES
from tests.store.test_repairing import by_hand

HOUR = timedelta(hours=1)
NOW = datetime(2026, 11, 24, 14, 3, tzinfo=UTC)


@dataclass
class Lanes:
    """Lanes that say which of them did not run what is applied; each converge brings all of them there."""

    astray: list[LaneId] = field(default_factory=list)

    def reported(self) -> Mapping[LaneId, TargetNumber]:
        return {}

    def troubles(self) -> Mapping[LaneId, str]:
        return {}

    async def converge(self) -> Collection[LaneId]:
        astray, self.astray = self.astray, []
        return astray


class Counting(SqliteStore):
    """A store that counts how often it is observed."""

    observed = 0

    async def observe(self):
        self.observed += 1
        return await super().observe()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Counting]:
    opened = Counting.open(tmp_path / "state", create=True)
    yield opened
    await opened.close()


def following(store: SqliteStore, lanes: Lanes, *, at: datetime = NOW) -> Loop:
    async def applied() -> None:
        await lanes.converge()

    return Loop(
        store,
        Configuring(store, now=lambda: at, applied=applied),
        source=FolderSource(path=EXAMPLES / "sound"),
        lanes=lanes,
        interval_s=30,
        now=lambda: at,
        draw=lambda: 0.5,
    )


async def drifted(store: SqliteStore) -> list[Condition]:
    return [one for one in (await store.observe()).conditions if one.kind == "Drifted"]


async def test_a_rule_that_was_closed_by_hand_is_in_force_again(store: Counting):
    loop = following(store, Lanes())
    await loop.make_pass()
    before = (await store.running()).rules
    assert (before[0].until, await drifted(store)) == (None, [])
    by_hand(store, lambda rows: rows.put_rule(replace(rows.rules()[0], until=NOW + HOUR, ended_by=1)))
    await loop.make_pass()
    assert (await store.running()).rules == before
    (condition,) = await drifted(store)
    said = f"the rule from {before[0].archive} is not in force: repaired"
    assert (condition.endpoint, condition.message) == (before[0].endpoint, said)
    await loop.make_pass()
    assert await drifted(store) == [condition], "it is told for a while"


async def test_a_lane_that_ran_something_else_is_told(store: Counting):
    lanes = Lanes()
    loop = following(store, lanes)
    await loop.make_pass()
    lane = (await store.running()).lanes[0][0]
    lanes.astray = [lane.id]
    await loop.make_pass()
    (condition,) = await drifted(store)
    assert (condition.site, condition.endpoint) == (lane.site, lane.endpoint)
    assert condition.message == "its lane did not run what is applied: repaired"


async def test_a_quiet_pass_observes_the_store_once(store: Counting):
    loop = following(store, Lanes())
    await loop.make_pass()
    store.observed = 0
    await loop.make_pass()
    assert store.observed == 1


async def test_a_pass_takes_back_the_starts_that_a_clock_ahead_has_given(store: SqliteStore) -> None:
    await following(store, Lanes(), at=NOW + HOUR).make_pass()
    assert {rule.start for rule in (await store.running()).rules} == {NOW + HOUR}
    await following(store, Lanes()).make_pass()
    rules = (await store.running()).rules
    assert {(rule.start, rule.start_was) for rule in rules} == {(NOW - HOUR / 12, NOW + HOUR)}
    assert await drifted(store) == []
