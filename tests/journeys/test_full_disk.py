"""A disk that is full at a commit: nothing unstored is taken or sent, and all goes on when there is room (promise 11)."""

import asyncio
import contextlib

import pytest

from butterfly_gitops.source.folder import FolderSource
from butterfly_gitops.wiring import Options, build
from tests.dispatcher.scripted_peer import Peer, ack, framed
from tests.journeys.fleet_files import an_endpoint, an_event, write_fleet, write_site
from tests.journeys.processes import PATIENCE_S, Api
from tests.store.full_disk import disk_under

pytestmark = pytest.mark.journey


@pytest.fixture
def disk(tmp_path):
    with disk_under(tmp_path / "state") as made:
        yield made


@contextlib.asynccontextmanager
async def engine(tmp_path, *, is_new):
    """A `run` in this process, whose disk is ours to fill; ended as by a signal."""
    source = FolderSource(path=tmp_path / "sites") if is_new else None
    stop = asyncio.Event()
    options = Options(state=tmp_path / "state", create=is_new, source=source, port=0, interval_s=0.1)
    async with build(options) as built:
        running = asyncio.create_task(built.run(stop))
        api = Api(tmp_path / "state")
        async with api.http:
            await api.runs("st-elsewhere", 1)
            yield api
        stop.set()
        async with asyncio.timeout(PATIENCE_S):
            await running


class Ehr:
    """Answers AA when it is let, and says how far it is."""

    def __init__(self):
        self.has_message = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.has_answered = asyncio.Event()

    async def play(self, talk):
        while message := await talk.read_message():
            self.has_message.set()
            await self.may_answer.wait()
            await talk.send(framed(ack(message.split(b"\r")[0].split(b"|")[9].decode())))
            self.has_answered.set()


@pytest.fixture
async def ehr(tmp_path):
    """An EHR to which the one endpoint of the files leads, with the messages it got."""
    made = Ehr()
    async with Peer(made.play) as peer:
        write_site(write_fleet(tmp_path / "sites"), endpoints={"epic": an_endpoint(peer.port)})
        made.messages = peer.messages
        yield made


async def test_intake_answers_503_and_takes_events_again_when_there_is_room(tmp_path, disk, ehr):
    ehr.may_answer.set()
    async with engine(tmp_path, is_new=True) as api:
        disk.has_room = False
        event = an_event("S1")
        response = await api.http.post("/v1/study-events", json=event)
        assert response.status_code == 503
        assert int(response.headers["retry-after"]) > 0
        assert await api.deliveries() == []
        disk.has_room = True
        assert len(await api.submit(event)) == 1
        await api.all_in("delivered", count=1)
        assert (await api.ledger())["adds_up"]


async def test_60_no_next_one_leaves_while_an_answer_cannot_be_stored(tmp_path, disk, ehr):
    async with engine(tmp_path, is_new=True) as api:
        await api.submit(an_event("S1"), an_event("S2"))
        await ehr.has_message.wait()
        disk.has_room = False
        ehr.may_answer.set()
        await ehr.has_answered.wait()
        # What the lane would do at once is done by the time that an event is refused for want of room.
        assert (await api.http.post("/v1/study-events", json=an_event("S3"))).status_code == 503
        assert len(ehr.messages) == 1
        assert [one["state"] for one in await api.deliveries()] == ["sending", "queued"]
        disk.has_room = True
        deliveries = await api.all_in("delivered", count=2)
    assert [len(one["attempts"]) for one in deliveries] == [1, 1]
    assert len(ehr.messages) == 2


@pytest.mark.soak
async def test_a_stop_with_a_full_disk_ends_and_the_attempt_is_uncertain_then(tmp_path, disk, ehr):
    async with engine(tmp_path, is_new=True) as api:
        await api.submit(an_event("S1"), an_event("S2"))
        await ehr.has_message.wait()
        disk.has_room = False
        ehr.may_answer.set()
        await ehr.has_answered.wait()
    disk.has_room = True
    async with engine(tmp_path, is_new=False) as api:
        first, second = await api.all_in("delivered", count=2)
    assert [one["outcome"] for one in first["attempts"]] == ["uncertain", "delivered"]
    assert len(second["attempts"]) == 1
    assert ehr.messages[0] == ehr.messages[1]
    assert len(ehr.messages) == 3


@pytest.mark.soak
async def test_the_controller_applies_what_it_could_not_once_there_is_room(tmp_path, disk, ehr):
    async with engine(tmp_path, is_new=True) as api:
        disk.has_room = False
        leads_nowhere = an_endpoint(1, status="paused")
        write_site(tmp_path / "sites", endpoints={"epic": leads_nowhere})
        assert (await api.http.post("/v1/study-events", json=an_event("S1"))).status_code == 503
        assert await api.generation_of("st-elsewhere") == 1
        disk.has_room = True
        await api.runs("st-elsewhere", 2)
