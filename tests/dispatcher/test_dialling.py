"""Names that hang delay nobody else and no end; and nothing is dialled behind which there is no EHR."""

import asyncio
import socket
import subprocess
import sys
import threading

import pytest

from butterfly_gitops.dispatcher.dial import DialFailed, TcpDialler
from butterfly_gitops.dispatcher.resolver import Resolver
from tests.dispatcher.scripted_peer import Peer, resolving, run, settle, until
from tests.dispatcher.test_wire_faults import behave

NAME = "ehr.example.org"


class Hanging:
    """A system whose name server does not answer for names that begin with `slow`, until it is let."""

    def __init__(self):
        self.may_answer = threading.Event()
        self.asked = []

    def look_up(self, host, port):
        self.asked.append(host)
        if host.startswith("slow"):
            self.may_answer.wait()
        return [(socket.AF_INET, ("127.0.0.1", port))]


@pytest.fixture
def system():
    hanging = Hanging()
    yield hanging
    hanging.may_answer.set()


async def dialled(dialler, host, peer):
    (await dialler.open(host, peer.port, 10)).close()
    await peer.over.get()


def test_names_that_hang_delay_no_other(system):
    async def story():
        loop = asyncio.get_running_loop()
        dialler = TcpDialler(resolver=Resolver(system.look_up))
        async with Peer(behave) as peer:
            slow = [loop.create_task(dialled(dialler, f"slow-{n}", peer)) for n in range(50)]
            await until(lambda: len(system.asked) == 50)
            await dialled(dialler, NAME, peer)
            await dialled(dialler, "127.0.0.1", peer)
            assert not any(task.done() for task in slow)
            loop.turn_clock(10)
            failures = await asyncio.gather(*slow, return_exceptions=True)
        assert {failure.reason for failure in failures} == {"name not resolved in time"}

    run(story())


def test_a_name_that_hangs_has_one_thread_however_often_it_is_dialled(system):
    async def story():
        loop = asyncio.get_running_loop()
        dialler = TcpDialler(resolver=Resolver(system.look_up))
        async with Peer(behave) as peer:
            for _ in range(3):
                dialling = loop.create_task(dialled(dialler, "slow", peer))
                await settle()
                loop.turn_clock(10)
                with pytest.raises(DialFailed, match="not resolved in time"):
                    await dialling
            assert system.asked == ["slow"]
            # The answer that came at last serves who waits now; the next dial asks again.
            dialling = loop.create_task(dialled(dialler, "slow", peer))
            await settle()
            system.may_answer.set()
            await dialling
            await dialled(dialler, "slow", peer)
            assert system.asked == ["slow", "slow"]

    run(story())


def test_an_answer_that_nobody_waits_for_any_more_is_no_error(system, caplog):
    async def story():
        loop = asyncio.get_running_loop()
        resolver = Resolver(lambda host, port: system.look_up(host, port).index(None))
        dialling = loop.create_task(resolver.addresses("slow", 1, 10))
        await until(lambda: system.asked)
        dialling.cancel()
        system.may_answer.set()
        await until(lambda: not resolver._lasting)

    run(story())
    assert caplog.text == ""


ENDS = """
import asyncio, threading
from butterfly_gitops.dispatcher.resolver import Resolver

async def main():
    began, never = threading.Event(), threading.Event()
    asking = asyncio.create_task(Resolver(lambda *_: began.set() or never.wait()).addresses("slow", 1, 3600))
    await asyncio.to_thread(began.wait)
    asking.cancel()

asyncio.run(main())
print("ended")
"""


def test_a_name_that_hangs_keeps_no_process_from_ending():
    ended = subprocess.run([sys.executable, "-c", ENDS], capture_output=True, text=True, check=True)
    assert (ended.stdout, ended.stderr) == ("ended\n", "")


@pytest.mark.parametrize(
    ("addresses", "reason"),
    [
        (["169.254.169.254"], "link-local"),
        (["168.63.129.16"], "credentials"),
        (["0.0.0.0"], "all addresses"),
        (["224.0.0.1", "169.254.1.1"], "link-local"),
    ],
)
def test_a_name_cannot_lead_where_no_ehr_is(addresses, reason):
    async def story():
        dialler = TcpDialler(resolver=resolving({NAME: addresses}))
        with pytest.raises(DialFailed) as caught:
            await dialler.open(NAME, 6661, 10)
        assert caught.value.reason.startswith("not dialled: ")
        assert reason in caught.value.reason

    run(story())


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "2852039166", "::ffff:169.254.169.254", "0", "0xa9fea9fe"]
)
def test_no_spelling_of_an_address_leads_where_no_ehr_is(host):
    async def story():
        with pytest.raises(DialFailed, match="not dialled"):
            await TcpDialler().open(host, 6661, 10)

    run(story())


def test_of_a_name_with_several_addresses_the_others_are_dialled():
    # A Windows machine may register the address that it gave itself, beside its own.
    async def story():
        async with Peer(behave) as peer:
            await dialled(TcpDialler(resolver=resolving({NAME: ["169.254.7.8", "127.0.0.1"]})), NAME, peer)

    run(story())


@pytest.mark.parametrize("host", ["127.0.0.1", "::ffff:127.0.0.1", NAME])
def test_our_own_api_is_not_dialled(host):
    async def story():
        async with Peer(behave) as api, Peer(behave) as ehr:
            dialler = TcpDialler(own=("127.0.0.1", api.port), resolver=resolving({NAME: ["127.0.0.1"]}))
            with pytest.raises(DialFailed) as caught:
                await dialler.open(host, api.port, 10)
            assert caught.value.reason == "not dialled: our own API listens there"
            await dialled(dialler, host, ehr)
        assert api.connections == 0

    run(story())
