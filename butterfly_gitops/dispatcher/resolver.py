"""Looks up the names of listeners: each in a thread of its own, so that a name that hangs delays no other.

It asks at every dial, so that an EHR that moved is found where it is now. Which addresses may be dialled is the dialler's.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable

from butterfly_gitops.daemon_thread import in_daemon_thread

SocketAddress = tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]
Addresses = list[tuple[int, SocketAddress]]
LookUp = Callable[[str, int], Addresses]


def look_up(host: str, port: int) -> Addresses:
    """Ask the system, however long it takes. Raises OSError, UnicodeError."""
    return _asked(host, port, flags=0)


class Resolver:
    """One look-up at a time for each listener; whoever comes while it lasts waits for the same one."""

    def __init__(self, look_up: LookUp = look_up) -> None:
        self._look_up = look_up
        self._lasting: dict[tuple[str, int], asyncio.Future[Addresses]] = {}

    async def addresses(self, host: str, port: int, timeout_s: float) -> Addresses:
        """Return the families and addresses of a host. Raises TimeoutError, OSError, UnicodeError."""
        with contextlib.suppress(OSError, UnicodeError):
            # An address in figures needs no thread.
            return _asked(host, port, flags=socket.AI_NUMERICHOST)
        async with asyncio.timeout(timeout_s):
            # Whoever gives up leaves the thread to its end: nothing can stop it.
            return await asyncio.shield(self._lasting.get((host, port)) or self._begin(host, port))

    def _begin(self, host: str, port: int) -> asyncio.Future[Addresses]:
        try:
            begun = in_daemon_thread(self._look_up, host, port)
        except RuntimeError as error:
            raise OSError("no thread can be started") from error
        self._lasting[host, port] = begun
        begun.add_done_callback(lambda ended: self._forget((host, port), ended))
        return begun

    def _forget(self, listener: tuple[str, int], ended: asyncio.Future[Addresses]) -> None:
        del self._lasting[listener]
        # Perhaps nobody waits for it any more; asyncio would complain of an error that nobody looked at.
        _ = ended.cancelled() or ended.exception()


def _asked(host: str, port: int, *, flags: int) -> Addresses:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return [(family, address) for family, _, _, _, address in found]
