"""Connections for which there is room: the longest idle one gives way, and none that is in use."""

import resource
import socket

import pytest

from butterfly_gitops.dispatcher.dial import DialFailed, TcpDialler
from butterfly_gitops.dispatcher.room import Room, raise_limit, share


@pytest.fixture
def port():
    """Of a listener whose kernel takes connections, and nobody else does."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


async def test_the_longest_idle_one_gives_way_and_its_wire_notices(port):
    noticed = []
    room = Room(TcpDialler(), most=2)
    first, second = [await room.open("127.0.0.1", port, 5) for _ in range(2)]
    first.watch(lambda: noticed.append("first"))
    second.watch(lambda: noticed.append("second"))
    third = await room.open("127.0.0.1", port, 5)
    assert noticed == ["first"]
    with pytest.raises(OSError, match="descriptor"):
        first.receive()
    assert second.receive() is None
    for one in (second, third):
        one.close()


async def test_none_that_is_in_use_gives_way(port):
    room = Room(TcpDialler(), most=2)
    first, second = [await room.open("127.0.0.1", port, 5) for _ in range(2)]
    first.watch(lambda: None)
    first.send(memoryview(b"x"))
    with pytest.raises(DialFailed) as failed:
        await room.open("127.0.0.1", port, 5)
    assert failed.value.reason == "no descriptor is free"
    second.close()
    third = await room.open("127.0.0.1", port, 5)
    for one in (first, third):
        one.close()


async def test_what_could_not_be_dialled_takes_no_place():
    room = Room(TcpDialler(), most=1)
    for _ in range(3):
        with pytest.raises(DialFailed) as failed:
            await room.open("127.0.0.1", 1, 5)
        assert failed.value.reason == "connection refused"


@pytest.mark.parametrize(
    ("limit", "clients", "listeners"),
    [(16, 4, 4), (64, 8, 24), (256, 56, 168), (1024, 248, 744), (4096, 256, 3808), (2**20, 256, 2**20 - 288)],
)
def test_each_has_its_share_and_the_store_what_is_left(limit: int, clients: int, listeners: int):
    shares = share(limit)
    assert (shares.clients, shares.listeners) == (clients, listeners)
    assert limit < 64 or limit - clients - listeners >= 32


def test_the_limit_is_raised_as_far_as_it_may_be():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, soft), hard))
        raised = raise_limit()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == raised
        assert hard in (raised, resource.RLIM_INFINITY)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
