"""MLLP blocks: strict when written, tolerant when read.

A block is `VT data FS CR` (HL7 v2.5.1 appendix C, section C.3.1; MLLP Release 1). The reader knows three
places to be: outside a block, inside one, and after an FS of which the next byte has not come yet.

An FS ends a block before CR, before VT, and before silence; before anything else it is content. Else a field that
holds one, or an answer cut and joined on its way, would count as far as it reads like a whole answer.
"""

from enum import Enum, auto

START = b"\x0b"
END = b"\x1c"
CARRIAGE_RETURN = b"\x0d"

MAX_BLOCK_BYTES = 64 * 1024 * 1024


def wrap(data: bytes) -> bytes:
    """Frame one message. Raises ValueError when it holds a start or an end byte, which no peer could read."""
    if (at := _start_or_end(data, 0)) >= 0:
        raise ValueError(f"the message holds the MLLP byte 0x{data[at]:02x} at offset {at}")
    return framed(data)


def framed(data: bytes) -> bytes:
    """Put the bytes of a block around data, whatever it is."""
    return b"".join((START, data, END, CARRIAGE_RETURN))


def _start_or_end(data: bytes, position: int) -> int:
    """Return the offset of the first start or end byte; negative where there is none.

    Looking twice for one byte is fifty times quicker than looking once for either.
    """
    end = data.find(END, position)
    start = data.find(START, position, end if end >= 0 else len(data))
    return start if start >= 0 else end


class _Place(Enum):
    OUTSIDE = auto()
    INSIDE = auto()
    ENDED = auto()


class Unwrapper:
    """Takes blocks out of a stream that comes in any pieces.

    Skipped and counted: bytes outside a block (`junk`), blocks that lack their final CR (`unterminated`).
    `has_split_trailer` says that an FS came in one piece and its CR in the next.
    `rest_at` is where, in the last piece, what follows its last whole block begins. A start byte inside a block begins the block anew, for no encoding that we offer produces one; what it
    throws away is junk too. A block over `max_bytes` sets `is_too_big`: nothing more is read, or kept.
    """

    def __init__(self, *, max_bytes: int = MAX_BLOCK_BYTES) -> None:
        self._max_bytes = max_bytes
        self._place = _Place.OUTSIDE
        self._block = bytearray()
        self._junk_since_block = 0
        self.junk = 0
        self.unterminated = 0
        self.rest_at = 0
        self.has_split_trailer = False
        self.is_too_big = False

    @property
    def is_inside(self) -> bool:
        """A block has begun and no end byte stands last in it."""
        return self._place is _Place.INSIDE

    @property
    def lacks_final_cr(self) -> bool:
        """A block is whole if silence follows; `take_unterminated` gives it out when patience ends."""
        return self._place is _Place.ENDED

    @property
    def has_leftovers(self) -> bool:
        """Something came after the last whole block: junk, or the beginning of another block."""
        return self._place is not _Place.OUTSIDE or self._junk_since_block > 0 or self.is_too_big

    def feed(self, chunk: bytes) -> list[bytes]:
        """Read one piece of the stream; return the data of the blocks that it completes."""
        blocks: list[bytes] = []
        position = self.rest_at = 0
        while position < len(chunk) and not self.is_too_big:
            match self._place:
                case _Place.OUTSIDE:
                    position = self._seek_start(chunk, position)
                case _Place.INSIDE:
                    position = self._collect(chunk, position)
                case _Place.ENDED:
                    position = self._end(chunk, position, blocks)
        return blocks

    def take_unterminated(self) -> bytes | None:
        """Give out the block whose final CR never came, if there is one."""
        if self._place is not _Place.ENDED:
            return None
        self.unterminated += 1
        return self._finish()

    def _seek_start(self, chunk: bytes, position: int) -> int:
        start = chunk.find(START, position)
        if start < 0:
            self._skip(len(chunk) - position)
            return len(chunk)
        self._skip(start - position)
        self._place = _Place.INSIDE
        return start + 1

    def _collect(self, chunk: bytes, position: int) -> int:
        found = _start_or_end(chunk, position)
        stop = found if found >= 0 else len(chunk)
        if not self._add(chunk[position:stop]) or found < 0:
            return stop
        if chunk.startswith(END, found):
            self._place = _Place.ENDED
        else:
            self._skip(1 + len(self._block))
            self._block.clear()
        return stop + 1

    def _add(self, content: bytes) -> bool:
        """Add to the block; False when that is too much."""
        if len(self._block) + len(content) > self._max_bytes:
            self._block.clear()
            self.is_too_big = True
            return False
        self._block += content
        return True

    def _end(self, chunk: bytes, position: int, blocks: list[bytes]) -> int:
        """Look at the byte behind an FS."""
        is_terminated = chunk.startswith(CARRIAGE_RETURN, position)
        if not is_terminated and not chunk.startswith(START, position):
            self._place = _Place.INSIDE
            self._add(END)
            return position
        self.unterminated += not is_terminated
        self.has_split_trailer |= is_terminated and position == 0
        blocks.append(self._finish())
        self.rest_at = position + is_terminated
        return self.rest_at

    def _finish(self) -> bytes:
        block = bytes(self._block)
        self._block.clear()
        self._place = _Place.OUTSIDE
        self._junk_since_block = 0
        return block

    def _skip(self, count: int) -> None:
        self.junk += count
        self._junk_since_block += count
