"""A process that is told to stop: what is in flight ends first, nothing new begins, and the end always comes."""

import asyncio
import signal
from pathlib import Path

import httpx
import pytest

from tests.dispatcher.lanes_at_work import black_hole
from tests.dispatcher.scripted_peer import Peer, ack, framed
from tests.journeys.fleet_files import an_endpoint, an_event, write_fleet, write_site
from tests.journeys.processes import running, until

pytestmark = pytest.mark.journey


class Patient:
    """An EHR that answers only when it is let."""

    def __init__(self):
        self.has_message = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def play(self, talk):
        while message := await talk.read_message():
            self.has_message.set()
            await self.may_answer.wait()
            await talk.send(framed(ack(message.split(b"\r")[0].split(b"|")[9].decode())))


async def refuses(api):
    """Tell whether the API has heard of the stop: it takes no one any more."""
    try:
        await api.http.get("/livez", headers={"Connection": "close"})
    except httpx.TransportError:
        return True
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.soak)])
async def test_70_an_answer_that_is_waited_for_is_still_recorded(number, tmp_path):
    ehr = Patient()
    state, sites = tmp_path / "state", write_fleet(tmp_path / "sites")
    async with Peer(ehr.play) as peer:
        write_site(sites, endpoints={"epic": an_endpoint(peer.port)})
        async with running(state, "--source", sites, "--new-state") as (process, api):
            await api.runs("st-elsewhere", 1)
            await api.submit(an_event("S1"), an_event("S2"))
            await ehr.has_message.wait()
            process.process.send_signal(number)
            await until(lambda: refuses(api))
            ehr.may_answer.set()
            assert await process.ended() == 0
        assert len(peer.messages) == 1
        async with running(state) as (_, api):
            first, second = await api.all_in("delivered", count=2)
    assert [(one["number"], one["code"]) for one in first["attempts"]] == [(1, "AA")]
    assert len(second["attempts"]) == 1
    assert len(peer.messages) == 2


@pytest.mark.soak
async def test_70_an_answer_that_does_not_come_is_uncertain_and_then_it_ends(tmp_path):
    ehr = Patient()
    state, sites = tmp_path / "state", write_fleet(tmp_path / "sites")
    async with Peer(ehr.play) as peer:
        write_site(sites, endpoints={"epic": an_endpoint(peer.port, ack_timeout="1s")})
        async with running(state, "--source", sites, "--new-state") as (process, api):
            await api.runs("st-elsewhere", 1)
            await api.submit(an_event("S1"))
            await ehr.has_message.wait()
            process.process.terminate()
            assert await process.ended() == 0
        ehr.may_answer.set()
        async with running(state) as (_, api):
            (delivery,) = await api.all_in("delivered", count=1)
    first, second = delivery["attempts"]
    assert (first["outcome"], first["detail"], second["outcome"]) == ("uncertain", "no answer", "delivered")
    assert peer.messages[0] == peer.messages[1]


@pytest.mark.soak
async def test_a_listener_that_does_not_answer_a_dial_holds_no_end_up(tmp_path):
    state, sites = tmp_path / "state", write_fleet(tmp_path / "sites")
    with black_hole() as port:
        write_site(sites, endpoints={"epic": an_endpoint(port, connection_timeout="300s")})
        async with running(state, "--source", sites, "--new-state") as (process, api):
            await api.runs("st-elsewhere", 1)
            await api.submit(an_event("S1"))
            await until(lambda: is_dialling(port))
            process.process.terminate()
            assert await process.ended() == 0


async def is_dialling(port):
    """Tell whether the kernel has a connection to the port that is not answered (SYN_SENT)."""
    lines = (await asyncio.to_thread(Path("/proc/net/tcp").read_text)).splitlines()[1:]
    return any(line.split()[2].endswith(f":{port:04X}") and line.split()[3] == "02" for line in lines)


@pytest.mark.soak
async def test_a_minimum_gap_holds_no_end_up(tmp_path):
    ehr = Patient()
    ehr.may_answer.set()
    state, sites = tmp_path / "state", write_fleet(tmp_path / "sites")
    async with Peer(ehr.play) as peer:
        write_site(sites, endpoints={"epic": an_endpoint(peer.port, minimum_gap="24h")})
        async with running(state, "--source", sites, "--new-state") as (process, api):
            await api.runs("st-elsewhere", 1)
            await api.submit(an_event("S1"), an_event("S2"))
            await process.says("attempt ended")
            process.process.terminate()
            assert await process.ended() == 0
        assert len(peer.messages) == 1
