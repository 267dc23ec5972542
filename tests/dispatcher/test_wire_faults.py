"""How MLLP peers misbehave, and what the wire makes of it: the outcome, and whether the connection is closed.

The numbers are those of docs/fault-cases.md.
"""

import asyncio
import contextlib
import socket
from types import MappingProxyType

import pytest

from butterfly_gitops.dispatcher.dial import DialFailed, TcpDialler
from butterfly_gitops.dispatcher.wire import Listener, Wire
from butterfly_gitops.hl7.acknowledgement import read_acknowledgement
from butterfly_gitops.mllp.exchange import Limits, Reply, Silence
from tests.dispatcher.scripted_peer import Peer, ack, framed, notice, resolving, run, settle, until

LIMITS = Limits(first_byte_s=30, total_s=30, max_reply_bytes=1024 * 1024)


def a_wire(port, *, host="127.0.0.1", names=MappingProxyType({}), **settings):
    listener = Listener(host=host, port=port, connection_timeout_s=10, **settings)
    return Wire(listener, dialler=TcpDialler(resolver=resolving(names)), read=read_acknowledgement)


async def send(wire, control_id, *, size=0):
    await wire.dial()
    return await wire.exchange(b"MSH|" + control_id.encode() + b"|" + b"x" * size, control_id, LIMITS)


async def behave(talk):
    """Answers every message with AA."""
    while message := await talk.read_message():
        await talk.send(framed(ack(message.split(b"|")[1].decode())))


def answering(*answers, piece=0, clock=0):
    """After one message: send these bytes; then let that many seconds pass, and listen on."""

    async def script(talk):
        await talk.read_message()
        for data in answers:
            await talk.send(data, piece=piece)
        await talk.let_pass(clock)

    return script


async def close_unanswered(talk):
    await talk.read_message()
    talk.close()


async def reset_unanswered(talk):
    await talk.read_message()
    talk.reset()


async def fin_at_the_first_byte(talk):
    await talk.read(1)
    talk.fin()


async def stream_without_end(talk):
    await talk.read_message()
    await talk.send(b"\x0b")
    for _ in range(50):
        await talk.send(b"x" * 1024 * 1024)


async def answer_too_late(talk):
    message = await talk.read_message()
    await talk.let_pass(30)
    await settle()
    await talk.send(framed(ack(message.split(b"|")[1].decode())))


AA = framed(ack("M1"))

# name: script of the first connection, outcome of M1, the connection is closed
FAULTS = {
    "9 half-open, 12 no ACK": (answering(clock=30), Silence.SILENCE, True),
    "10 FIN races with the write": (fin_at_the_first_byte, Silence.CLOSED, True),
    "14 late ACK": (answer_too_late, Silence.SILENCE, True),
    "15 close before ACK": (close_unanswered, Silence.CLOSED, True),
    "16 reset before ACK": (reset_unanswered, Silence.RESET, True),
    "45 huge ACK": (stream_without_end, Silence.TOO_BIG, True),
}
# name: what is sent back, outcome of M1 (an MSA-1 code when the reply answers us), closed, seconds that pass
ANSWERS = {
    "19 AA": (AA, "AA", False, 0),
    "20 CA": (framed(ack("M1", "CA")), "CA", False, 0),
    "21 CA then AA": (framed(ack("M1", "CA")) + AA, "CA", True, 0),
    "23 AE": (framed(ack("M1", "AE")), "AE", False, 0),
    "28 unknown code": (framed(ack("M1", "AAX")), "AAX", False, 0),
    "29 wrong id": (framed(ack("M9")), "not ours", True, 1),
    "30 refusal of another": (framed(ack("M9", "AE")), "not ours", True, 1),
    "31 no id": (framed(ack("")), "not ours", True, 1),
    "32 echo of our message": (framed(b"MSH|M1|"), "not ours", True, 1),
    "33 no MSA": (framed(b"MSH|^~\\&|EHR\r"), "not ours", True, 1),
    "34 LF for CR": (framed(ack("M1", end="\n")), "AA", False, 0),
    "34 CRLF for CR": (framed(ack("M1", end="\r\n")), "AA", False, 0),
    "35 empty frame": (framed(b""), Silence.EMPTY, True, 0),
    "36 unframed ACK": (ack("M1"), Silence.GARBAGE, True, 30),
    "37 no FS": (b"\x0b" + ack("M1") + b"\r", Silence.STALLED, True, 30),
    "38 no final CR": (b"\x0b" + ack("M1") + b"\x1c", "AA", False, 1),
    "39 junk before": (b"Junk" + AA, "AA", False, 0),
    "40 junk after": (AA + b"Junk", "AA", True, 0),
    "71 half an ACK": (b"\x0b" + ack("M1")[:-1] + b"\x1cX\r\x1c\r", "not ours", True, 1),
    "71 half an ACK, then silence": (b"\x0b" + ack("M1") + b"\x1cX", Silence.STALLED, True, 30),
    "43 stalls mid-frame": (b"\x0bMSH|^~", Silence.STALLED, True, 30),
    "44 twice": (AA + AA, "AA", True, 0),
    "46 ACK of 9 KB": (framed(ack("M1") + b"ERR|" + b"e" * 9000), "AA", False, 0),
    "47 other charset": (framed(ack("M1") + "ERR|M\xfcller".encode("latin-1")), "AA", False, 0),
    "48 invalid UTF-8": (framed(ack("M1") + b"ERR|\xff\xfe\x80"), "AA", False, 0),
    "49 byte acknowledgement": (framed(b"\x06"), "not ours", True, 1),
}


def outcome_of(answer):
    if not isinstance(answer, Reply):
        return answer.kind
    return answer.block.msa1 if answer.answers_us else "not ours"


async def fare(script, outcome, closes):
    """M1 meets the fault; M2 is delivered, on a fresh connection if that one was closed."""
    async with Peer(script, behave) as peer:
        wire = a_wire(peer.port)
        assert outcome_of(await send(wire, "M1")) == outcome
        await peer.over.get()
        if closes:
            assert not wire.is_open
        else:
            assert wire.is_open
            await wire.close()
        assert outcome_of(await send(wire, "M2")) == "AA"
        assert peer.connections == 2
        assert [message.split(b"|")[1] for message in peer.messages[-1:]] == [b"M2"]
        await wire.close()


@pytest.mark.parametrize(("script", "outcome", "closes"), FAULTS.values(), ids=FAULTS)
def test_a_peer_that_misbehaves(script, outcome, closes):
    run(fare(script, outcome, closes))


@pytest.mark.parametrize("piece", [0, 1], ids=["whole", "41 byte by byte"])
@pytest.mark.parametrize(("data", "outcome", "closes", "clock"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer(data, outcome, closes, clock, piece):
    if piece and (b"Junk" in data[-5:] or data == AA + AA or (data.endswith(AA) and data != AA and closes)):
        pytest.skip("what follows the answer comes while the wire is idle: see test_wire_idle")
    run(fare(answering(data, piece=piece, clock=clock), outcome, closes))


def test_42_a_trailer_in_two_packets():
    run(fare(answering(AA[:-1], AA[-1:], piece=len(AA)), "AA", closes=False))


def test_41_a_slow_answer_within_the_total_deadline():
    async def drip(talk):
        await talk.read_message()
        for n in range(len(AA)):
            await talk.send(AA[n : n + 1])
            await talk.let_pass(0.2)
            await settle()

    run(fare(drip, "AA", closes=False))


def test_45_a_huge_answer_is_cut_off_early_and_not_kept():
    sent = 0

    async def flood(talk):
        nonlocal sent
        await talk.read_message()
        await talk.send(b"\x0b")
        while sent < 50 * 1024 * 1024:
            await talk.send(b"x" * 65536)
            sent += 65536

    async def story():
        async with Peer(flood) as peer:
            answer = await send(a_wire(peer.port), "M1")
            assert answer.kind == Silence.TOO_BIG
            assert len(answer.received) <= 4096
            await peer.over.get()
            assert sent < 50 * 1024 * 1024

    run(story())


def test_1_refused():
    async def story():
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            wire = a_wire(unused.getsockname()[1])
            with pytest.raises(DialFailed, match="connection refused"):
                await wire.dial()

    run(story())


def test_2_a_black_hole_ends_at_the_connection_timeout():
    async def story():
        loop = asyncio.get_running_loop()
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
            # One more than the backlog holds: from here on the kernel drops each SYN.
            fillers = [socket.socket() for _ in range(4)]
            for filler in fillers:
                filler.setblocking(False)
                filler.connect_ex(listener.getsockname())
            dialling = loop.create_task(a_wire(listener.getsockname()[1]).dial())
            await settle()
            assert not dialling.done()
            loop.turn_clock(10)
            with pytest.raises(DialFailed, match="no connection in time"):
                await dialling
            for filler in fillers:
                filler.close()

    run(story())


def test_3_a_name_is_resolved_at_every_dial():
    async def story():
        names = {}
        async with Peer(behave) as old, Peer(behave, host="127.0.0.2", port=old.port) as new:
            wire = a_wire(old.port, host="ehr.example.org", names=names)
            with pytest.raises(DialFailed, match="name not found"):
                await wire.dial()
            names["ehr.example.org"] = ["127.0.0.1"]
            assert outcome_of(await send(wire, "M1")) == "AA"
            await wire.close()
            names["ehr.example.org"] = ["127.0.0.2"]
            assert outcome_of(await send(wire, "M2")) == "AA"
            assert (len(old.messages), len(new.messages)) == (1, 1)
            await wire.close()

    run(story())


def test_3_the_second_address_is_tried_when_the_first_refuses():
    async def story():
        async with Peer(behave) as peer:
            names = {"ehr.example.org": ["127.0.0.3", "127.0.0.1"]}
            wire = a_wire(peer.port, host="ehr.example.org", names=names)
            assert outcome_of(await send(wire, "M1")) == "AA"
            await wire.close()

    run(story())


@pytest.mark.parametrize("ending", ["close", "reset"], ids=["4 accept then close", "5 accept then reset"])
def test_a_connection_lost_before_the_write_costs_nothing(ending):
    async def story():
        dialled = asyncio.Event()

        async def end(talk):
            await dialled.wait()
            getattr(talk, ending)()

        async with Peer(end, behave) as peer:
            wire = a_wire(peer.port)
            await wire.dial()
            dialled.set()
            await peer.over.get()
            notice(wire._connection)
            answer = await wire.exchange(b"MSH|M1|", "M1", LIMITS)
            assert outcome_of(answer) == Silence.NOTHING_LEFT
            assert not wire.is_open
            assert outcome_of(await send(wire, "M1")) == "AA"
            assert len(peer.messages) == 1
            await wire.close()

    run(story())


@pytest.mark.parametrize("turns", range(8))
@pytest.mark.parametrize("ending", ["close", "reset"], ids=["4 close", "5 reset"])
def test_a_connection_lost_at_any_moment_of_the_dial_costs_nothing(ending, turns):
    async def story():
        async def end(talk):
            for _ in range(turns):
                await asyncio.sleep(0)
            getattr(talk, ending)()

        async with Peer(end, behave) as peer:
            wire = a_wire(peer.port)
            # Whether the dial still sees it or the look before the write does: nothing has left.
            with contextlib.suppress(DialFailed):
                await wire.dial()
                await peer.over.get()
                notice(wire._connection)
                assert outcome_of(await wire.exchange(b"MSH|M1|", "M1", LIMITS)) == Silence.NOTHING_LEFT
            assert not wire.is_open
            assert outcome_of(await send(wire, "M1")) == "AA"
            assert len(peer.messages) == 1
            await wire.close()

    run(story())


def test_6_a_full_backlog_takes_the_data_and_never_answers():
    async def story():
        loop = asyncio.get_running_loop()
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(1)
            wire = a_wire(listener.getsockname()[1])
            sending = loop.create_task(send(wire, "M1"))
            await until(lambda: wire.is_open)
            loop.turn_clock(30)
            assert outcome_of(await sending) == Silence.SILENCE
            assert not wire.is_open

    run(story())


@pytest.mark.parametrize("ending", ["close", "reset"])
def test_11_a_connection_lost_within_the_write_is_in_doubt(ending):
    async def story():
        async def end(talk):
            await talk.read(1000)
            getattr(talk, ending)()

        async with Peer(end, behave, receive_buffer=4096) as peer:
            wire = a_wire(peer.port)
            assert outcome_of(await send(wire, "M1", size=16 * 1024 * 1024)) == Silence.RESET
            assert not wire.is_open

    run(story())


def test_a_peer_that_stops_reading_within_the_write_is_silent():
    async def story():
        async def stop_reading(talk):
            await talk.read(1000)
            await talk.let_pass(30)
            await asyncio.Event().wait()

        async with Peer(stop_reading, receive_buffer=4096) as peer:
            wire = a_wire(peer.port)
            assert outcome_of(await send(wire, "M1", size=16 * 1024 * 1024)) == Silence.SILENCE
            assert not wire.is_open

    run(story())


def test_13_only_the_third_is_not_answered():
    async def story():
        async def forget_the_third(talk):
            for _ in range(2):
                message = await talk.read_message()
                await talk.send(framed(ack(message.split(b"|")[1].decode())))
            await talk.read_message()
            await talk.let_pass(30)

        async with Peer(forget_the_third, behave) as peer:
            wire = a_wire(peer.port)
            outcomes = [outcome_of(await send(wire, f"M{n}")) for n in range(1, 6)]
            assert outcomes == ["AA", "AA", Silence.SILENCE, "AA", "AA"]
            assert [message.split(b"|")[1] for message in peer.messages] == [
                b"M1",
                b"M2",
                b"M3",
                b"M4",
                b"M5",
            ]
            assert peer.connections == 2
            await wire.close()

    run(story())


def test_18_a_server_that_restarts_gets_the_rest_in_order():
    async def story():
        async with Peer(behave) as first:
            wire = a_wire(first.port)
            assert outcome_of(await send(wire, "M1")) == "AA"
        with pytest.raises(DialFailed):
            await wire.dial()
        async with Peer(behave, port=first.port) as second:
            assert outcome_of(await send(wire, "M2")) == "AA"
            assert outcome_of(await send(wire, "M3")) == "AA"
            assert [message.split(b"|")[1] for message in second.messages] == [b"M2", b"M3"]
            await wire.close()

    run(story())
