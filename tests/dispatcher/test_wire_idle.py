"""What happens on a wire between messages: closes, resets, late answers, gaps, targets."""

import asyncio
import socket

import pytest

from butterfly_gitops.dispatcher.dial import DialFailed, MappedDialler, TcpDialler
from butterfly_gitops.dispatcher.wire import Listener, Strays, Wire
from butterfly_gitops.hl7.acknowledgement import read_acknowledgement
from butterfly_gitops.mllp.exchange import Silence
from tests.dispatcher.scripted_peer import Peer, ack, framed, notice, run, settle, until
from tests.dispatcher.test_wire_faults import LIMITS, a_wire, behave, outcome_of, send


def once_then(act):
    """Answers one message, then does something."""

    async def script(talk):
        message = await talk.read_message()
        await talk.send(framed(ack(message.split(b"|")[1].decode())))
        await act(talk)

    return script


async def fin(talk):
    talk.fin()


async def close(talk):
    talk.close()


async def reset(talk):
    await talk.arrived()
    talk.reset()


async def say(talk):
    await talk.arrived()
    await talk.send(framed(ack("M1")))


async def mumble(talk):
    await talk.arrived()
    await talk.send(b"\r")


IDLE = {"7 FIN": fin, "7 close": close, "8 reset": reset, "44 second answer": say, "40 junk after": mumble}


@pytest.mark.parametrize("turns", [True, False], ids=["noticed while idle", "noticed before the write"])
@pytest.mark.parametrize("act", IDLE.values(), ids=IDLE)
def test_whatever_happens_while_idle_the_next_message_goes_out_once_on_a_fresh_connection(act, turns):
    async def story():
        async with Peer(once_then(act), behave) as peer:
            wire = a_wire(peer.port)
            assert outcome_of(await send(wire, "M1")) == "AA"
            await peer.over.get()
            if turns:
                await until(lambda: not wire.is_open)
            elif wire.is_open:
                notice(wire._connection)
            assert outcome_of(await send(wire, "M2")) == "AA"
            assert [message.split(b"|")[1] for message in peer.messages] == [b"M1", b"M2"]
            assert peer.connections == 2
            late, unasked = int(act is say), int(act in (say, mumble))
            assert wire.strays == Strays(late_answers=late, unasked=unasked)
            await wire.close()

    run(story())


@pytest.mark.parametrize("act", [say, mumble])
def test_what_comes_while_idle_is_noticed_though_nobody_looks(act):
    async def story():
        async with Peer(once_then(act)) as peer:
            wire = a_wire(peer.port)
            assert outcome_of(await send(wire, "M1")) == "AA"
            await until(lambda: wire.strays.unasked)
            assert wire.strays == Strays(late_answers=int(act is say), unasked=1)

    run(story())


def test_17_an_answer_with_a_fin_in_the_same_segment_delivers():
    async def story():
        async with Peer(once_then(close), behave) as peer:
            wire = a_wire(peer.port)
            assert [outcome_of(await send(wire, name)) for name in ("M1", "M2")] == ["AA", "AA"]
            assert len(peer.messages) == 2
            await wire.close()

    run(story())


def test_44_a_late_answer_with_the_next_message_in_flight_is_dropped_and_counted():
    async def late(talk):
        message = await talk.read_message()
        await talk.send(framed(ack("M1")) + framed(ack(message.split(b"|")[1].decode())))

    async def story():
        async with Peer(once_then(late), behave) as peer:
            wire = a_wire(peer.port)
            assert outcome_of(await send(wire, "M1")) == "AA"
            assert wire.is_open
            answer = await send(wire, "M2")
            assert outcome_of(answer) == "AA"
            assert answer.block.msa2 == "M2"
            assert (answer.dropped, wire.strays) == (1, Strays(late_answers=1))
            assert not wire.is_open
            assert outcome_of(await send(wire, "M3")) == "AA"
            await wire.close()

    run(story())


def test_a_message_sent_again_goes_over_another_connection_than_its_refusal():
    async def refuse(talk):
        while await talk.read_message():
            await talk.send(framed(ack("M1", "AE")))

    async def story():
        async with Peer(refuse, behave) as peer:
            wire = a_wire(peer.port)
            assert outcome_of(await send(wire, "M1")) == "AE"
            assert outcome_of(await send(wire, "M1")) == "AA"
            assert peer.connections == 2
            assert peer.messages[0] == peer.messages[1]
            await wire.close()

    run(story())


def test_53_one_connection_at_a_time_is_enough():
    async def story():
        async with Peer(behave) as peer:
            wire = a_wire(peer.port)
            for n in range(5):
                assert outcome_of(await send(wire, f"M{n}")) == "AA"
            assert (peer.connections, peer.open_at_once) == (1, 1)
            await wire.close()

    run(story())


def test_54_one_connection_per_message():
    async def story():
        async with Peer(once_then(close)) as peer:
            wire = a_wire(peer.port, keep_open=False)
            for n in range(3):
                assert outcome_of(await send(wire, f"M{n}")) == "AA"
                assert not wire.is_open
            assert peer.connections == 3
            assert wire.strays == Strays()

    run(story())


@pytest.mark.parametrize("keep_open", [True, False])
def test_55_the_minimum_gap_is_kept(keep_open):
    async def story():
        loop = asyncio.get_running_loop()
        async with Peer(behave) as peer:
            wire = a_wire(peer.port, minimum_gap_s=2, keep_open=keep_open)
            assert outcome_of(await send(wire, "M1")) == "AA"
            second = loop.create_task(send(wire, "M2"))
            await settle()
            loop.turn_clock(1.99)
            await settle()
            assert len(peer.messages) == 1
            loop.turn_clock(0.01)
            assert outcome_of(await second) == "AA"
            await wire.close()

    run(story())


def test_cancelling_an_exchange_closes_the_connection():
    async def story():
        reached = asyncio.Event()

        async def hush(talk):
            await talk.read_message()
            reached.set()

        async with Peer(hush, behave) as peer:
            wire = a_wire(peer.port)
            sending = asyncio.get_running_loop().create_task(send(wire, "M1"))
            await reached.wait()
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            assert not wire.is_open
            assert outcome_of(await send(wire, "M2")) == "AA"
            await wire.close()

    run(story())


def test_closing_a_wire_ends_the_exchange_on_it():
    async def story():
        reached = asyncio.Event()

        async def hush(talk):
            await talk.read_message()
            reached.set()

        async with Peer(hush) as peer:
            wire = a_wire(peer.port)
            sending = asyncio.get_running_loop().create_task(send(wire, "M1"))
            await reached.wait()
            await wire.close()
            assert outcome_of(await sending) == Silence.RESET

    run(story())


def test_without_a_connection_nothing_leaves():
    async def story():
        answer = await a_wire(1).exchange(b"MSH|M1|", "M1", LIMITS)
        assert answer.kind == Silence.NOTHING_LEFT

    run(story())


def test_66_a_message_with_framing_bytes_is_never_sent():
    async def story():
        async with Peer(behave) as peer:
            wire = a_wire(peer.port)
            await wire.dial()
            with pytest.raises(ValueError, match="MLLP byte 0x1c"):
                await wire.exchange(b"MSH|M1|\x1c", "M1", LIMITS)
            assert wire.is_open
            await wire.close()

    run(story())


def test_9_connections_are_kept_alive_and_send_at_once():
    async def story():
        async with Peer(behave) as peer:
            connection = await TcpDialler().open("127.0.0.1", peer.port, 10)
            option = connection._socket.getsockopt
            assert option(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert option(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 30
            assert option(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
            connection.close()

    run(story())


def test_the_demo_dials_a_practice_ehr_in_place_of_the_host_and_nothing_else():
    async def story():
        async with Peer(behave) as peer:
            places = {("10.20.30.40", 6661): ("127.0.0.1", peer.port)}
            dialler = MappedDialler(places, TcpDialler())
            listener = Listener(host="10.20.30.40", port=6661, connection_timeout_s=10)
            wire = Wire(listener, dialler=dialler, read=read_acknowledgement)
            assert outcome_of(await send(wire, "M1")) == "AA"
            await wire.close()
            with pytest.raises(DialFailed, match=r"^10.20.30.41:6661: no practice EHR"):
                await dialler.open("10.20.30.41", 6661, 10)

    run(story())
