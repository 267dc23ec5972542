"""One exchange on one connection: a framed message out, the block that answers it back.

A state machine without I/O: the driver does what each step says and reports what happened, in monotonic seconds;
whether the answer is a yes is read and judged elsewhere.

Two rules: nothing but a whole block that came on this connection is a `Reply`; and unless exactly one block
came, which answers this message, with nothing beside it, the connection is closed, so that nothing late can
be taken for the answer to the next message. A block that doesn't answer this message ends the exchange too,
but a moment later: what comes behind it proves nothing, and may tell a person why.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from butterfly_gitops.mllp.framing import Unwrapper

KEPT_BYTES = 4096
"""Bytes kept for the history of the attempt: in all where no block came, else beside the largest block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The longest and the largest answer.

    Seconds count from the moment at which the message begins to leave. `grace_s` is how long a block that is
    whole waits for its final CR, and one that doesn't answer the message for what comes behind it.
    """

    first_byte_s: float
    total_s: float
    max_reply_bytes: int = 1024 * 1024
    grace_s: float = 0.25


class Silence(StrEnum):
    """Why an exchange has no reply."""

    NOTHING_LEFT = "nothing_left"
    """Proven: not one byte was handed to the kernel."""
    SILENCE = "silence"
    """No byte came in time."""
    CLOSED = "closed"
    """The peer closed the connection first."""
    RESET = "reset"
    """The connection broke first."""
    GARBAGE = "garbage"
    """Bytes came, but no start byte: until time ran out, the connection ended, or it was too much."""
    STALLED = "stalled"
    """A block began and did not end in time."""
    TOO_BIG = "too_big"
    """A block grew over the limit."""
    EMPTY = "empty"
    """A block without data came."""


class Readable(Protocol):
    """A block as it was read."""

    @property
    def msa2(self) -> str:
        """The control id that the block answers, empty where it answers none."""
        ...


Block = TypeVar("Block", bound=Readable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply(Generic[Block]):
    """The first block that came back and is not about an earlier message, and what was read in it.

    `received` is all that came, frames included; it and `data` may hold patient data. `junk` counts bytes outside
    blocks, `dropped` blocks about messages that were settled before.
    """

    data: bytes = field(repr=False)
    block: Block = field(repr=False)
    answers_us: bool
    received: bytes = field(repr=False)
    junk: int = 0
    dropped: int = 0
    lacked_final_cr: bool = False
    has_split_trailer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NoReply:
    """No block came back; `received` is the beginning of what came instead, which may hold patient data."""

    kind: Silence
    received: bytes = field(default=b"", repr=False)
    dropped: int = 0


Answer = Reply[Block] | NoReply


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """Hand the rest of the message to the connection, until `until`."""

    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """Wait for bytes, until `until`."""

    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Done(Generic[Block]):
    """The exchange is over; `closes` says that the connection must not be used again."""

    answer: Answer[Block]
    closes: bool


Step = Write | Read | Done[Block]


class Exchange(Generic[Block]):
    """The course of one exchange.

    `size` is the number of framed bytes to write; `read` reads a block; `settled` holds the
    control ids that this connection has answered before. Call `start`, then the method that names what
    happened, until a step is `Done`.
    """

    def __init__(
        self,
        *,
        control_id: str,
        size: int,
        limits: Limits,
        read: Callable[[bytes], Block],
        settled: Collection[str] = (),
    ) -> None:
        if control_id in settled:
            raise ValueError(
                "this connection has answered that control id: a late copy could not be told apart"
            )
        self._control_id = control_id
        self._limits = limits
        self._read = read
        self._settled = settled
        self._unwrapper = Unwrapper(max_bytes=limits.max_reply_bytes)
        self._unwritten = size
        self._has_left = False
        self._received = bytearray()
        self._dropped = 0
        self._block: tuple[bytes, Block] | None = None
        self._answers_us = False
        self._is_alone = True
        self._started_at = 0.0
        self._grace_ends: float | None = None
        self._foreign_ends: float | None = None

    def start(self, now: float) -> Step[Block]:
        """Begin; the limits count from here."""
        self._started_at = now
        return Write(until=now + self._limits.total_s)

    def wrote(self, count: int, now: float) -> Step[Block]:
        """Take note that the kernel accepted `count` more bytes; 0 when it had no room."""
        self._unwritten -= count
        self._has_left = self._has_left or count > 0
        if self._unwritten == 0:
            return self._wait(now)
        if now >= self._total_ends:
            return self._fail(Silence.SILENCE)
        return Write(until=self._total_ends)

    def received(self, chunk: bytes, now: float) -> Step[Block]:
        """Take bytes that came; they count even if they come with the deadline."""
        self._received += chunk[: self._limits.max_reply_bytes + KEPT_BYTES - len(self._received)]
        # Whatever comes ends a silence that was under way.
        self._grace_ends = None
        if (done := self._take(self._unwrapper.feed(chunk))) is not None:
            return done
        if self._unwrapper.is_too_big:
            return self._end(Silence.TOO_BIG)
        if self._unwrapper.junk > self._limits.max_reply_bytes:
            return self._end(Silence.GARBAGE)
        return self._wait(now)

    def passed(self, now: float) -> Step[Block]:
        """Take note that the time of the last step has run out."""
        if self._unwritten > 0:
            return self._fail(Silence.SILENCE)
        return self._wait(now)

    def ended(self) -> Step[Block]:
        """Take note that the peer has closed its side."""
        return self._take_unterminated() or self._end(Silence.CLOSED)

    def broke(self) -> Step[Block]:
        """Take note that the connection is broken; nothing more can leave or come."""
        return self._take_unterminated() or self._end(Silence.RESET)

    @property
    def _total_ends(self) -> float:
        return self._started_at + self._limits.total_s

    def _wait(self, now: float) -> Step[Block]:
        if now < (until := self._patience_ends(now)):
            return Read(until=until)
        if (done := self._take_unterminated()) is not None:
            return done
        if now < (until := self._patience_ends(now)):
            # The block that lacked its CR was not about this message.
            return Read(until=until)
        return self._end(self._what_was_missed())

    def _patience_ends(self, now: float) -> float:
        if not self._unwrapper.lacks_final_cr:
            self._grace_ends = None
        elif self._grace_ends is None:
            self._grace_ends = now + self._limits.grace_s
        if self._block is not None:
            if self._foreign_ends is None:
                self._foreign_ends = now + self._limits.grace_s
            return min(self._foreign_ends, self._total_ends)
        if self._grace_ends is not None:
            return min(self._grace_ends, self._total_ends)
        if self._received:
            return self._total_ends
        return min(self._started_at + self._limits.first_byte_s, self._total_ends)

    def _what_was_missed(self) -> Silence:
        if self._unwrapper.is_inside:
            return Silence.STALLED
        return Silence.GARBAGE if self._unwrapper.junk else Silence.SILENCE

    def _take_unterminated(self) -> Done[Block] | None:
        block = self._unwrapper.take_unterminated()
        return None if block is None else self._take([block])

    def _take(self, blocks: list[bytes]) -> Done[Block] | None:
        """Look at blocks in the order in which they come; end if one of them answers this message, or is empty."""
        for block in blocks:
            read = self._read(block)
            if read.msa2 and self._is_settled(read.msa2):
                # A late or second answer: never the answer to this message.
                self._dropped += 1
                self._is_alone = False
            elif self._block is not None:
                self._is_alone = False
            elif not block:
                return self._fail(Silence.EMPTY)
            else:
                self._block = block, read
                self._answers_us = read.msa2 == self._control_id
        return self._reply(*self._block) if self._block is not None and self._answers_us else None

    def _is_settled(self, control_id: str) -> bool:
        return control_id in self._settled or (self._answers_us and control_id == self._control_id)

    def _reply(self, data: bytes, block: Block) -> Done[Block]:
        reply = Reply(
            data=data,
            block=block,
            answers_us=self._answers_us,
            received=bytes(self._received),
            junk=self._unwrapper.junk,
            dropped=self._dropped,
            lacked_final_cr=self._unwrapper.unterminated > 0,
            has_split_trailer=self._unwrapper.has_split_trailer,
        )
        is_clean = self._is_alone and not self._unwrapper.has_leftovers
        return Done(answer=reply, closes=not (self._answers_us and is_clean))

    def _end(self, kind: Silence) -> Done[Block]:
        """End with the block that doesn't answer this message, else without a reply."""
        return self._fail(kind) if self._block is None else self._reply(*self._block)

    def _fail(self, kind: Silence) -> Done[Block]:
        if not self._has_left:
            kind = Silence.NOTHING_LEFT
        elif kind in (Silence.CLOSED, Silence.RESET) and self._what_was_missed() is Silence.GARBAGE:
            # A web server or a TLS port closes after its complaint: what it is says more than that it closed.
            kind = Silence.GARBAGE
        received = bytes(self._received[:KEPT_BYTES])
        return Done(answer=NoReply(kind=kind, received=received, dropped=self._dropped), closes=True)
