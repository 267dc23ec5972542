"""Room for connections to listeners: as many as there are descriptors for, the others in turn.

The store, the source and the API have shares of their own, so that neither a large fleet nor a crowd of clients takes
what a commit needs.
"""

import resource
from dataclasses import dataclass

import structlog

from butterfly_gitops.dispatcher.dial import Connection, DialFailed, Dialler

# The store has two connections of three files each, git five pipes; what a process starts with is about ten.
_RESERVED = 32
_MOST_CLIENTS = 256
_FEWEST = 4
_MOST = 2**20

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """The descriptors of this process, and the shares of clients of the API and of listeners."""

    limit: int
    clients: int
    listeners: int


def raise_limit() -> int:
    """Raise the limit of descriptors as far as the system lets us, and return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST if hard == resource.RLIM_INFINITY else hard
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (ValueError, OSError):
        return soft
    return wanted


def share(limit: int) -> Shares:
    """Share descriptors out: a quarter of what is not reserved for clients, up to a number, the rest for listeners."""
    free = limit - _RESERVED
    clients = max(_FEWEST, min(_MOST_CLIENTS, free // 4))
    return Shares(limit=limit, clients=clients, listeners=max(_FEWEST, free - clients))


def tell_of_want(shares: Shares, listeners: int) -> None:
    """Log that the fleet has more listeners than there are descriptors for."""
    if listeners > shares.listeners:
        _log.warning(
            "more listeners than descriptors: their connections take turns; raise the hard limit (ulimit -Hn)",
            count=listeners,
            detail=f"{shares.listeners} of {shares.limit} descriptors are for them",
        )


class Room:
    """A dialler that keeps at most `most` connections open: for another one, the longest idle one is closed."""

    def __init__(self, dialler: Dialler, *, most: int) -> None:
        self._dialler = dialler
        self._most = most
        self._opening = 0
        self._opened: list[Connection] = []

    async def open(self, host: str, port: int, timeout_s: float) -> Connection:
        """See `Dialler.open`."""
        if not self._has_place():
            raise DialFailed(host=host, port=port, reason="no descriptor is free")
        self._opening += 1
        try:
            connection = await self._dialler.open(host, port, timeout_s)
        finally:
            self._opening -= 1
        self._opened.append(connection)
        return connection

    def _has_place(self) -> bool:
        self._opened = [one for one in self._opened if one.is_open]
        if len(self._opened) + self._opening < self._most:
            return True
        idle = [one for one in self._opened if one.idle_since is not None]
        if idle:
            min(idle, key=lambda one: one.idle_since or 0.0).give_way()
        return bool(idle)
