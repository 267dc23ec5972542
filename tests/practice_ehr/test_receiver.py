"""A practice EHR on a real socket, met by the real wire: what it answers, shows and writes down."""

import asyncio
import socket
from datetime import UTC, datetime
from itertools import count

import pytest

from butterfly_gitops.dispatcher.dial import TcpDialler
from butterfly_gitops.dispatcher.wire import Listener, Wire
from butterfly_gitops.hl7.acknowledgement import read_acknowledgement
from butterfly_gitops.mllp.exchange import Limits, Reply, Silence
from butterfly_gitops.practice_ehr.journal import BadJournal, Direction, JournalKind, read_journal
from butterfly_gitops.practice_ehr.scenario import WELL_BEHAVED, parse_scenario
from butterfly_gitops.practice_ehr.server import ListenFailed, PracticeEhr, ShownReport
from tests.dispatcher.scripted_peer import framed, run, until
from tests.practice_ehr.messages import result

# On a clock that stands still, the wait for what comes behind a foreign answer would have no end.
LIMITS = Limits(first_byte_s=30, total_s=30, grace_s=0)
AT = datetime(2026, 11, 24, 14, 3, 15, tzinfo=UTC)


def answered_id(block):
    return read_acknowledgement(block).msa2 or None


def a_wire(ehr, **settings):
    listener = Listener(host="127.0.0.1", port=ehr.port, connection_timeout_s=10, **settings)
    return Wire(listener, dialler=TcpDialler(), read=read_acknowledgement)


def an_ehr(rules="[]", **settings):
    numbers = count(1)
    settings = {
        "now": lambda: AT,
        "new_control_id": lambda: f"ACK{next(numbers)}",
        "label": "ste/epic",
    } | settings
    return PracticeEhr(parse_scenario(rules.encode(), file="scenario.yaml"), **settings)


async def send(wire, control_id, **fields):
    await wire.dial()
    return outcome_of(await wire.exchange(result(control_id, **fields), control_id, LIMITS))


def outcome_of(answer):
    if not isinstance(answer, Reply):
        return answer.kind
    return answer.block.msa1 if answer.answers_us else "not ours"


ANSWERS = {
    "default": ("{}", "AA", True),
    "AE": ("{code: AE}", "AE", True),
    "CR": ("{code: CR}", "CR", True),
    "an odd code": ("{code: AAX}", "AAX", True),
    "an empty code": ('{code: ""}', "", True),
    "another id": ("{msa2: M9}", "not ours", False),
    "reset": ("{then: reset}", Silence.RESET, False),
}


@pytest.mark.parametrize(("answer", "outcome", "stays_open"), ANSWERS.values(), ids=ANSWERS)
def test_each_answer_reaches_the_wire(answer, outcome, stays_open):
    async def story():
        async with an_ehr(f"[{{match: {{nth: 1}}, answer: {answer}}}]") as ehr:
            wire = a_wire(ehr)
            assert await send(wire, "M1") == outcome
            assert wire.is_open == stays_open
            await wire.close()
            assert await send(wire, "M2") == "AA"
            await wire.close()

    run(story())


def test_close_comes_after_the_answer():
    async def story():
        async with an_ehr("[{answer: {code: AE, then: close}}]") as ehr:
            wire = a_wire(ehr)
            assert await send(wire, "M1") == "AE"
            await until(lambda: not wire.is_open)

    run(story())


def test_a_reset_with_a_code_comes_after_the_answer(tmp_path):
    async def story():
        async with an_ehr("[{answer: {code: AA, then: reset}}]", journal=tmp_path / "j") as ehr:
            reader, writer = await asyncio.open_connection("127.0.0.1", ehr.port)
            writer.write(framed(result("M1")))
            with pytest.raises(ConnectionResetError):
                await reader.read()
            writer.close()

    run(story())
    assert kinds(tmp_path / "j") == ["connected", "message", "answer", "reset"]


def test_silence_leaves_the_connection_open_and_listens_on(tmp_path):
    async def story():
        async with an_ehr("[{match: {nth: 1}, answer: {then: silence}}]", journal=tmp_path / "j") as ehr:
            reader, writer = await asyncio.open_connection("127.0.0.1", ehr.port)
            writer.write(framed(result("M1")) + framed(result("M2")))
            block = await reader.readuntil(b"\x1c\r")
            assert answered_id(block[1:-2]) == "M2"
            writer.close()
            await until(lambda: "closed" in kinds(tmp_path / "j"))

    run(story())
    assert kinds(tmp_path / "j") == ["connected", "message", "silence", "message", "answer", "closed"]


def test_a_late_answer_is_late():
    async def story():
        loop = asyncio.get_running_loop()
        async with an_ehr(
            "[{match: {nth: 1}, answer: {after: 29s}}, {match: {nth: 2}, answer: {after: 30s}}]"
        ) as ehr:
            wire = a_wire(ehr)
            for arrived, (name, seconds, outcome) in enumerate(
                (("M1", 29, "AA"), ("M2", 30, Silence.SILENCE)), start=1
            ):
                sending = loop.create_task(send(wire, name, study=name))
                await until(lambda arrived=arrived: len(ehr.shows) == arrived)
                loop.turn_clock(seconds)
                assert await sending == outcome

    run(story())


def test_nth_counts_over_connections_and_repeats():
    async def story():
        async with an_ehr("[{match: {nth: 3}, answer: {code: AE}}]") as ehr:
            wire = a_wire(ehr, keep_open=False)
            assert [await send(wire, name) for name in ("M1", "M1", "M1", "M1")] == ["AA", "AA", "AE", "AA"]

    run(story())


def test_an_endpoint_is_the_label_of_the_listener():
    async def story():
        rules = "[{match: {endpoint: ste/epic}, answer: {code: AR}}]"
        async with an_ehr(rules) as epic, an_ehr(rules, label="ste/other") as other:
            for ehr, outcome in ((epic, "AR"), (other, "AA")):
                wire = a_wire(ehr)
                assert await send(wire, "M1") == outcome
                await wire.close()

    run(story())


def kinds(path):
    return [entry.kind for entry in read_journal(path)]


def test_the_journal_holds_all_that_was_seen_and_done(tmp_path):
    async def story():
        async with an_ehr(
            "[{match: {study: S2}, answer: {code: AE, then: close}}]", journal=tmp_path / "j"
        ) as ehr:
            wire = a_wire(ehr)
            assert await send(wire, "M1") == "AA"
            # The entry stands there before the peer can know of the answer.
            assert kinds(tmp_path / "j") == ["connected", "message", "answer"]
            assert await send(wire, "M2", study="S2") == "AE"
            await wire.close()

    run(story())
    entries = read_journal(tmp_path / "j")
    assert [(entry.kind, entry.direction, entry.control_id, entry.code) for entry in entries] == [
        (JournalKind.CONNECTED, Direction.IN, "", ""),
        (JournalKind.MESSAGE, Direction.IN, "M1", ""),
        (JournalKind.ANSWER, Direction.OUT, "M1", "AA"),
        (JournalKind.MESSAGE, Direction.IN, "M2", ""),
        (JournalKind.ANSWER, Direction.OUT, "M2", "AE"),
        (JournalKind.CLOSED, Direction.OUT, "", ""),
    ]
    assert {(entry.at, entry.endpoint, entry.connection) for entry in entries} == {(AT, "ste/epic", 1)}
    assert [entries[1].data, entries[3].data] == [result("M1"), result("M2", study="S2")]
    assert b"|20261124140315||ACK^R01^ACK|ACK1|P|2.5.1\rMSA|AA|M1\r" in entries[2].data
    assert (tmp_path / "j").stat().st_mode & 0o777 == 0o600


def test_several_receivers_and_runs_share_a_journal_that_was_open_to_all(tmp_path):
    (tmp_path / "j").touch(mode=0o644)

    async def story(label):
        async with an_ehr(journal=tmp_path / "j", label=label) as one, an_ehr(journal=tmp_path / "j") as two:
            for ehr in (one, two):
                wire = a_wire(ehr)
                assert await send(wire, "M1") == "AA"
                await wire.close()

    run(story("a"))
    run(story("b"))
    answers = [entry.endpoint for entry in read_journal(tmp_path / "j") if entry.kind is JournalKind.ANSWER]
    assert answers == ["a", "ste/epic", "b", "ste/epic"]
    assert (tmp_path / "j").stat().st_mode & 0o777 == 0o600


ENDS = {
    "a block cut off": (framed(result("M1")) + b"\x0bMSH|^~", b"\x0bMSH|^~"),
    "an end byte within the block cut off": (framed(result("M1")) + b"\x0bMSH\x1cX", b"\x0bMSH\x1cX"),
    "no frame at all": (b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\n"),
}


@pytest.mark.parametrize(("sent", "left"), ENDS.values(), ids=ENDS)
def test_bytes_that_are_no_whole_block_are_kept_when_the_connection_ends(sent, left, tmp_path):
    async def story():
        async with an_ehr(journal=tmp_path / "j") as ehr:
            _, writer = await asyncio.open_connection("127.0.0.1", ehr.port)
            writer.write(sent)
            writer.write_eof()
            await until(lambda: "closed" in kinds(tmp_path / "j"))
            writer.close()

    run(story())
    fragments = [entry.data for entry in read_journal(tmp_path / "j") if entry.kind is JournalKind.FRAGMENT]
    assert fragments == [left]


def test_a_block_without_its_last_byte_is_answered_when_the_peer_ends():
    async def story():
        async with an_ehr() as ehr:
            reader, writer = await asyncio.open_connection("127.0.0.1", ehr.port)
            writer.write(framed(result("M1"))[:-1])
            writer.write_eof()
            assert answered_id((await reader.read())[1:-2]) == "M1"
            writer.close()

    run(story())


def test_a_peer_that_breaks_off_is_noted(tmp_path):
    async def story():
        async with an_ehr(journal=tmp_path / "j") as ehr:
            wire = a_wire(ehr)
            await wire.dial()
            wire._connection.close(discard=True)
            await until(lambda: len(kinds(tmp_path / "j")) == 2)

    run(story())
    assert [(entry.kind, entry.direction) for entry in read_journal(tmp_path / "j")] == [
        ("connected", "in"),
        ("reset", "in"),
    ]


def test_ending_hangs_up_and_frees_the_port(tmp_path):
    async def story():
        async with an_ehr("[{answer: {after: 1h}}]", journal=tmp_path / "j") as ehr:
            wire = a_wire(ehr)
            sending = asyncio.get_running_loop().create_task(send(wire, "M1"))
            await until(lambda: ehr.shows)
        assert await sending in (Silence.CLOSED, Silence.RESET)
        async with an_ehr(port=ehr.port) as again:
            assert again.port == ehr.port
            assert await send(wire, "M1") == "AA"
            await wire.close()

    run(story())
    assert kinds(tmp_path / "j") == ["connected", "message", "closed"]


def test_it_shows_the_newest_of_each_report_and_nothing_that_it_refused():
    async def story():
        rules = "[{match: {study: S9}, answer: {code: AE}}, {match: {study: S8}, answer: {msa2: X}}]"
        async with an_ehr(rules) as ehr:
            wire = a_wire(ehr)
            for name, fields in {
                "M1": {"status": "P"},
                "M2": {"study": "S9"},
                "M3": {"patient": "MRN0043^^^STE^MR"},
                "M4": {"study": "S8"},
                "M5": {"status": "F"},
            }.items():
                await send(wire, name, **fields)
            await wire.close()
            assert ehr.shows == (
                ShownReport(study="A4711", status="F", patient="MRN0042^^^STE^MR"),
                ShownReport(study="A4711", status="F", patient="MRN0043^^^STE^MR"),
                ShownReport(study="S8", status="F", patient="MRN0042^^^STE^MR"),
            )

    run(story())


def test_a_port_in_use_is_told_in_one_line():
    async def story():
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            with pytest.raises(ListenFailed) as caught:
                async with an_ehr(port=port):
                    pytest.fail("it listens")
            assert str(caught.value) == f"cannot listen on 127.0.0.1:{port}: address already in use"

    run(story())


def test_a_journal_that_cannot_be_opened_is_told_before_it_listens(tmp_path):
    async def story():
        with pytest.raises(BadJournal, match="no such file or directory"):
            async with an_ehr(journal=tmp_path / "none" / "j"):
                pytest.fail("it listens")

    run(story())


def test_what_goes_wrong_inside_is_raised_at_the_end():
    def broken():
        raise RuntimeError("no more ids")

    async def story():
        async with an_ehr(new_control_id=broken) as ehr:
            wire = a_wire(ehr)
            assert await send(wire, "M1") in (Silence.CLOSED, Silence.RESET)

    with pytest.raises(RuntimeError, match="no more ids"):
        run(story())


async def test_it_runs_with_its_own_clock_and_ids(tmp_path):
    async with PracticeEhr(WELL_BEHAVED, journal=tmp_path / "j") as ehr:
        wire = a_wire(ehr)
        assert await send(wire, "M1") == "AA"
        await wire.close()
    assert {entry.at.tzinfo for entry in read_journal(tmp_path / "j")} == {UTC}
