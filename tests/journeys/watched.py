"""A dialler whose connections tell what passes over them, so that a run can be ended at exactly that moment."""

from collections.abc import Callable
from enum import StrEnum

from butterfly_gitops.dispatcher.dial import Connection, Dialler
from butterfly_gitops.mllp.framing import END, START


class Point(StrEnum):
    """The moments at which a process may die, in the order of a result's way."""

    ACCEPTED = "accepted"
    """The event is durable; its answer has not left."""
    SENDING_STORED = "sending_stored"
    """The attempt is durable; not a byte has left."""
    BYTES_LEFT = "bytes_left"
    """The whole message is with the kernel; nothing has been read."""
    ANSWER_READ = "answer_read"
    """The answer is here; nothing of it is durable."""


class WatchedDialler:
    """Dials as another does, and calls `passed` for each point that its connections pass."""

    def __init__(self, dialler: Dialler, passed: Callable[[Point], None]) -> None:
        self._dialler = dialler
        self._passed = passed

    async def open(self, host: str, port: int, timeout_s: float) -> Connection:
        return WatchedConnection(await self._dialler.open(host, port, timeout_s), self._passed)


class WatchedConnection:
    """A connection that calls `passed` as messages leave and answers come."""

    def __init__(self, connection: Connection, passed: Callable[[Point], None]) -> None:
        self._connection = connection
        self._passed = passed
        self.sendable = connection.sendable
        self.receivable = connection.receivable
        self.watch = connection.watch
        self.close = connection.close

    def send(self, data: memoryview) -> int:
        if bytes(data[:1]) == START:
            self._passed(Point.SENDING_STORED)
        count = self._connection.send(data)
        if count == len(data):
            self._passed(Point.BYTES_LEFT)
        return count

    def receive(self) -> bytes | None:
        chunk = self._connection.receive()
        if chunk and END in chunk:
            self._passed(Point.ANSWER_READ)
        return chunk
