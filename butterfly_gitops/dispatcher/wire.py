"""The wire: one connection at a time to one listener, over which messages go one by one.

Whoever drives a wire calls `dial`, stores the attempt, and then calls `exchange`; one caller at a time. What an
answer means is judged by the caller, who calls `close` when the verdict leaves a doubt. Whose message it is,
and whose turn, the wire does not know.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import assert_never

from butterfly_gitops.dispatcher.dial import Connection, DialFailed, Dialler
from butterfly_gitops.hl7.acknowledgement import ParsedAcknowledgement
from butterfly_gitops.mllp.exchange import Answer, Done, Exchange, Limits, NoReply, Read, Silence, Step, Write
from butterfly_gitops.mllp.framing import Unwrapper, wrap

# Ids that one connection remembers, so as to know a late answer when it sees one.
REMEMBERED_IDS = 1000

_Exchange = Exchange[ParsedAcknowledgement]
_Step = Step[ParsedAcknowledgement]


@dataclass(frozen=True, slots=True, kw_only=True)
class Strays:
    """Answers that nobody waited for, since the start.

    `late_answers` counts those about a message that was settled before, in flight and idle; `unasked` the idle
    connections that were closed because something came on them.
    """

    late_answers: int = 0
    unasked: int = 0

    def __add__(self, other: "Strays") -> "Strays":
        late = self.late_answers + other.late_answers
        return Strays(late_answers=late, unasked=self.unasked + other.unasked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """The end of a wire, and how it is used."""

    host: str
    port: int
    connection_timeout_s: float
    minimum_gap_s: float = 0.0
    keep_open: bool = True


class Wire:
    """The way to one listener; `read` reads the acknowledgement in a block."""

    def __init__(
        self,
        listener: Listener,
        *,
        dialler: Dialler,
        read: Callable[[bytes], ParsedAcknowledgement],
    ) -> None:
        self._listener = listener
        self._dialler = dialler
        self._read = read
        self._connection: Connection | None = None
        self._settled: dict[str, None] = {}
        self._last_use_s: float | None = None
        self._strays = Strays()

    @property
    def is_open(self) -> bool:
        """There is a connection, and nothing was noticed that speaks against using it."""
        self._look()
        return self._connection is not None

    @property
    def strays(self) -> Strays:
        """Answers on its connections that nobody waited for."""
        return self._strays

    async def dial(self) -> None:
        """See to an open, healthy connection and to the minimum gap. Raises DialFailed: no byte has left."""
        await self._keep_gap()
        self._look()
        if self._connection is None:
            await self._open()

    async def exchange(self, data: bytes, control_id: str, limits: Limits) -> Answer[ParsedAcknowledgement]:
        """Frame and write one message, and read its answer.

        The connection is closed whenever something late could still come on it. Cancelled, it is closed too,
        and bytes may have left. Raises ValueError when `data` can't be framed; then nothing has left.
        """
        frame = wrap(data)
        await self._keep_gap()
        self._look()
        connection = self._connection
        if connection is None:
            return NoReply(kind=Silence.NOTHING_LEFT)
        if control_id in self._settled:
            # Sent again after a refusal: a late copy of the old answer must not answer this one.
            try:
                connection = await self._open()
            except DialFailed:
                return NoReply(kind=Silence.NOTHING_LEFT)
        exchange = Exchange(
            control_id=control_id,
            size=len(frame),
            limits=limits,
            read=self._read,
            settled=self._settled,
        )
        try:
            done = await _drive(exchange, connection, frame)
        except BaseException:
            # Cancelled, most likely: bytes may have left.
            self._drop(discard=True)
            raise
        self._conclude(done, control_id)
        return done.answer

    async def close(self) -> None:
        """Close the connection, if there is one; the next `dial` opens another."""
        self._drop(discard=False)

    async def _open(self) -> Connection:
        self._drop(discard=False)
        to = self._listener
        self._connection = await self._dialler.open(to.host, to.port, to.connection_timeout_s)
        return self._connection

    async def _keep_gap(self) -> None:
        if self._last_use_s is None:
            return
        ends = self._last_use_s + self._listener.minimum_gap_s
        if (left_s := ends - _now()) > 0:
            await asyncio.sleep(left_s)

    def _notice(self) -> None:
        """Look when something is said to have come; that may be the answer which has just been read, so watch on."""
        self._look()
        if self._connection is not None:
            self._connection.watch(self._notice)

    def _look(self) -> None:
        """Close an idle connection on which anything has happened: before a byte is risked on it."""
        if self._connection is None:
            return
        try:
            noticed = self._connection.receive()
        except OSError:
            noticed = b""
        if noticed is None:
            return
        if noticed:
            blocks = Unwrapper().feed(noticed)
            late = sum(self._read(block).msa2 in self._settled for block in blocks)
            self._strays += Strays(late_answers=late, unasked=1)
        self._drop(discard=False)

    def _conclude(self, done: Done[ParsedAcknowledgement], control_id: str) -> None:
        self._last_use_s = _now()
        self._strays += Strays(late_answers=done.answer.dropped)
        self._settled[control_id] = None
        if len(self._settled) > REMEMBERED_IDS:
            del self._settled[next(iter(self._settled))]
        if done.closes:
            self._drop(discard=isinstance(done.answer, NoReply))
        elif not self._listener.keep_open:
            self._drop(discard=False)
        elif self._connection is not None:
            self._connection.watch(self._notice)

    def _drop(self, *, discard: bool) -> None:
        if self._connection is not None:
            self._connection.close(discard=discard)
        self._connection = None
        self._settled = {}


async def _drive(exchange: _Exchange, connection: Connection, frame: bytes) -> Done[ParsedAcknowledgement]:
    """Do what the exchange says until it is over."""
    unwritten = memoryview(frame)
    step = exchange.start(_now())
    while True:
        match step:
            case Done():
                return step
            case Write(until=until):
                count, step = _send(exchange, connection, unwritten)
                unwritten = unwritten[count:]
                if count == 0 and isinstance(step, Write):
                    await _wait(connection.sendable(), until)
            case Read(until=until):
                # Waits even if more has come: a peer that never stops talking takes no other's turn.
                await _wait(connection.receivable(), until)
                step = _receive(exchange, connection, until)
            case _:
                assert_never(step)


def _send(exchange: _Exchange, connection: Connection, unwritten: memoryview) -> tuple[int, _Step]:
    try:
        count = connection.send(unwritten)
    except OSError:
        return 0, exchange.broke()
    return count, exchange.wrote(count, _now())


def _receive(exchange: _Exchange, connection: Connection, until: float) -> _Step:
    """Look what has come before looking at the clock: a late turn of ours is not the peer's silence."""
    try:
        chunk = connection.receive()
    except OSError:
        return exchange.broke()
    if chunk:
        return exchange.received(chunk, _now())
    if chunk is not None:
        return exchange.ended()
    return exchange.passed(now) if (now := _now()) >= until else Read(until=until)


async def _wait(event: Coroutine[None, None, None], until: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout_at(until):
            await event


def _now() -> float:
    """Return monotonic seconds: no step of the wall clock shortens or lengthens a limit."""
    return asyncio.get_running_loop().time()
