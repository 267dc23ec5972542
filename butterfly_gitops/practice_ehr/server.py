"""The receiver: takes MLLP connections, and treats each message as its scenario says.

An act is in the journal before a peer can know of it, so that a test that waits for the peer may read there.
"""

import asyncio
import contextlib
import os
import secrets
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from butterfly_gitops.hl7.acknowledgement import answer
from butterfly_gitops.hl7.message import value_of
from butterfly_gitops.mllp.framing import Unwrapper, wrap
from butterfly_gitops.model.error import GitopsError
from butterfly_gitops.practice_ehr.journal import Direction, Journal, JournalEntry, JournalKind
from butterfly_gitops.practice_ehr.scenario import Scenario, ScriptedAnswer, answer_to, arrival

READ_BYTES = 65536
KEPT_FRAGMENT_BYTES = 4096

REFUSALS = frozenset({"AE", "AR", "CE", "CR"})

# Linger, 0 s: closing sends a reset.
_RESET = struct.pack("ii", 1, 0)


class ListenFailed(GitopsError):  # noqa: N818 - it says what happened
    """The port is in use, or the address is not this machine's."""

    def __init__(self, *, host: str, port: int, reason: str) -> None:
        super().__init__(f"cannot listen on {host}:{port}: {reason}")
        self.host = host
        self.port = port
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownReport:
    """One report as the EHR shows it: OBR-3, the OBX-11 of its newest message, and PID-3, as they came."""

    study: str
    status: str
    patient: str


@dataclass(slots=True, kw_only=True)
class _Talk:
    """One connection: its number, both its ends, and the bytes since its last whole block."""

    number: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    unwrapper: Unwrapper
    fragment: bytes = b""


class PracticeEhr:
    """One listener, from `async with` to its end; `port` is the one that it got.

    `label` is what scenarios and journal call it. `now` and `new_control_id` give the answers' MSH-7 and MSH-10.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        journal: Path | None = None,
        label: str = "",
        host: str = "127.0.0.1",
        port: int = 0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        new_control_id: Callable[[], str] = lambda: secrets.token_hex(10).upper(),
    ) -> None:
        self._scenario = scenario
        self._journal = None if journal is None else Journal(journal)
        self._label = label
        self._host = host
        self.port = port
        self._now = now
        self._new_control_id = new_control_id
        self._left = contextlib.AsyncExitStack()
        self._conversations: set[asyncio.Task[None]] = set()
        self._connections = 0
        self._messages = 0
        self._shown: dict[tuple[str, str], ShownReport] = {}

    @property
    def shows(self) -> tuple[ShownReport, ...]:
        """The reports that it shows now, one of each study and patient, in the order of their first arrival.

        It takes whatever it does not refuse, also what it answers late, wrongly or not at all: that is the worst
        that a sender has to reckon with.
        """
        return tuple(self._shown.values())

    async def __aenter__(self) -> Self:
        """Listen. Raises ListenFailed, and BadJournal."""
        async with contextlib.AsyncExitStack() as entered:
            if self._journal is not None:
                entered.enter_context(self._journal)
            entered.push_async_callback(self._end_conversations)
            server = await self._listen()
            entered.callback(server.close)
            self.port = server.sockets[0].getsockname()[1]
            self._left = entered.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening and hang up. Raises what went wrong in a conversation, which no peer could have heard."""
        await self._left.aclose()

    async def _listen(self) -> asyncio.Server:
        try:
            return await asyncio.start_server(self._welcome, self._host, self.port)
        except OSError as error:
            reason = _reason(error)
            raise ListenFailed(host=self._host, port=self.port, reason=reason) from error

    async def _end_conversations(self) -> None:
        tasks = tuple(self._conversations)
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result

    def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        talk = _Talk(number=self._connections, reader=reader, writer=writer, unwrapper=Unwrapper())
        task = asyncio.get_running_loop().create_task(self._converse(talk))
        self._conversations.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        """Let go of a conversation that ended well; one that failed is kept for who waits for our end."""
        if task.cancelled() or task.exception() is None:
            self._conversations.discard(task)

    async def _converse(self, talk: _Talk) -> None:
        """See a connection to its end, and note who ended it."""
        self._note(talk, JournalKind.CONNECTED, Direction.IN)
        try:
            if await self._read_to_end(talk):
                self._note_end(talk, JournalKind.CLOSED, Direction.IN)
            talk.writer.close()
            await talk.writer.wait_closed()
        except OSError:
            self._note_end(talk, JournalKind.RESET, Direction.IN)
        except asyncio.CancelledError:
            self._note_end(talk, JournalKind.CLOSED, Direction.OUT)
            raise
        finally:
            talk.writer.transport.abort()

    async def _read_to_end(self, talk: _Talk) -> bool:
        """Take what comes. True when the peer has closed, False when the scenario ended the connection."""
        while chunk := await talk.reader.read(READ_BYTES):
            if not await self._take(talk, chunk):
                return False
        if (block := talk.unwrapper.take_unterminated()) is not None:
            talk.fragment = b""
            return await self._treat(talk, block)
        return True

    async def _take(self, talk: _Talk, chunk: bytes) -> bool:
        """Treat the messages that a chunk completes. False when the connection is over."""
        blocks = talk.unwrapper.feed(chunk)
        if blocks:
            talk.fragment = chunk[talk.unwrapper.rest_at :]
        else:
            talk.fragment = (talk.fragment + chunk)[:KEPT_FRAGMENT_BYTES]
        for block in blocks:
            if not await self._treat(talk, block):
                return False
        if talk.unwrapper.is_too_big:
            self._reset(talk)
            return False
        return True

    async def _treat(self, talk: _Talk, message: bytes) -> bool:
        """Do with one message what the scenario says. False when the connection is over."""
        self._messages += 1
        treatment = answer_to(self._scenario, arrival(message, nth=self._messages, endpoint=self._label))
        control_id = value_of(message, "MSH-10")
        self._note(talk, JournalKind.MESSAGE, Direction.IN, control_id=control_id, data=message)
        self._show(message, treatment)
        await asyncio.sleep(treatment.after.total_seconds())
        if (code := treatment.sends) is None:
            self._note(talk, JournalKind.SILENCE, Direction.OUT, control_id=control_id)
        else:
            await self._answer(talk, message, code, treatment.msa2)
        match treatment.then:
            case "close":
                self._note_end(talk, JournalKind.CLOSED, Direction.OUT)
                return False
            case "reset":
                self._reset(talk)
                return False
            case "silence" | None:
                return True

    def _show(self, message: bytes, treatment: ScriptedAnswer) -> None:
        study, patient = value_of(message, "OBR-3"), value_of(message, "PID-3")
        if study and treatment.sends not in REFUSALS:
            status = value_of(message, "OBX-11")
            self._shown[study, patient] = ShownReport(study=study, status=status, patient=patient)

    async def _answer(self, talk: _Talk, message: bytes, code: str, acknowledges: str | None) -> None:
        data = answer(
            message, code=code, control_id=self._new_control_id(), at=self._now(), acknowledges=acknowledges
        )
        control_id = value_of(message, "MSH-10")
        self._note(talk, JournalKind.ANSWER, Direction.OUT, control_id=control_id, code=code, data=data)
        talk.writer.write(wrap(data))
        await talk.writer.drain()

    def _reset(self, talk: _Talk) -> None:
        self._note_end(talk, JournalKind.RESET, Direction.OUT)
        sock: socket.socket = talk.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        talk.writer.transport.abort()

    def _note_end(self, talk: _Talk, kind: JournalKind, direction: Direction) -> None:
        if talk.fragment:
            self._note(talk, JournalKind.FRAGMENT, Direction.IN, data=talk.fragment)
        self._note(talk, kind, direction)

    def _note(
        self,
        talk: _Talk,
        kind: JournalKind,
        direction: Direction,
        *,
        control_id: str = "",
        code: str = "",
        data: bytes = b"",
    ) -> None:
        if self._journal is not None:
            self._journal.write(
                JournalEntry(
                    at=self._now(),
                    endpoint=self._label,
                    connection=talk.number,
                    kind=kind,
                    direction=direction,
                    control_id=control_id,
                    code=code,
                    data=data,
                )
            )


def _reason(error: OSError) -> str:
    """Return the system's own few words; asyncio wraps them in many."""
    if isinstance(error, socket.gaierror):
        return "name not found"
    if error.errno is None:
        return "the address cannot be used"
    return os.strerror(error.errno).lower()
