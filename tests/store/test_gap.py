"""What an endpoint's rules did not send, for their start: kept in sight until the endpoint has something of it."""

from datetime import timedelta

import apsw
import pytest

from butterfly_gitops.store.interface import Store
from butterfly_gitops.store.migration import migrate, migrations
from butterfly_gitops.store.people import NotFound
from tests.store.play import SITE, T0, Play, a_site, an_event

BEFORE, AFTER = -3600, 5


def finalized(number: int, revision: int, seconds: float, kind: str = "finalized"):
    return an_event(f"e-{number}", kind, revision=revision, occurred_at=T0 + timedelta(seconds=seconds))


async def gap(store: Store, endpoint: str = "epic") -> list[tuple[str, int, str]]:
    found = await store.gap(SITE, endpoint, limit=10)
    counts = {one.lane.endpoint: one.gap for one in (await store.observe()).lanes}
    assert counts[endpoint] == len(found)
    assert all(one.verdict.startswith("before-effective-from by ") for one in found)
    return [(one.study, one.revision, one.kind) for one in found]


@pytest.mark.parametrize(
    ("events", "left"),
    [
        pytest.param([finalized(1, 1, AFTER)], [], id="sent"),
        pytest.param([finalized(1, 1, BEFORE)], [(1, "finalized")], id="before the start"),
        pytest.param(
            [finalized(1, 1, BEFORE, "attestation_requested")],
            [(1, "attestation_requested")],
            id="a preliminary before the start",
        ),
        pytest.param([finalized(1, 1, BEFORE), finalized(2, 2, BEFORE)], [(2, "finalized")], id="the newest"),
        pytest.param([finalized(1, 1, BEFORE), finalized(2, 2, AFTER)], [], id="a newer one was sent"),
        pytest.param([finalized(1, 2, AFTER), finalized(2, 1, BEFORE)], [], id="a newer one was sent before"),
        pytest.param([finalized(1, 1, BEFORE), finalized(2, 2, BEFORE, "reverted")], [], id="reverted since"),
        pytest.param([finalized(1, 2, BEFORE, "deleted"), finalized(2, 1, BEFORE)], [], id="deleted before"),
        pytest.param(
            [finalized(1, 1, BEFORE, "reverted"), finalized(2, 2, BEFORE)],
            [(2, "finalized")],
            id="finalized again",
        ),
    ],
)
async def test_a_study_is_in_the_gap_until_its_endpoint_has_something_of_it(
    store: Store, events, left
) -> None:
    play = await Play.start(store)
    for event in events:
        await play.accept(event)
    assert await gap(store) == [("s-1", *one) for one in left]


async def test_each_endpoint_has_its_own_gap(store: Store) -> None:
    play = await Play.start(store, a_site(endpoints=["epic"]))
    play.wait(60)
    await play.apply(a_site(endpoints=["epic", "cerner"]))
    await play.accept(
        finalized(1, 1, AFTER), an_event("e-2", study="s-2", occurred_at=T0 + timedelta(seconds=7))
    )
    assert await gap(store) == []
    assert await gap(store, "cerner") == [("s-2", 1, "finalized"), ("s-1", 1, "finalized")]
    await play.send_once("s-1", "cerner")
    assert await gap(store, "cerner") == [("s-2", 1, "finalized")]
    with pytest.raises(NotFound):
        await store.gap(SITE, "nothing", limit=1)


def test_a_state_from_before_gaps_were_kept_has_them() -> None:
    connection = apsw.Connection(":memory:")
    known = next(at for at, text in enumerate(migrations()) if "CREATE TABLE gap" in text)
    migrate(connection, migrations()[:known])
    connection.execute(
        "INSERT INTO lane (id, site, endpoint, incarnation, target, on_retarget, failures, bad_run, stopped, paused,"
        " ended) VALUES (1, 's', 'epic', 1, 1, 'resend', 0, '[]', '', 0, 0);"
        "INSERT INTO rule (id, site, archive, endpoint, lane, start) VALUES (1, 's', 'ed', 'epic', 1, 50)"
    )
    for number, (study, verdict) in enumerate(
        [
            ("s-1", "deliver"),
            ("s-2", "before-effective-from by 5s"),
            ("s-3", "rule-missing"),
            ("s-3", "withdraws"),
        ],
        1,
    ):
        kind = "reverted" if verdict == "withdraws" else "finalized"
        connection.execute(
            "INSERT INTO event VALUES (?1, ?1, '', ?2, ?1, ?1, 1, 's', 'ed', ?3, ?1, '', '[]', '')",
            (number, kind, study),
        )
        connection.execute("INSERT INTO decision VALUES (?, 1, 1, ?, 0, NULL)", (number, verdict))
    migrate(connection, migrations())
    assert connection.execute("SELECT study, event FROM gap").fetchall() == [("s-2", 2)]
    assert connection.execute("SELECT event FROM decision WHERE leaves_gap").fetchall() == [(2,), (3,)]
