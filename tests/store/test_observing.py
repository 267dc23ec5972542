"""What can be seen: what waits, what was found, and whether it all adds up."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import apsw
import pytest

from butterfly_gitops.delivery.patient import identifier_keys
from butterfly_gitops.model.delivery import Decision, DeliveryId, EventNumber, LaneId, RuleId, State
from butterfly_gitops.model.study import PatientIdentifier
from butterfly_gitops.store.interface import Condition, Pair, Store, Withheld
from butterfly_gitops.store.people import NotFound, Query
from butterfly_gitops.store.sqlite import SqliteStore
from butterfly_gitops.store.state_folder import DATABASE
from tests.store.memory import MemoryStore
from tests.store.play import SILENT, SITE, T0, Play, a_site, an_event


async def test_an_observation_counts_what_stands_in_each_lane(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    await play.send()
    play.wait(5)
    await play.accept(an_event("e-2", study="s-2"), an_event("e-3", study="s-3"))
    await play.act("set_aside", 2)
    (counts,) = (await store.observe()).lanes
    assert dict(counts.counts) == {State.DELIVERED: 1, State.SET_ASIDE: 1, State.QUEUED: 1}
    assert counts.oldest == T0 + timedelta(seconds=5)
    await play.act("cancel", 3)
    assert (await store.observe()).lanes[0].oldest is None, "what is set aside is no lane's to send"


async def test_an_observation_names_the_fleet_and_what_is_applied(store: Store) -> None:
    empty = await store.observe()
    assert (empty.fleet, empty.settings, empty.generations, empty.lanes) == ("", None, {}, ())
    await Play.start(store)
    observed = await store.observe()
    assert (observed.fleet, observed.generations[SITE].number) == ("mercy-health", 1)
    assert observed.running == await store.running()


async def test_a_closed_pair_tells_since_when_and_how_many_were_finalized_meanwhile(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1", study="s-1", occurred_at=T0))
    closed_at = play.wait(60)
    await play.apply(a_site(archives={"ed": []}))
    play.wait(60)
    since = [
        an_event("e-2", study="s-2", occurred_at=play.now),
        an_event("e-3", study="s-2", revision=2, occurred_at=play.now),
        an_event("e-4", study="s-4", occurred_at=play.now),
        an_event("e-5", "reverted", study="s-5", occurred_at=play.now),
    ]
    await play.accept(*since)
    pair = Pair(site=SITE, archive="ed", endpoint="epic", closed_at=closed_at, finalized_since=2)
    assert (await store.observe()).closed_pairs == (pair,)
    await play.apply(a_site())
    assert (await store.observe()).closed_pairs == ()


@pytest.mark.parametrize("kind", ["reverted", "deleted"])
async def test_what_an_ehr_still_shows_of_an_ended_study_is_withheld(store: Store, kind: str) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1", revision=1))
    await play.send()
    await play.accept(an_event("e-2", kind, revision=2))
    assert (await store.observe()).withheld == (Withheld(lane=LaneId(1), study="s-1", revision=1),)
    await play.accept(an_event("e-3", revision=3))
    assert (await store.observe()).withheld == ()


def a_condition(message: str = "", **changes: object) -> Condition:
    condition = Condition(
        site=SITE, endpoint="epic", kind="Ready", reason="Delivering", message=message, since=T0
    )
    return replace(condition, **changes)


async def test_conditions_of_other_names_are_dropped(store: Store) -> None:
    await store.record([a_condition(), a_condition(endpoint="cerner")], at=T0)
    await store.record([a_condition(kind="Stalled")], at=T0)
    assert (await store.observe()).conditions == (a_condition(kind="Stalled"),)


async def searchable(play: Play) -> None:
    await play.accept(an_event("e-1", study="s-1", patient="erika"))
    await play.accept(an_event("e-2", study="s-2", patient="hans"))
    await play.act("set_aside", 3)


FOUND: dict[str, tuple[Query, list[int]]] = {
    "all, newest first": (Query(), [4, 3, 2, 1]),
    "site": (Query(site=SITE), [4, 3, 2, 1]),
    "another site": (Query(site="general"), []),
    "endpoint": (Query(endpoint="epic"), [4, 2]),
    "study": (Query(study="s-1"), [2, 1]),
    "accession number": (Query(study="A-s-1"), [2, 1]),
    "states": (Query(states=frozenset({State.SET_ASIDE})), [3]),
    "patient": (Query(patient=identifier_keys([PatientIdentifier(id="hans")])), [4, 3]),
    "before": (Query(before=DeliveryId(3)), [2, 1]),
    "limit": (Query(limit=1), [4]),
}


@pytest.mark.parametrize("case", FOUND)
async def test_deliveries_are_found(store: Store, case: str) -> None:
    query, expected = FOUND[case]
    play = await Play.start(store, a_site(endpoints=["epic", "cerner"]))
    await searchable(play)
    assert [one.delivery.id for one in await store.find(query)] == expected


async def test_what_is_found_is_named_as_people_know_it(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    await play.send(verdict=SILENT)
    (found,) = await store.find(Query())
    assert (found.site, found.endpoint, found.archive, found.study, found.accession) == (
        SITE, "epic", "ed", "s-1", "A-s-1",
    )  # fmt: skip
    assert [one.verdict for one in found.attempts] == [SILENT]


async def test_one_delivery_is_shown_with_all_that_is_known_of_it(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    flight = await play.send()
    await play.apply(a_site(endpoints={"epic": {"port": 6662}}))
    shown = await store.show(DeliveryId(1))
    assert [one.data for one in shown.messages] == [flight.data]
    assert [one.number for one in shown.targets] == [1, 2]
    assert shown.report.acknowledged == "F"
    with pytest.raises(NotFound):
        await store.show(DeliveryId(2))


async def test_the_ledger_counts_events_against_decisions(store: Store) -> None:
    play = await Play.start(store, a_site(endpoints=["epic", "cerner"]))
    await play.accept(an_event("e-1"), an_event("e-2", "reverted", revision=2), an_event("e-3", revision=3))
    await play.send()
    ledger = await store.ledger()
    assert (ledger.events, ledger.expected, ledger.decided) == (3, 6, 6)
    assert dict(ledger.without_delivery) == {"withdraws": 2}
    assert dict(ledger.states) == {State.SUPERSEDED: 2, State.DELIVERED: 1, State.QUEUED: 1}
    assert (ledger.adds_up, dict(ledger.beyond)) == (True, {})


# The ledger can fail: each of these, planted in the rows, is found.

PLANTED: dict[str, tuple[Callable[[MemoryStore], object], str]] = {
    "a missing decision": (
        lambda store: store.rows._decisions.pop((EventNumber(1), RuleId(1))),
        "DELETE FROM decision",
    ),
    "a surplus decision": (
        lambda store: store.rows.add_decision(
            EventNumber(1), Decision(rule=RuleId(2), lane=LaneId(1), verdict="withdraws"), None
        ),
        "INSERT INTO decision (event, rule, lane, verdict, delivers) VALUES (1, 2, 1, 'withdraws', 0)",
    ),
    "a delivery that is promised and not there": (
        lambda store: (
            store.rows._deliveries.clear(),
            store.rows.add_decision(
                EventNumber(1), Decision(rule=RuleId(1), lane=LaneId(1), verdict="deliver", delivers=True), None
            ),
        ),
        "UPDATE decision SET delivery = NULL; DELETE FROM delivery",
    ),
    "a delivery that no decision knows": (
        lambda store: store.rows.put(replace(store.rows._deliveries[DeliveryId(1)], id=DeliveryId(2))),
        "CREATE TEMP TABLE copy AS SELECT * FROM delivery; UPDATE copy SET id = 2; INSERT INTO delivery SELECT * FROM copy",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", PLANTED)
async def test_the_ledger_finds_what_does_not_add_up(store: Store, tmp_path: Path, case: str) -> None:
    in_memory, in_sql = PLANTED[case]
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    play.wait(60)
    # A rule that the event never met: the first one's archive began to forward elsewhere later.
    await play.apply(a_site(endpoints=["epic", "cerner"]))
    assert (await store.ledger()).adds_up
    if isinstance(store, MemoryStore):
        in_memory(store)
    else:
        assert isinstance(store, SqliteStore)
        with apsw.Connection(str(tmp_path / "state" / DATABASE)) as connection:
            connection.execute(in_sql)
    assert not (await store.ledger()).adds_up


async def test_lanes_wait_that_have_something_to_send(store: Store) -> None:
    play = await Play.start(store, a_site(endpoints=("epic", "cerner")))
    assert await store.waiting() == frozenset()
    await play.accept(an_event("e-1"))
    await play.act("set_aside", 1)
    assert await store.waiting() == {(await play.lane("epic")).id}
    await play.send("epic")
    assert await store.waiting() == frozenset()
