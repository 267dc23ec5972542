"""One exchange on one connection: a framed message out, the block that answers it back.

A machine fed by hand. The driver does what each step says and tells what happened, with monotonic seconds;
whether the answer is a yes is read and judged elsewhere.

Two rules: nothing but a whole block that came on this connection is a `Reply`; and unless exactly one block
came, which answers this message, with nothing beside it, the connection is closed, so that nothing late can
be taken for the answer to the next message.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from enum import StrEnum

from butterfly_gitops.mllp.framing import Unwrapper

KEPT_BYTES = 4096
"""How much of what was no block is kept for the history of the attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long and how big an answer may be.

    Seconds count from the moment at which the message begins to leave. `grace_s` is how long a block that is
    whole waits for its final CR.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The first block that came back and is not about an earlier message; `data` may hold patient data.

    `junk` counts bytes outside blocks, `dropped` blocks about messages that were settled before.
    """

    data: bytes = field(repr=False)
    answers_us: bool
    junk: int = 0
    dropped: int = 0
    lacked_final_cr: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NoReply:
    """No block came back; `received` is the beginning of what came instead, which may hold patient data."""

    kind: Silence
    received: bytes = field(default=b"", repr=False)
    dropped: int = 0


Answer = Reply | NoReply


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """Hand the rest of the message to the connection, until `until`."""

    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """Wait for bytes, until `until`."""

    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The exchange is over; `closes` says that the connection must not be used again."""

    answer: Answer
    closes: bool


Step = Write | Read | Done


class Exchange:
    """The course of one exchange.

    `size` is the number of framed bytes to write; `answered_id` reads MSA-2 of a block; `settled` holds the
    control ids that this connection has answered before. Call `start`, then the method that names what
    happened, until a step is `Done`.
    """

    def __init__(
        self,
        *,
        control_id: str,
        size: int,
        limits: Limits,
        answered_id: Callable[[bytes], str | None],
        settled: Collection[str] = (),
    ) -> None:
        if control_id in settled:
            raise ValueError(
                "this connection has answered that control id: a late copy could not be told apart"
            )
        self._control_id = control_id
        self._limits = limits
        self._answered_id = answered_id
        self._settled = settled
        self._unwrapper = Unwrapper(max_bytes=limits.max_reply_bytes)
        self._unwritten = size
        self._has_left = False
        self._received = bytearray()
        self._dropped = 0
        self._started_at = 0.0
        self._grace_ends: float | None = None

    def start(self, now: float) -> Step:
        """Begin; the limits count from here."""
        self._started_at = now
        return Write(until=now + self._limits.total_s)

    def wrote(self, count: int, now: float) -> Step:
        """Take note that the kernel accepted `count` more bytes; 0 when it had no room."""
        self._unwritten -= count
        self._has_left = self._has_left or count > 0
        if self._unwritten == 0:
            return self._wait(now)
        if now >= self._total_ends:
            return self._fail(Silence.SILENCE)
        return Write(until=self._total_ends)

    def received(self, chunk: bytes, now: float) -> Step:
        """Take bytes that came; they count even if they come with the deadline."""
        self._received += chunk[: KEPT_BYTES - len(self._received)]
        # Whatever comes ends a silence that was under way.
        self._grace_ends = None
        blocks = self._unwrapper.feed(chunk)
        if (done := self._first_of(blocks)) is not None:
            return done
        if self._unwrapper.is_too_big:
            return self._fail(Silence.TOO_BIG)
        if self._unwrapper.junk > self._limits.max_reply_bytes:
            return self._fail(Silence.GARBAGE)
        return self._wait(now)

    def passed(self, now: float) -> Step:
        """Take note that the time of the last step has run out."""
        if self._unwritten > 0:
            return self._fail(Silence.SILENCE)
        return self._wait(now)

    def ended(self) -> Step:
        """Take note that the peer has closed its side."""
        return self._take_unterminated() or self._fail(Silence.CLOSED)

    def broke(self) -> Step:
        """Take note that the connection is broken; nothing more can leave or come."""
        return self._take_unterminated() or self._fail(Silence.RESET)

    @property
    def _total_ends(self) -> float:
        return self._started_at + self._limits.total_s

    def _wait(self, now: float) -> Step:
        if now < (until := self._patience_ends(now)):
            return Read(until=until)
        if (done := self._take_unterminated()) is not None:
            return done
        if now < (until := self._patience_ends(now)):
            # The block that lacked its CR was about an earlier message; ours may still come.
            return Read(until=until)
        return self._fail(self._what_was_missed())

    def _patience_ends(self, now: float) -> float:
        if not self._unwrapper.lacks_final_cr:
            self._grace_ends = None
        elif self._grace_ends is None:
            self._grace_ends = now + self._limits.grace_s
        if self._grace_ends is not None:
            return min(self._grace_ends, self._total_ends)
        if self._received:
            return self._total_ends
        return min(self._started_at + self._limits.first_byte_s, self._total_ends)

    def _what_was_missed(self) -> Silence:
        if self._unwrapper.is_inside:
            return Silence.STALLED
        return Silence.GARBAGE if self._unwrapper.junk else Silence.SILENCE

    def _take_unterminated(self) -> Done | None:
        block = self._unwrapper.take_unterminated()
        return None if block is None else self._first_of([block])

    def _first_of(self, blocks: list[bytes]) -> Done | None:
        for position, block in enumerate(blocks):
            answered = self._answered_id(block)
            if answered is not None and answered in self._settled:
                # A late or second answer to an earlier message: never this one's.
                self._dropped += 1
                continue
            if not block:
                return self._fail(Silence.EMPTY)
            return self._reply(block, answered == self._control_id, blocks[position + 1 :])
        return None

    def _reply(self, block: bytes, answers_us: bool, more: list[bytes]) -> Done:
        """End with the block; those that follow are counted when they are about a message that is settled."""
        settled = {*self._settled, self._control_id} if answers_us else self._settled
        late = sum(self._answered_id(other) in settled for other in more)
        is_alone = not more and self._dropped == 0 and not self._unwrapper.has_leftovers
        reply = Reply(
            data=block,
            answers_us=answers_us,
            junk=self._unwrapper.junk,
            dropped=self._dropped + late,
            lacked_final_cr=self._unwrapper.unterminated > 0,
        )
        return Done(answer=reply, closes=not (answers_us and is_alone))

    def _fail(self, kind: Silence) -> Done:
        if not self._has_left:
            kind = Silence.NOTHING_LEFT
        elif kind in (Silence.CLOSED, Silence.RESET) and self._what_was_missed() is Silence.GARBAGE:
            # A web server or a TLS port closes after its complaint: what it is says more than that it closed.
            kind = Silence.GARBAGE
        return Done(
            answer=NoReply(kind=kind, received=bytes(self._received), dropped=self._dropped), closes=True
        )
