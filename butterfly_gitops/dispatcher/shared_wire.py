"""A wire that lanes share: they take turns in the order of asking, and wait together when it can't be dialled."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog

from butterfly_gitops.delivery.backoff import wait_cap
from butterfly_gitops.dispatcher.dial import DialFailed
from butterfly_gitops.dispatcher.wire import Listener, Strays, Wire
from butterfly_gitops.model.endpoint import Retry

MakeWire = Callable[[Listener], Wire]

_log = structlog.get_logger()


class SharedWire:
    """The way to one listener, one turn at a time.

    `reason` says why it could not be dialled last, empty while it can. Failed dials back the wire off, for every
    lane on it; they are no matter of any delivery.
    """

    def __init__(self, listener: Listener, *, make: MakeWire, draw: Callable[[], float]) -> None:
        self._make = make
        self._draw = draw
        self._listener = listener
        self._wanted = listener
        self._wire = make(listener)
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._failures = 0
        self._ready_at_s = 0.0
        self._past = Strays()
        self.reason = ""

    @property
    def is_wanted(self) -> bool:
        """Another lane waits for its turn."""
        return self._waiting > 0

    @property
    def wait_s(self) -> float:
        """Seconds for which the wire still backs off."""
        return max(0.0, self._ready_at_s - asyncio.get_running_loop().time())

    @property
    def strays(self) -> Strays:
        """Answers that nobody waited for, under earlier settings too."""
        return self._past + self._wire.strays

    def use(self, listener: Listener) -> None:
        """Take other settings from the next turn on; the connection of the old ones is closed first."""
        self._wanted = listener

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Wire]:
        """Wait for the turn and hold it."""
        self._waiting += 1
        try:
            await self._turn.acquire()
        finally:
            self._waiting -= 1
        try:
            if self._wanted != self._listener:
                await self._wire.close()
                self._past = self.strays
                self._listener, self._wire = self._wanted, self._make(self._wanted)
            yield self._wire
        finally:
            self._turn.release()

    async def dial(self, retry: Retry) -> bool:
        """Dial, for the holder of the turn; a failure backs the wire off, as `retry` says."""
        try:
            await self._wire.dial()
        except DialFailed as failure:
            self._failures += 1
            if self.reason != failure.reason:
                _log.warning("cannot connect", listener=self._place, reason=failure.reason)
            self.reason = failure.reason
            self._back_off(wait_cap(self._failures, retry) * self._draw())
            return False
        if self.reason:
            _log.info("connected again", listener=self._place)
        self._failures = 0
        self.reason = ""
        return True

    @property
    def _place(self) -> str:
        return f"{self._listener.host}:{self._listener.port}"

    def _back_off(self, wait: timedelta) -> None:
        self._ready_at_s = asyncio.get_running_loop().time() + wait.total_seconds()

    async def close(self) -> None:
        """Close the connection once its turn has ended."""
        async with self._turn:
            await self._wire.close()
