"""A clock that steps back loses no result: rules are counted by application, not by the hour."""

from collections.abc import Sequence
from datetime import timedelta

import apsw

from butterfly_gitops.store.interface import Store
from butterfly_gitops.store.migration import migrate, migrations
from tests.store.play import T0, Play, a_site, an_event

BACK = -60
MINUTE = timedelta(minutes=1)
LATER = T0 + timedelta(seconds=5)


async def verdicts(play: Play, *event_ids: str) -> list[list[str]]:
    """What each event met; they occur five seconds after T0."""
    answers = await play.accept(*(an_event(one, study=one, occurred_at=LATER) for one in event_ids))
    return [[decision.verdict for decision in answer.decisions] for answer in answers]


async def test_a_rule_that_started_ahead_of_the_clock_is_in_force(store: Store) -> None:
    play = await Play.start(store, a_site(archives={"ed": []}))
    await play.apply(a_site())
    play.wait(BACK)
    assert await verdicts(play, "e-1") == [["deliver"]]
    ledger = await store.ledger()
    assert ledger.adds_up
    assert ledger.expected == 1


async def test_a_start_ahead_of_the_clock_is_corrected_once_and_audited(store: Store) -> None:
    play = await Play.start(store, a_site(archives={"ed": []}))
    play.wait(3600)
    await play.apply(a_site())
    assert await store.correct_starts(at=play.now) == ()
    play.now = T0
    (corrected,) = await store.correct_starts(at=play.now)
    assert (corrected.start, corrected.start_was) == (T0 - 5 * MINUTE, T0 + 60 * MINUTE)
    assert (await store.running()).rules == (corrected,)
    assert await store.correct_starts(at=play.now) == ()
    assert await verdicts(play, "e-1") == [["deliver"]]
    assert (await store.ledger()).adds_up
    await play.apply(a_site(archives={"ed": []}))
    assert await verdicts(play, "e-2") == [[]]


async def test_a_rule_that_ended_ahead_of_the_clock_still_has_what_occurred_before(store: Store) -> None:
    play = await Play.start(store)
    play.wait(10)
    await play.apply(a_site(archives={"ed": []}))
    play.wait(BACK)
    assert await verdicts(play, "e-1") == [["deliver"]]
    assert (await store.ledger()).adds_up


async def test_a_rule_that_ends_behind_its_start_takes_nothing_more(store: Store) -> None:
    play = await Play.start(store, a_site(archives={"ed": []}))
    await play.apply(a_site())
    assert await verdicts(play, "e-1") == [["deliver"]]
    play.wait(BACK)
    await play.apply(a_site(archives={"ed": []}))
    (rule,) = (await store.running()).rules
    assert rule.until == play.now
    assert await verdicts(play, "e-2") == [[]]
    ledger = await store.ledger()
    assert ledger.adds_up
    assert (ledger.events, ledger.expected) == (2, 1)


# (received_at, applies) of events that were routed by clock, then (start, until) of rules, then their stamps.
EVENTS = [(100, 1), (200, 1), (300, 2), (400, 3)]
RULES: dict[tuple[int, int | None], tuple[int, int | None]] = {
    (50, None): (0, None),
    (250, None): (2, None),
    (250, 350): (2, 3),
    (50, 350): (0, 3),
    (50, 60): (0, 0),
    (500, None): (4, None),
}


def test_rules_of_an_older_state_name_the_events_that_they_named() -> None:
    connection = apsw.Connection(":memory:")
    migrate(connection, migrations()[:2])
    connection.execute(
        "INSERT INTO lane (id, site, endpoint, incarnation, target, on_retarget, failures, bad_run, stopped, paused,"
        " ended) VALUES (1, 's', 'epic', 1, 1, 'resend', 0, '[]', '', 0, 0)"
    )
    for number, (received_at, applies) in enumerate(EVENTS, 1):
        connection.execute(
            "INSERT INTO event VALUES (?1, ?1, '', 'finalized', 0, ?2, ?3, 's', 'ed', 's-1', 1, '', '[]', '')",
            (number, received_at, applies),
        )
    for number, (start, until) in enumerate(RULES, 1):
        connection.execute("INSERT INTO rule VALUES (?, 's', 'ed', 'epic', 1, ?, ?)", (number, start, until))
    migrate(connection, migrations()[:3])
    stamps: Sequence[tuple[int, int | None]] = connection.execute(
        "SELECT started_by, ended_by FROM rule ORDER BY id"
    ).fetchall()
    assert stamps == list(RULES.values())
