"""MLLP blocks: what is taken out of a stream, however it comes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from butterfly_gitops.mllp.framing import Unwrapper, wrap
from tests.table import in_one_test

CLEAN = st.binary(max_size=60).map(lambda data: data.replace(b"\x0b", b"").replace(b"\x1c", b""))
MESSY = st.lists(
    st.one_of(st.sampled_from([b"\x0b", b"\x1c", b"\r", b"\n"]), st.binary(max_size=5)), max_size=40
).map(b"".join)

BIG = b"x" * 98 + b"\x1cx"

# name: stream, blocks, junk, unterminated, has leftovers
TABLE = {
    "one block": (b"\x0bMSH\x1c\r", [b"MSH"], 0, 0, False),
    "two blocks": (b"\x0bA\x1c\r\x0bB\x1c\r", [b"A", b"B"], 0, 0, False),
    "nothing": (b"", [], 0, 0, False),
    "empty block": (b"\x0b\x1c\r", [b""], 0, 0, False),
    "junk before the start byte": (b"Junk\x0bA\x1c\r", [b"A"], 4, 0, False),
    "junk after the CR": (b"\x0bA\x1c\rJunk", [b"A"], 4, 0, True),
    "no start byte": (b"MSH|^~\\&\rMSA|AA|1\r", [], 18, 0, True),
    "no end byte": (b"\x0bMSH\r", [], 0, 0, True),
    "no final CR": (b"\x0bA\x1c", [], 0, 0, True),
    "no final CR, then another block": (b"\x0bA\x1c\x0bB\x1c\r", [b"A", b"B"], 0, 1, False),
    "line feed in place of the CR": (b"\x0bA\x1c\n", [], 0, 0, True),
    "end byte as content": (b"\x0bA\x1cX\r\x1c\r", [b"A\x1cX\r"], 0, 0, False),
    "end byte twice": (b"\x0bA\x1c\x1c\r", [b"A\x1c"], 0, 0, False),
    "end byte three times, then another block": (
        b"\x0bA\x1c\x1c\x1c\x0bB\x1c\r",
        [b"A\x1c\x1c", b"B"],
        0,
        1,
        False,
    ),
    "end byte as content, start byte within": (b"\x0bA\x1cX\x0bB\x1c\r", [b"B"], 4, 0, False),
    "end byte as content at the end": (b"\x0bA\x1cX", [], 0, 0, True),
    "two end bytes at the end": (b"\x0bA\x1c\x1c", [], 0, 0, True),
    "largest block with an end byte": (b"\x0b%s\x1c\r" % BIG, [BIG], 0, 0, False),
    "start byte inside a block": (b"\x0bold\x0bnew\x1c\r", [b"new"], 4, 0, False),
    "end bytes outside": (b"\x1c\r\x0bA\x1c\r", [b"A"], 2, 0, False),
    "beginning of a second block": (b"\x0bA\x1c\r\x0bB", [b"A"], 0, 0, True),
    "byte acknowledgement of Release 2": (b"\x0b\x06\x1c\r", [b"\x06"], 0, 0, False),
    "largest block": (b"\x0b" + b"x" * 100 + b"\x1c\r", [b"x" * 100], 0, 0, False),
}


@in_one_test("piece", [1, 2, 1000], ids=["byte by byte", "by twos", "whole"])
@in_one_test(("stream", "blocks", "junk", "unterminated", "leftovers"), TABLE.values(), ids=TABLE)
def test_what_is_taken_out(stream, blocks, junk, unterminated, leftovers, piece):
    unwrapper = Unwrapper(max_bytes=100)

    taken = [block for n in range(0, len(stream), piece) for block in unwrapper.feed(stream[n : n + piece])]

    assert taken == blocks
    assert (unwrapper.junk, unwrapper.unterminated) == (junk, unterminated)
    assert unwrapper.has_leftovers is leftovers
    assert not unwrapper.is_too_big


@in_one_test("piece", [1, 7, 1000])
@in_one_test("big", [b"x" * 101, b"x" * 100 + b"\x1cx", b"x" * 99 + b"\x1c\x1cx"], ids=len)
def test_a_block_over_the_limit_stops_the_reading_and_is_not_kept(big, piece):
    stream = b"\x0bA\x1c\r\x0b" + big + b"\x1c\r\x0bB\x1c\r"
    unwrapper = Unwrapper(max_bytes=100)

    taken = [block for n in range(0, len(stream), piece) for block in unwrapper.feed(stream[n : n + piece])]

    assert taken == [b"A"]
    assert unwrapper.is_too_big
    assert unwrapper.has_leftovers


def test_a_block_without_its_final_cr_is_given_out_when_patience_ends():
    unwrapper = Unwrapper()
    unwrapper.feed(b"\x0bA\x1c")

    assert unwrapper.lacks_final_cr
    assert unwrapper.take_unterminated() == b"A"
    assert not unwrapper.lacks_final_cr
    assert unwrapper.unterminated == 1
    assert unwrapper.take_unterminated() is None
    assert not unwrapper.has_leftovers


@pytest.mark.parametrize("data", [b"a\x0bb", b"a\x1cb"])
def test_data_that_no_peer_could_read_is_never_framed(data):
    with pytest.raises(ValueError, match="offset 1"):
        wrap(data)


def _chunks(stream, data):
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        yield stream[:cut]
        stream = stream[cut:]


@given(st.lists(CLEAN, max_size=5), st.data())
def test_any_chunking_yields_the_same_payloads(sent, data):
    unwrapper, received = Unwrapper(), []
    for chunk in _chunks(b"".join(map(wrap, sent)), data):
        received += unwrapper.feed(chunk)
    assert received == sent
    assert not unwrapper.has_leftovers


@given(MESSY, st.data())
def test_any_chunking_around_a_silence_yields_the_same_blocks_and_counts(stream, data):
    whole, pieces = Unwrapper(max_bytes=20), Unwrapper(max_bytes=20)
    silence = data.draw(st.integers(0, len(stream)))
    heard = (stream[:silence], stream[silence:])
    blocks = [block for part in heard for block in (*whole.feed(part), whole.take_unterminated())]
    in_pieces = []
    for part in heard:
        in_pieces += [block for chunk in _chunks(part, data) for block in pieces.feed(chunk)]
        in_pieces.append(pieces.take_unterminated())

    assert in_pieces == blocks
    for view in ("junk", "unterminated", "is_too_big", "is_inside", "lacks_final_cr", "has_leftovers"):
        assert getattr(pieces, view) == getattr(whole, view), view
