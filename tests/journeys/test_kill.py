"""A process that is killed at the worst moments: what was accepted is delivered, in order, and a repeat says so (promise 4)."""

import contextlib
import signal
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from butterfly_gitops.practice_ehr.scenario import WELL_BEHAVED
from butterfly_gitops.practice_ehr.server import PracticeEhr
from tests.journeys.fleet_files import an_endpoint, an_event, write_fleet, write_site
from tests.journeys.processes import arrivals, control_ids, running, until
from tests.journeys.watched import Point

pytestmark = pytest.mark.journey

KILLED = Path(__file__).with_name("killed_run.py")


@pytest.fixture
async def ehr(tmp_path):
    async with PracticeEhr(WELL_BEHAVED, journal=tmp_path / "journal.jsonl") as practising:
        yield practising


@pytest.fixture
def sites(tmp_path, ehr):
    write_site(write_fleet(tmp_path / "sites"), endpoints={"epic": an_endpoint(ehr.port)})
    return tmp_path / "sites"


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state"


async def killed_at(point, number, state, *sites, studies=()):
    """Hand studies in, one by one, to a process that dies at the n-th passing of a point; return all events."""
    events = []
    async with running(state, *sites, command=(KILLED, point, number)) as (process, api):
        with contextlib.suppress(httpx.TransportError):
            await api.runs("st-elsewhere", 1)
            # What occurred before the rule's start is not its own.
            events += map(an_event, studies)
            for event in events:
                await api.submit(event)
        assert await process.ended() == -signal.SIGKILL
    return events


@pytest.mark.parametrize(
    ("point", "number"),
    [
        (Point.BYTES_LEFT, 2),
        *(
            pytest.param(point, number, marks=pytest.mark.soak)
            for point in (Point.SENDING_STORED, Point.BYTES_LEFT, Point.ANSWER_READ)
            for number in (1, 2)
            if (point, number) != (Point.BYTES_LEFT, 2)
        ),
    ],
)
async def test_what_was_in_flight_goes_out_again_with_its_id_and_its_bytes(
    point, number, state, sites, tmp_path
):
    journal = tmp_path / "journal.jsonl"
    has_left = point is not Point.SENDING_STORED
    events = await killed_at(point, number, state, sites, studies=["S1", "S2", "S3"])

    async def has_arrived():
        return len(arrivals(journal)) == number - (not has_left)

    await until(has_arrived)
    async with running(state) as (_, api):
        for event in events:
            response = await api.http.post("/v1/study-events", json=event)
            # The process may have died before it took the last ones; what it took is known.
            assert response.status_code in (200, 202)
        deliveries = await api.all_in("delivered", count=3)
        assert (await api.ledger())["adds_up"]
    assert [one["study"] for one in deliveries] == ["S1", "S2", "S3"]
    attempts = [one["attempts"] for one in deliveries]
    assert [len(one) for one in attempts] == [1 + (place == number) for place in range(1, 4)]
    first, second = attempts[number - 1]
    assert (first["outcome"], first["detail"]) == ("uncertain", "the dispatcher ended during the attempt")
    assert (second["outcome"], second["code"]) == ("delivered", "AA")
    assert first["control_id"] == second["control_id"]
    _holds_each_in_order(journal, deliveries, repeated=second["control_id"] if has_left else None)


def _holds_each_in_order(journal, deliveries, *, repeated):
    """What arrived is each delivery's message in its turn, once; the repeated one twice, the same bytes."""
    ids = control_ids(journal)
    assert list(dict.fromkeys(ids)) == [one["control_id"] for one in deliveries]
    assert len(ids) == len(deliveries) + (repeated is not None)
    same = [(one.control_id, one.data == two.data) for one, two in pairwise(arrivals(journal))]
    assert [one for one, is_same in same if is_same] == [one for one in [repeated] if one]


@pytest.mark.parametrize("number", [1, pytest.param(2, marks=pytest.mark.soak)])
async def test_what_was_accepted_is_delivered_once_though_nobody_was_answered(number, state, sites, tmp_path):
    journal = tmp_path / "journal.jsonl"
    studies = ["S1", "S2"][:number]
    events = await killed_at(Point.ACCEPTED, number, state, sites, studies=studies)
    async with running(state) as (_, api):
        deliveries = await api.all_in("delivered", count=number)
        response = await api.http.post("/v1/study-events", json=events[-1])
        assert (response.status_code, response.json()["known"]) == (200, True)
        assert response.json()["decisions"][0]["delivery"] == deliveries[-1]["id"]
        assert [one["id"] for one in await api.deliveries()] == [one["id"] for one in deliveries]
    assert len(deliveries[-1]["attempts"]) == 1
    assert control_ids(journal)[-1] == deliveries[-1]["control_id"]
    assert len(set(control_ids(journal))) == number


@pytest.mark.soak
async def test_killed_again_and_again_it_still_delivers_everything_in_order(state, sites, tmp_path):
    await killed_at(Point.BYTES_LEFT, 1, state, sites, studies=["S1", "S2", "S3", "S4"])
    for point in (Point.ANSWER_READ, Point.SENDING_STORED, Point.BYTES_LEFT):
        await killed_at(point, 1, state)
    async with running(state) as (_, api):
        deliveries = await api.all_in("delivered", count=len(await api.deliveries()))
    head, *others = deliveries
    outcomes = [one["outcome"] for one in head["attempts"]]
    assert outcomes == ["uncertain"] * 4 + ["delivered"]
    assert len({one["control_id"] for one in head["attempts"]}) == 1
    assert all(len(one["attempts"]) == 1 for one in others)
    ids = control_ids(tmp_path / "journal.jsonl")
    assert list(dict.fromkeys(ids)) == [one["control_id"] for one in deliveries]


async def test_a_killed_process_leaves_the_state_to_the_next_at_once(state, sites):
    async with running(state, "--source", sites, "--new-state") as (process, api):
        await api.runs("st-elsewhere", 1)
        process.process.send_signal(signal.SIGKILL)
        assert await process.ended() == -signal.SIGKILL
    async with running(state) as (process, api):
        response = await api.http.get("/readyz")
        assert response.status_code == 200
        process.process.terminate()
        assert await process.ended() == 0
