"""A pass compares what is stored and what runs with what is applied, repairs it, and says so once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from butterfly_gitops.controller.conditions import of_drift
from butterfly_gitops.controller.configuring import Configuring
from butterfly_gitops.store.interface import Condition
from butterfly_gitops.store.sqlite import SqliteStore
from tests.config.examples import EXAMPLES
from tests.controller.passes import NOW, Clock, Counting, Lanes, following
from tests.store.test_repairing import by_hand

SOUND = EXAMPLES / "sound"
HOUR = timedelta(hours=1)


async def drifted(store: SqliteStore) -> list[Condition]:
    return [one for one in (await store.observe()).conditions if one.kind == "Drifted"]


async def test_a_rule_that_was_closed_by_hand_is_in_force_again(store: Counting):
    loop = following(store, SOUND)
    await loop.make_pass()
    before = (await store.running()).rules
    assert (before[0].until, await drifted(store)) == (None, [])
    by_hand(store, lambda rows: rows.put(replace(rows.rules()[0], until=NOW + HOUR, ended_by=1)))
    await loop.make_pass()
    assert (await store.running()).rules == before
    (condition,) = await drifted(store)
    said = f"the rule from {before[0].archive} is not in force: repaired"
    assert (condition.endpoint, condition.message) == (before[0].endpoint, said)
    await loop.make_pass()
    assert await drifted(store) == [condition], "it is told for a while"


async def test_a_lane_that_ran_something_else_is_told(store: Counting):
    lanes = Lanes()
    loop = following(store, SOUND, lanes=lanes)
    await loop.make_pass()
    lane = (await store.running()).lanes[0][0]
    lanes.astray = [lane.id]
    await loop.make_pass()
    (condition,) = await drifted(store)
    assert (condition.site, condition.endpoint) == (lane.site, lane.endpoint)
    assert condition.message == "its lane did not run what is applied: repaired"


async def test_a_quiet_pass_observes_the_store_once(store: Counting):
    loop = following(store, SOUND)
    await loop.make_pass()
    store.observed = 0
    await loop.make_pass()
    assert store.observed == 1


async def test_a_pass_takes_back_the_starts_that_a_clock_ahead_has_given(store: SqliteStore) -> None:
    await following(store, SOUND, clock=Clock(NOW + HOUR)).make_pass()
    assert {rule.start for rule in (await store.running()).rules} == {NOW + HOUR}
    await following(store, SOUND).make_pass()
    rules = (await store.running()).rules
    assert {(rule.start, rule.start_was) for rule in rules} == {(NOW - HOUR / 12, NOW + HOUR)}
    assert await drifted(store) == []
    told = [one for one in (await store.observe()).conditions if one.kind == "Excluding"]
    assert {one.reason for one in told} == {"ClockSetBack"}
    assert all("starts 2026-11-24T13:58:00Z, not 2026-11-24T15:03:00Z" in one.message for one in told)
    await following(store, SOUND, clock=Clock(NOW + 96 * HOUR)).make_pass()
    assert [one for one in (await store.observe()).conditions if one.kind == "Excluding"] == []


async def test_rows_that_cannot_be_repaired_are_told_and_keep_nothing_else_from_running(store: Counting):
    lanes = Lanes()
    loop = following(store, SOUND, lanes=lanes)
    await loop.make_pass()
    stuck = "CREATE TRIGGER stuck BEFORE UPDATE ON rule BEGIN SELECT RAISE(ABORT, 'x'); END"
    rule = (await store.running()).rules[0]

    def change(rows: Any) -> None:
        rows.put(replace(rule, until=NOW + HOUR, ended_by=1))
        rows._connection.execute(stuck)

    by_hand(store, change)
    configuring = Configuring(store, now=lambda: NOW, lanes=lanes)
    before = lanes.converged
    await configuring.start()
    assert lanes.converged > before
    for _ in range(2):
        await loop.make_pass()
        (condition,) = await drifted(store)
        said = f"{rule.endpoint}: the rule from {rule.archive} is not in force, and it cannot be repaired"
        assert (condition.site, condition.endpoint, condition.reason) == (rule.site, "", "NotRepaired")
        assert condition.message.startswith(said)
        assert [one.message for one in of_drift(await store.observe(), at=NOW)] == [
            f"the rule from {rule.archive} is not in force: it cannot be repaired"
        ]
    by_hand(store, lambda rows: rows._connection.execute("DROP TRIGGER stuck"))
    await loop.make_pass()
    assert [one.reason for one in await drifted(store)] == ["Repaired"]
