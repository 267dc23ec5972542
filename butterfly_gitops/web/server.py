"""The server of the API: it accepts no more connections than it has room for, whoever comes."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

from butterfly_gitops.minute_line import MinuteLine
from butterfly_gitops.web.http_connection import HttpConnection

_IDLE_S = 5
_PAUSE_S = 1.0
_SHORTAGES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\n"
    b"Content-Type: application/json\r\nContent-Length: 54\r\n\r\n"
    b'{"error":"all connections are in use","exit_code":1} \n'
)


class Server(uvicorn.Server):
    """uvicorn with our own accepting; signals are the engine's."""

    def __init__(self, app: Callable[..., Any], *, most_connections: int) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=HttpConnection,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                # The client is who connects; what a proxy says of it is no proof.
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=_IDLE_S,
                timeout_graceful_shutdown=5,
            )
        )
        self._most = most_connections

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept on these sockets; asyncio's own server logs, and tries again, a thousand times per want of descriptors."""
        await self.lifespan.startup()
        self.servers = [self._door(one) for one in sockets or ()]  # type: ignore[misc] # what uvicorn calls of them
        self.started = True

    def _door(self, listening: socket.socket) -> "Door":
        def make() -> HttpConnection:
            return HttpConnection(
                config=self.config, server_state=self.server_state, app_state=self.lifespan.state
            )

        return Door(listening, make=make, connections=self.server_state.connections, most=self._most)  # type: ignore[arg-type] # all are made here


class Door:
    """Accepts connections, at most `most` at once.

    Where all are taken, the one that has waited longest for a request gives way; where each has one, the newcomer is
    told so. Requests are in hand only of those who have the token, so nobody else can keep anybody out.
    """

    def __init__(
        self,
        listening: socket.socket,
        *,
        make: Callable[[], HttpConnection],
        connections: set[HttpConnection],
        most: int,
    ) -> None:
        listening.setblocking(False)
        self._listening = listening
        self._make = make
        self._connections = connections
        self._most = most
        self._shed = MinuteLine("connections closed to make room for others")
        self._shortage = MinuteLine("cannot accept connections")
        self._accepting = asyncio.create_task(self._accept(), name="accepting connections")

    def close(self) -> None:
        """Accept no more."""
        self._accepting.cancel()

    async def wait_closed(self) -> None:
        """Wait until nothing is accepted any more."""
        await asyncio.wait([self._accepting])

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                newcomer, _ = await loop.sock_accept(self._listening)
            except OSError as error:
                if error.errno in _SHORTAGES:
                    self._shortage.tell(reason=(error.strerror or "").lower())
                # Whatever it was, trying again at once would keep the loop from everything else.
                await _pause(_PAUSE_S if error.errno in _SHORTAGES else 0)
                continue
            if self._has_room():
                with contextlib.suppress(OSError):
                    await loop.connect_accepted_socket(self._make, newcomer)
            else:
                _turn_away(newcomer)

    def _has_room(self) -> bool:
        if len(self._connections) < self._most:
            return True
        waiting = [one for one in self._connections if one.waits_since is not None]
        if waiting:
            min(waiting, key=lambda one: one.waits_since or 0.0).shed()
        self._shed.tell()
        return bool(waiting)


async def _pause(seconds: float) -> None:
    await asyncio.sleep(seconds)


def _turn_away(newcomer: socket.socket) -> None:
    with newcomer, contextlib.suppress(OSError):
        newcomer.send(_FULL)
