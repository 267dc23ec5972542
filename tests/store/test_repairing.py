"""Rows that somebody changed behind the store's back: seen by every observation, and brought back to what is applied."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import apsw
import pytest

from butterfly_gitops.model.delivery import LaneId, RuleId, Target, TargetNumber
from butterfly_gitops.store import repairing
from butterfly_gitops.store.interface import DRIFT_IS_TOLD_FOR, Condition, Drift, NotRepaired, Store
from butterfly_gitops.store.rows import Rows
from butterfly_gitops.store.sqlite import SqliteStore
from butterfly_gitops.store.sqlite_rows import SqliteRows
from tests.store.memory import MemoryStore
from tests.store.play import SITE, T0, Play, a_site, an_event

EPIC = LaneId(1)
TABLES = {"rule": "_rules", "lane": "_lanes", "target": "_targets"}


def by_hand(store: Store, change: Callable[[Rows], None]) -> None:
    """Change rows as another process would, which asks nobody."""
    if isinstance(store, MemoryStore):
        change(store.rows)
    if isinstance(store, SqliteStore):
        connection = apsw.Connection(str(store._folder.database))
        with connection:
            change(SqliteRows(connection, keeps=False))
        connection.close()


def put_rule(**changes: object) -> Callable[[Rows], None]:
    return lambda rows: rows.put(replace(rows.rules()[0], **changes))  # type: ignore[arg-type]


def put_lane(**changes: object) -> Callable[[Rows], None]:
    return lambda rows: rows.put(replace(rows.lane(EPIC), **changes))  # type: ignore[arg-type]


def delete(table: str) -> Callable[[Rows], None]:
    """Take all rows away, with no regard to what refers to them."""

    def do(rows: Rows) -> None:
        if isinstance(rows, SqliteRows):
            rows._connection.execute(f"DELETE FROM {table}")
        else:
            getattr(rows, TABLES[table]).clear()

    return do


def both(*changes: Callable[[Rows], None]) -> Callable[[Rows], None]:
    def do(rows: Rows) -> None:
        for change in changes:
            change(rows)

    return do


def edit_target(rows: Rows) -> None:
    if isinstance(rows, SqliteRows):
        rows._connection.execute("UPDATE target SET wire = '{}'")
    else:
        known: Target = rows._targets[EPIC, TargetNumber(1)]  # type: ignore[attr-defined]
        rows.put(replace(known, wire="{}"))


def another_target(rows: Rows) -> None:
    rows.put(Target(lane=EPIC, number=TargetNumber(2), wire="{}", text="{}"))
    put_lane(target=2)(rows)


def another_lane(rows: Rows) -> None:
    rows.put(replace(rows.lane(EPIC), id=rows.next_lane(), endpoint="foreign"))


def another_rule(rows: Rows) -> None:
    rows.put(replace(rows.rules()[0], id=rows.next_rule(), archive="icu"))


def the_rule_twice(rows: Rows) -> None:
    rows.put(replace(rows.rules()[0], id=rows.next_rule()))


LATER = T0 + timedelta(hours=1)
OUT_OF_FORCE = "the rule from ed is not in force"
CHANGES: dict[str, tuple[Callable[[Rows], None], set[tuple[str, str]]]] = {
    "a rule is closed": (put_rule(until=T0, ended_by=1), {("epic", OUT_OF_FORCE)}),
    "a rule is closed by its time alone": (put_rule(until=T0), {("epic", OUT_OF_FORCE)}),
    "a rule is closed before it started": (
        put_rule(until=T0 - timedelta(days=9), ended_by=0),
        {("epic", OUT_OF_FORCE)},
    ),
    "a rule is closed in the future": (put_rule(until=LATER, ended_by=1), {("epic", OUT_OF_FORCE)}),
    "a rule is gone": (delete("rule"), {("epic", OUT_OF_FORCE)}),
    "a rule is of another archive": (
        put_rule(archive="icu"),
        {("epic", OUT_OF_FORCE), ("epic", "a rule from icu is in force that is not applied")},
    ),
    "a rule starts later": (
        put_rule(start=LATER),
        {("epic", "the rule from ed starts later than it was applied")},
    ),
    "a rule starts with another apply": (
        put_rule(started_by=9),
        {("epic", "the rule from ed starts later than it was applied")},
    ),
    "a rule more": (another_rule, {("epic", "a rule from icu is in force that is not applied")}),
    "a rule twice": (the_rule_twice, {("epic", "a rule from ed is in force that is not applied")}),
    "a lane is ended": (
        put_lane(ended=True),
        {
            ("epic", "it has no lane"),
            ("epic", OUT_OF_FORCE),
            ("epic", "a rule from ed is in force that is not applied"),
        },
    ),
    "a lane is leaving": (
        put_lane(leaving="drain"),
        {
            ("epic", "it has no lane"),
            ("epic", OUT_OF_FORCE),
            ("epic", "a rule from ed is in force that is not applied"),
        },
    ),
    "a lane has another name": (
        put_lane(endpoint="foreign"),
        {
            ("epic", "it has no lane"),
            ("foreign", "it has a lane, and is not applied"),
            ("epic", OUT_OF_FORCE),
            ("epic", "a rule from ed is in force that is not applied"),
        },
    ),
    "a lane is gone": (
        delete("lane"),
        {
            ("epic", "it has no lane"),
            ("epic", OUT_OF_FORCE),
            ("epic", "a rule from ed is in force that is not applied"),
        },
    ),
    "a rule is of no lane": (
        put_rule(lane=99),
        {("epic", OUT_OF_FORCE), ("epic", "a rule from ed is in force that is not applied")},
    ),
    "a rule of another archive is of no lane": (
        put_rule(lane=99, archive="icu"),
        {("epic", OUT_OF_FORCE), ("epic", "a rule from icu is in force that is not applied")},
    ),
    "a rule of another endpoint is of no lane": (
        put_rule(lane=99, endpoint="foreign"),
        {("epic", OUT_OF_FORCE), ("foreign", "a rule from ed is in force that is not applied")},
    ),
    "lanes and rules are gone": (
        both(delete("lane"), delete("rule")),
        {("epic", "it has no lane"), ("epic", OUT_OF_FORCE)},
    ),
    "a lane is paused": (put_lane(paused=True), {("epic", "its lane is paused, and it is active")}),
    "a lane sends again": (
        put_lane(on_retarget="resend"),
        {("epic", "its lane has on_retarget resend, and it says set_aside")},
    ),
    "a lane more": (another_lane, {("foreign", "it has a lane, and is not applied")}),
    "a target is edited": (edit_target, {("epic", "the target of its lane is not what is applied")}),
    "a target is gone": (delete("target"), {("epic", "the target of its lane is not what is applied")}),
    "a lane has another target": (
        another_target,
        {("epic", "the target of its lane is not what is applied")},
    ),
}


async def drift(store: Store) -> set[tuple[str, str]]:
    return {(one.endpoint, one.what) for one in (await store.observe()).drift}


async def repair(play: Play) -> tuple[Drift, ...]:
    return await play.store.repair(at=play.now, actor="controller")


@pytest.mark.parametrize("case", CHANGES)
async def test_what_was_changed_by_hand_is_seen_and_brought_back(store: Store, case: str) -> None:
    change, told = CHANGES[case]
    play = await Play.start(store)
    # A lane that has sent has its rows cached.
    await play.accept(an_event("e-0", study="s-0"))
    await play.send()
    by_hand(store, change)
    assert await drift(store) == told
    assert {one.endpoint for one in await repair(play)} == {endpoint for endpoint, _ in told}
    assert await drift(store) == set()
    assert await repair(play) == (), "once is enough"
    play.wait(1)
    (answer,) = await play.accept(an_event("e-1", occurred_at=play.now))
    assert [(one.endpoint, one.verdict) for one in answer.decisions if one.delivery] == [
        (f"{SITE}/epic", "deliver")
    ]
    await play.send()
    assert (await play.states()) == {1: "delivered", 2: "delivered"}


async def test_a_state_as_it_was_applied_has_not_drifted(store: Store) -> None:
    assert await store.repair(at=T0, actor="controller") == ()
    play = await Play.start(store)
    before = await store.running()
    assert (await drift(store), await repair(play)) == (set(), ())
    assert await store.running() == before


async def close_and_miss(play: Play) -> None:
    """Close the rule by hand; two studies are finalized meanwhile, and one of them is reverted."""
    await play.accept(an_event("e-0", study="s-0", occurred_at=play.now))
    closed = play.wait(60)
    by_hand(play.store, put_rule(until=closed, ended_by=1))
    play.wait(60)
    missed = [
        ("s-1", "finalized"),
        ("s-2", "finalized"),
        ("s-2", "reverted"),
        ("s-3", "attestation_requested"),
    ]
    for number, (study, kind) in enumerate(missed):
        await play.accept(an_event(f"m-{number}", kind, study=study, revision=number, occurred_at=play.now))
    play.wait(60)


async def test_what_was_finalized_while_a_rule_was_closed_is_named_and_counted_and_not_sent(
    store: Store,
) -> None:
    play = await Play.start(store)
    (before,) = (await store.running()).rules
    await close_and_miss(play)
    (repaired,) = await repair(play)
    assert (repaired.endpoint, repaired.missed) == ("epic", ("s-1", "s-2"))
    assert (await store.running()).rules == (before,), "the rule itself is in force again, since it first was"
    assert await play.states() == {1: "queued"}, "nothing is sent hours later by itself"
    ledger = await store.ledger()
    assert ledger.adds_up
    assert dict(ledger.without_delivery) == {"rule-missing": 3, "withdraws": 1}


async def test_what_comes_late_of_the_time_when_it_was_closed_is_sent(store: Store) -> None:
    play = await Play.start(store)
    await close_and_miss(play)
    meanwhile = play.now - timedelta(seconds=60)
    await repair(play)
    (answer,) = await play.accept(an_event("e-late", study="s-9", occurred_at=meanwhile))
    assert [one.verdict for one in answer.decisions] == ["deliver"]
    (answer,) = await play.accept(an_event("e-old", study="s-8", occurred_at=T0 - timedelta(hours=1)))
    assert [one.verdict.split(" ")[0] for one in answer.decisions] == ["before-effective-from"]
    assert (await store.ledger()).adds_up


async def test_a_rule_whose_row_is_gone_is_no_older_than_the_generation_that_has_it(store: Store) -> None:
    """Its pair was closed by an application before: what was finalized then is nobody's to send."""
    play = await Play.start(store)
    play.wait(60)
    await play.apply(a_site(archives={"ed": []}))
    play.wait(60)
    await play.accept(an_event("e-closed", study="s-closed", occurred_at=play.now))
    applied = play.wait(60)
    await play.apply(a_site())
    by_hand(store, put_rule_two_is_gone)
    play.wait(60)
    await play.accept(an_event("e-missed", study="s-missed", occurred_at=play.now))
    (repaired,) = await repair(play)
    assert repaired.missed == ("s-missed",)
    old, new = (await store.running()).rules
    assert (old.until, new.start, new.until) == (T0 + timedelta(seconds=60), applied, None)
    (answer,) = await play.accept(
        an_event("e-late", study="s-late", occurred_at=applied - timedelta(seconds=30))
    )
    assert [one.verdict for one in answer.decisions] == ["before-effective-from by 30s"]


def put_rule_two_is_gone(rows: Rows) -> None:
    if isinstance(rows, SqliteRows):
        rows._connection.execute("DELETE FROM rule WHERE id = 2")
    else:
        del rows._rules[RuleId(2)]  # type: ignore[attr-defined]


async def test_results_of_a_lane_of_nothing_applied_wait_for_a_person(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))

    def move(rows: Rows) -> None:
        another_lane(rows)
        delivery = rows.in_lane(EPIC, ("queued",))[0]  # type: ignore[arg-type]
        if isinstance(rows, SqliteRows):
            rows._connection.execute("UPDATE delivery SET lane = 2")
        else:
            rows.put(replace(delivery, lane=LaneId(2)))

    by_hand(store, move)
    await repair(play)
    assert await play.states() == {1: "set_aside"}


async def test_what_waits_in_a_lane_that_was_ended_goes_on(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    by_hand(store, put_lane(ended=True))
    await repair(play)
    await play.send()
    assert await play.states() == {1: "delivered"}


async def told(store: Store) -> list[Condition]:
    return [one for one in (await store.observe()).conditions if one.kind == "Drifted"]


async def test_a_repair_is_told_for_a_while(store: Store) -> None:
    play = await Play.start(store)
    await close_and_miss(play)
    await repair(play)
    (condition,) = await told(store)
    assert (condition.site, condition.endpoint, condition.reason) == (SITE, "epic", "Repaired")
    assert condition.message == (
        "the rule from ed is not in force: repaired; 2 studies were finalized meanwhile and not sent by it: s-1, s-2"
    )
    await store.record([], at=play.now + DRIFT_IS_TOLD_FOR - timedelta(seconds=1))
    assert await told(store) == [condition]
    await store.record([], at=play.now + DRIFT_IS_TOLD_FOR)
    assert await told(store) == []


async def test_what_lanes_ran_otherwise_is_told_alike(store: Store) -> None:
    play = await Play.start(store)
    found = Drift(site=SITE, endpoint="epic", what="its lane did not run what is applied")
    assert await store.repair(of_lanes=[found], at=play.now, actor="controller") == (found,)
    (condition,) = await told(store)
    assert condition.message == "its lane did not run what is applied: repaired"


async def test_an_apply_repairs_its_site_first_so_that_nothing_is_swept_away(store: Store) -> None:
    play = await Play.start(store)
    await close_and_miss(play)
    await play.apply(a_site(endpoints={"epic": {"port": 6662}}))
    (condition,) = await told(store)
    assert condition.message.endswith(": s-1, s-2")
    assert (await store.ledger()).adds_up


async def test_events_routed_with_what_was_changed_are_routed_again(store: Store) -> None:
    play = await Play.start(store)
    before = (await store.running()).applies
    by_hand(store, put_rule(until=T0, ended_by=1))
    await repair(play)
    assert (await store.running()).applies == before + 1


def test_a_repair_is_audited_with_every_study(rows: Rows) -> None:

    many = tuple(f"s-{number}" for number in range(30))
    repairing.repair(
        rows, of_lanes=[Drift(site=SITE, endpoint="epic", what="w", missed=many)], at=T0, actor="controller"
    )
    (entry,) = rows.audit_of(f"{SITE}/epic")
    assert (entry.action, entry.actor) == ("repair", "controller")
    assert all(one in entry.reason for one in many)
    assert rows.conditions()[0].message.endswith("s-19 and 10 more")


async def test_a_site_whose_rows_cannot_be_repaired_keeps_no_other_from_it(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "state", create=True)
    play = await Play.start(store)
    await play.apply(a_site(name="seaside"))
    by_hand(store, lambda rows: [rows.put(replace(one, until=LATER, ended_by=1)) for one in rows.rules()])
    stuck = "CREATE TRIGGER stuck BEFORE UPDATE ON rule WHEN new.site = 'seaside' BEGIN SELECT RAISE(ABORT, 'x'); END"
    by_hand(store, lambda rows: rows._connection.execute(stuck))
    repaired, failed = sorted(await repair(play), key=lambda one: one.failure)
    assert (repaired.site, repaired.failure) == (SITE, "")
    assert (failed.site, failed.endpoint) == ("seaside", "")
    assert failed.failure.startswith("ConstraintError")
    assert {one.site for one in (await store.observe()).drift} == {"seaside"}
    with pytest.raises(NotRepaired, match="seaside"):
        await play.apply(a_site(name="seaside", endpoints={"epic": {"port": 6662}}))
    by_hand(store, lambda rows: rows._connection.execute("DROP TRIGGER stuck"))
    await play.apply(a_site(name="seaside", endpoints={"epic": {"port": 6662}}))
    assert await drift(store) == set()
    await store.close()


async def test_a_site_without_endpoints_ends_a_rule_of_no_lane(store: Store) -> None:
    play = await Play.start(store)
    await play.apply(a_site(endpoints=()))
    by_hand(store, put_rule(lane=99, until=None, ended_by=None))
    (repaired,) = await repair(play)
    assert repaired.what == "a rule from ed is in force that is not applied"
    assert await drift(store) == set()
