"""One exchange, fed by hand: what the driver is told, and what comes out."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from butterfly_gitops.mllp.exchange import Done, Exchange, Limits, NoReply, Read, Reply, Silence, Write
from tests.table import in_one_test

LIMITS = Limits(first_byte_s=5, total_s=10, max_reply_bytes=100, grace_s=1)


@dataclass(frozen=True)
class Tiny:
    """The test's tiny acknowledgements, `CODE ID`."""

    msa2: str


def read(block):
    code, _, control_id = block.decode("latin-1").partition(" ")
    return Tiny(control_id if code in {"AA", "AE", "CA"} else "")


def an_exchange(*, settled=(), size=50, limits=LIMITS):
    return Exchange(control_id="M1", size=size, limits=limits, read=read, settled=settled)


def a_written_exchange(**settings):
    exchange = an_exchange(**settings)
    assert exchange.start(100) == Write(until=110)
    assert exchange.wrote(50, 100) == Read(until=105)
    return exchange


def test_a_good_answer_leaves_the_connection_open():
    step = a_written_exchange().received(b"\x0bAA M1\x1c\r", 101)
    reply = Reply(data=b"AA M1", block=Tiny("M1"), answers_us=True, received=b"\x0bAA M1\x1c\r")
    assert step == Done(answer=reply, closes=False)


# name: stream, data of the reply, answers us, junk, dropped, lacked CR, closes
REPLIES = {
    "for us": (b"\x0bAA M1\x1c\r", b"AA M1", True, 0, 0, False, False),
    "refusal for us": (b"\x0bAE M1\x1c\r", b"AE M1", True, 0, 0, False, False),
    "for nobody we know": (b"\x0bAA M9\x1c\r", b"AA M9", False, 0, 0, False, True),
    "without an id": (b"\x0bAA \x1c\r", b"AA ", False, 0, 0, False, True),
    "no acknowledgement": (b"\x0bMSH\x1c\r", b"MSH", False, 0, 0, False, True),
    "a byte of Release 2": (b"\x0b\x06\x1c\r", b"\x06", False, 0, 0, False, True),
    "junk before": (b"Junk\x0bAA M1\x1c\r", b"AA M1", True, 4, 0, False, False),
    "junk after": (b"\x0bAA M1\x1c\rJunk", b"AA M1", True, 4, 0, False, True),
    "twice": (b"\x0bAA M1\x1c\r\x0bAA M1\x1c\r", b"AA M1", True, 0, 1, False, True),
    "commit, then application": (b"\x0bCA M1\x1c\r\x0bAA M1\x1c\r", b"CA M1", True, 0, 1, False, True),
    "late one, then ours": (b"\x0bAA M0\x1c\r\x0bAA M1\x1c\r", b"AA M1", True, 0, 1, False, True),
    "late one after ours": (b"\x0bAA M1\x1c\r\x0bAA M0\x1c\r", b"AA M1", True, 0, 1, False, True),
    "part of another": (b"\x0bAA M1\x1c\r\x0bAA", b"AA M1", True, 0, 0, False, True),
    "half of one": (b"\x0bAA M1\x1cX\r\x1c\r", b"AA M1\x1cX\r", False, 0, 0, False, True),
    "end byte twice": (b"\x0bAA M1\x1c\x1c\r", b"AA M1\x1c", False, 0, 0, False, True),
    "no final CR, then another": (b"\x0bAA M1\x1c\x0bAA M1\x1c\r", b"AA M1", True, 0, 1, True, True),
}


@in_one_test(
    ("stream", "data", "answers_us", "junk", "dropped", "lacked", "closes"), REPLIES.values(), ids=REPLIES
)
def test_the_first_block_not_about_an_earlier_message_is_the_reply(
    stream, data, answers_us, junk, dropped, lacked, closes
):
    exchange = a_written_exchange(settled={"M0"})
    step = exchange.received(stream, 101)
    if not answers_us:
        assert step == Read(until=102)
        step = exchange.passed(102)
    reply = Reply(
        data=data,
        block=read(data),
        answers_us=answers_us,
        received=stream,
        junk=junk,
        dropped=dropped,
        lacked_final_cr=lacked,
    )
    assert step == Done(answer=reply, closes=closes)


BEHIND = {
    "our answer": (b"\x0bAA M1\x1c\r", 0, 0),
    "our answer without its final CR": (b"\x0bAA M1\x1c", 0, 0),
    "a late one": (b"\x0bAA M0\x1c\r", 0, 1),
    "junk": (b"Junk", 4, 0),
    "a block too big": (b"\x0b" + b"x" * 101, 0, 0),
    "too much junk": (b"x" * 101, 101, 0),
}


@in_one_test("ending", ["time", "fin", "reset"])
@in_one_test("piece", [1, 200], ids=["byte by byte", "whole"])
@in_one_test(("behind", "junk", "dropped"), BEHIND.values(), ids=BEHIND)
def test_what_comes_behind_a_foreign_answer_is_kept_and_proves_nothing(behind, junk, dropped, piece, ending):
    exchange = a_written_exchange(settled={"M0"})
    foreign = b"\x0bAE M9\x1c\r"
    step = exchange.received(foreign, 101)
    for n in range(0, len(behind), piece):
        assert step == Read(until=102)
        step = exchange.received(behind[n : n + piece], 101.5)
    if not isinstance(step, Done):
        ends = {"time": lambda: exchange.passed(102), "fin": exchange.ended, "reset": exchange.broke}
        step = ends[ending]()

    assert step.closes
    assert step.answer == Reply(
        data=b"AE M9",
        block=Tiny("M9"),
        answers_us=False,
        received=foreign + behind,
        junk=junk,
        dropped=dropped,
        lacked_final_cr=behind.endswith(b"\x1c"),
        has_split_trailer=piece == 1 and behind.endswith(b"\x1c\r"),
    )


def test_a_foreign_answer_with_the_last_moment_ends_with_it():
    exchange = a_written_exchange()
    assert exchange.received(b"\x0bAA M9\x1c\r", 109.5) == Read(until=110)
    step = exchange.passed(110)
    assert isinstance(step, Done)
    assert isinstance(step.answer, Reply)


def test_what_is_kept_is_bounded():
    exchange = a_written_exchange(limits=Limits(first_byte_s=5, total_s=10, max_reply_bytes=5000))
    exchange.received(b"x" * 5000, 101)
    exchange.received(b"\x0bAA M1" + b"x" * 4990 + b"\x1c\r", 101)
    step = exchange.passed(102)
    assert isinstance(step, Done)
    assert (len(step.answer.received), len(step.answer.data)) == (5000 + 4096, 4995)


@in_one_test(
    ("stream", "kind"),
    [
        pytest.param(b"", Silence.SILENCE, id="nothing"),
        pytest.param(b"MSH|AA M1\r", Silence.GARBAGE, id="no start byte"),
        pytest.param(b"\x0bAA M", Silence.STALLED, id="stalled"),
        pytest.param(b"\x0bAA M1\r", Silence.STALLED, id="no end byte"),
    ],
)
@in_one_test("piece", [1, 100], ids=["byte by byte", "whole"])
def test_time_runs_out(stream, kind, piece):
    exchange = a_written_exchange()
    for n in range(0, len(stream), piece):
        assert exchange.received(stream[n : n + piece], 101) == Read(until=110)

    step = exchange.passed(110)

    assert step == Done(answer=NoReply(kind=kind, received=stream), closes=True)


@pytest.mark.parametrize(
    ("stream", "kind"),
    [
        (b"", Silence.CLOSED),
        (b"\x0bAA", Silence.CLOSED),
        (b"\x0bAA M1\x1cX", Silence.CLOSED),
        (b"<html>", Silence.GARBAGE),
    ],
    ids=["nothing", "part of a block", "half of one", "a web page"],
)
def test_the_peer_closes_first(stream, kind):
    exchange = a_written_exchange()
    if stream:
        exchange.received(stream, 101)
    assert exchange.ended() == Done(answer=NoReply(kind=kind, received=stream), closes=True)


def test_the_first_byte_has_its_own_deadline():
    exchange = a_written_exchange()
    assert exchange.passed(105) == Done(answer=NoReply(kind=Silence.SILENCE), closes=True)


def test_a_driver_that_wakes_early_is_told_to_wait_on():
    assert a_written_exchange().passed(104) == Read(until=105)


def test_bytes_that_come_with_the_deadline_count():
    step = a_written_exchange().received(b"\x0bAA M1\x1c\r", 200)
    assert isinstance(step, Done)
    assert isinstance(step.answer, Reply)


def test_trickling_does_not_move_the_total_deadline():
    exchange = a_written_exchange()
    for now in range(101, 110):
        assert exchange.received(b"x", now) == Read(until=110)
    step = exchange.received(b"x", 110)
    assert step == Done(answer=NoReply(kind=Silence.GARBAGE, received=b"x" * 10), closes=True)


@pytest.mark.parametrize("ending", ["grace", "fin", "reset"])
def test_a_missing_final_cr_is_tolerated(ending):
    exchange = a_written_exchange()
    assert exchange.received(b"\x0bAA M1\x1c", 101) == Read(until=102)

    step = {"grace": lambda: exchange.passed(102), "fin": exchange.ended, "reset": exchange.broke}[ending]()

    reply = Reply(
        data=b"AA M1", block=Tiny("M1"), answers_us=True, received=b"\x0bAA M1\x1c", lacked_final_cr=True
    )
    assert step == Done(answer=reply, closes=False)


def test_an_end_byte_counts_as_the_last_only_after_a_silence_of_its_own():
    exchange = a_written_exchange()
    assert exchange.received(b"\x0bAA M1\x1c", 101) == Read(until=102)
    assert exchange.received(b"\x1c", 101.75) == Read(until=102.75)
    assert exchange.received(b"X\x1c", 102.5) == Read(until=103.5)
    assert exchange.received(b"X", 103) == Read(until=110)
    assert exchange.passed(110) == Done(
        answer=NoReply(kind=Silence.STALLED, received=b"\x0bAA M1\x1c\x1cX\x1cX"), closes=True
    )


@in_one_test("cut", range(1, 8))
def test_a_trailer_in_pieces_is_noted(cut):
    answer = b"\x0bAA M1\x1c\r"
    exchange = a_written_exchange()
    exchange.received(answer[:cut], 101)
    step = exchange.received(answer[cut:], 101)
    reply = Reply(
        data=b"AA M1", block=Tiny("M1"), answers_us=True, received=answer, has_split_trailer=cut == 7
    )
    assert step == Done(answer=reply, closes=False)


def test_a_late_answer_without_its_final_cr_does_not_end_the_exchange():
    exchange = a_written_exchange(settled={"M0"})
    assert exchange.received(b"\x0bAA M0\x1c", 101) == Read(until=102)
    assert exchange.passed(102) == Read(until=110)
    step = exchange.received(b"\x0bAA M1\x1c\r", 103)
    assert isinstance(step, Done)
    assert isinstance(step.answer, Reply)
    assert (step.answer.data, step.answer.dropped, step.closes) == (b"AA M1", 1, True)


def test_a_late_answer_alone_is_dropped_and_the_wait_goes_on():
    exchange = a_written_exchange(settled={"M0"})
    assert exchange.received(b"\x0bAA M0\x1c\r", 101) == Read(until=110)
    assert exchange.passed(110) == Done(
        answer=NoReply(kind=Silence.SILENCE, received=b"\x0bAA M0\x1c\r", dropped=1), closes=True
    )


def test_an_empty_block_is_no_reply():
    step = a_written_exchange().received(b"\x0b\x1c\r", 101)
    assert step == Done(answer=NoReply(kind=Silence.EMPTY, received=b"\x0b\x1c\r"), closes=True)


def test_a_huge_block_is_no_reply_and_its_memory_is_bounded():
    exchange = a_written_exchange(limits=Limits(first_byte_s=5, total_s=10, max_reply_bytes=5000))
    assert exchange.received(b"\x0b" + b"x" * 5000, 101) == Read(until=110)
    step = exchange.received(b"x", 101)
    assert step == Done(answer=NoReply(kind=Silence.TOO_BIG, received=b"\x0b" + b"x" * 4095), closes=True)


def test_a_flood_without_a_start_byte_ends_before_the_time_runs_out():
    exchange = a_written_exchange()
    assert exchange.received(b"x" * 100, 101) == Read(until=110)
    step = exchange.received(b"x", 101)
    assert step == Done(answer=NoReply(kind=Silence.GARBAGE, received=b"x" * 101), closes=True)


@in_one_test("happens", ["broke", "ended", "time"])
@in_one_test(
    ("written", "kind"),
    [(0, "nothing_left"), (1, None), (49, None)],
    ids=["no byte", "a byte", "all but one"],
)
def test_only_when_no_byte_left_is_it_said_so(happens, written, kind):
    exchange = an_exchange()
    exchange.start(100)
    if written:
        assert exchange.wrote(written, 100) == Write(until=110)

    step = {"broke": exchange.broke, "ended": exchange.ended, "time": lambda: exchange.passed(110)}[happens]()

    in_doubt = {"broke": "reset", "ended": "closed", "time": "silence"}[happens]
    assert step == Done(answer=NoReply(kind=Silence(kind or in_doubt)), closes=True)


def test_the_total_deadline_covers_the_writing():
    exchange = an_exchange()
    exchange.start(100)
    assert exchange.wrote(10, 110) == Done(answer=NoReply(kind=Silence.SILENCE), closes=True)


def test_an_id_that_this_connection_has_answered_is_not_sent_on_it():
    with pytest.raises(ValueError, match="could not be told apart"):
        an_exchange(settled={"M1"})


@given(st.lists(st.sampled_from([b"\x0b", b"\x1c", b"\r", b"AA M1", b"AA M0", b"x"]), max_size=20), st.data())
def test_any_chunking_yields_the_same_reply(tokens, data):
    stream = b"".join(tokens)
    whole = played([stream] if stream else [])
    chunks = []
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        chunks.append(stream[:cut])
        stream = stream[cut:]
    pieces = played(chunks)

    if isinstance(whole, Reply):
        assert isinstance(pieces, Reply)
        assert (pieces.data, pieces.answers_us) == (whole.data, whole.answers_us)
    else:
        assert isinstance(pieces, NoReply)
        assert pieces.kind == whole.kind


def played(chunks):
    """The answer once these have come, and then nothing any more."""
    exchange, step, now = a_written_exchange(settled={"M0"}), Read(until=105), 101
    for chunk in chunks:
        if not isinstance(step, Done):
            step = exchange.received(chunk, now)
    while isinstance(step, Read):
        step = exchange.passed(step.until)
    return step.answer
