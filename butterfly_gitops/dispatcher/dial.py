"""Connections to a listener: TCP, and the demo's stand-in for it.

A connection says exactly how many bytes the kernel took, because "not one" is a promise that lets a message
be sent again without a doubt. When to dial and what to send is the wire's.
"""

import asyncio
import ipaddress
import socket
import struct
from collections.abc import Callable, Mapping
from typing import Protocol

from butterfly_gitops.dispatcher.resolver import Addresses, Resolver, SocketAddress
from butterfly_gitops.model.error import GitopsError
from butterfly_gitops.model.host import address_of, why_no_target

READ_BYTES = 65536

# A firewall forgets a silent flow in minutes; with these a dead peer is noticed within about one.
KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}

# Linger, 0 s: a reset in place of what is left, so that nothing stale arrives after we gave up.
_DISCARD = struct.pack("ii", 1, 0)


class DialFailed(GitopsError):  # noqa: N818 - it says what happened
    """No connection: not a byte of a message has left. `reason` is a fixed phrase."""

    def __init__(self, *, host: str, port: int, reason: str) -> None:
        super().__init__(f"{host}:{port}: {reason}")
        self.host = host
        self.port = port
        self.reason = reason


class Connection(Protocol):
    """One open connection, for one user at a time. `idle_since` is None while it is in use."""

    idle_since: float | None

    @property
    def is_open(self) -> bool:
        """Nobody here has closed it."""
        ...

    def send(self, data: memoryview) -> int:
        """Hand bytes to the kernel; return how many it took, 0 when it has no room.

        Raises OSError when the connection is broken; then it took none of these.
        """
        ...

    def receive(self) -> bytes | None:
        """Return what has come: None for nothing yet, b"" when the peer has closed. Raises OSError."""
        ...

    async def sendable(self) -> None:
        """Wait until `send` may have room, or the connection is closed."""
        ...

    async def receivable(self) -> None:
        """Wait until `receive` has something to say, or the connection is closed."""
        ...

    def watch(self, noticed: Callable[[], None]) -> None:
        """Call `noticed` once, as soon as something comes or the peer closes; a wait replaces the watch."""
        ...

    def give_way(self) -> None:
        """Close it, and let its user notice, as if the peer had closed."""
        ...

    def close(self, *, discard: bool = False) -> None:
        """Close at once; with `discard`, what the kernel has not sent yet is thrown away."""
        ...


class Dialler(Protocol):
    """Whoever can open a connection."""

    async def open(self, host: str, port: int, timeout_s: float) -> Connection:
        """Resolve the host, now, and connect. Raises DialFailed."""
        ...


class TcpDialler:
    """Dials over plain TCP.

    `own` is where our own API listens: nothing is sent there, nor to an address behind which there is no EHR,
    whatever a name leads to. Loopback is no such address: practice EHRs and engines run beside us.
    """

    def __init__(self, *, own: tuple[str, int] | None = None, resolver: Resolver | None = None) -> None:
        self._own = own
        self._resolver = resolver or Resolver()

    async def open(self, host: str, port: int, timeout_s: float) -> Connection:
        loop = asyncio.get_running_loop()
        ends = loop.time() + timeout_s
        addresses = await self._resolve(host, port, timeout_s)
        reason = "name has no address"
        for position, (family, address) in enumerate(addresses):
            if refused := self._why_refused(address):
                reason = refused
                continue
            share_s = (ends - loop.time()) / (len(addresses) - position)
            try:
                return TcpConnection(await _connect(family, address, share_s))
            except TimeoutError:
                reason = "no connection in time"
            except ConnectionRefusedError:
                reason = "connection refused"
            except OSError as error:
                reason = (error.strerror or "connection failed").lower()
        raise DialFailed(host=host, port=port, reason=reason)

    async def _resolve(self, host: str, port: int, timeout_s: float) -> Addresses:
        try:
            return await self._resolver.addresses(host, port, timeout_s)
        except TimeoutError:
            raise DialFailed(host=host, port=port, reason="name not resolved in time") from None
        except (OSError, UnicodeError):
            raise DialFailed(host=host, port=port, reason="name not found") from None

    def _why_refused(self, address: SocketAddress) -> str:
        """Why an address must not be dialled, empty where it may be."""
        figures = str(address[0])
        if self._own and (address_of(figures), address[1]) == (address_of(self._own[0]), self._own[1]):
            return "not dialled: our own API listens there"
        why = why_no_target(ipaddress.ip_address(figures))
        return f"not dialled: {why}" if why else ""


class MappedDialler:
    """Dials elsewhere than it is told, and nowhere when it has no other place: the demo's stand-in.

    Sample configurations keep realistic hosts; no packet ever goes to one.
    """

    def __init__(self, places: Mapping[tuple[str, int], tuple[str, int]], dialler: Dialler) -> None:
        self._places = dict(places)
        self._dialler = dialler

    async def open(self, host: str, port: int, timeout_s: float) -> Connection:
        place = self._places.get((host, port))
        if place is None:
            raise DialFailed(host=host, port=port, reason="no practice EHR stands in for this address")
        try:
            return await self._dialler.open(*place, timeout_s)
        except DialFailed as failure:
            raise DialFailed(host=host, port=port, reason=failure.reason) from failure


class TcpConnection:
    """A non-blocking socket whose every byte is counted.

    The loop is told once to watch it for reading, and not again for each message: that costs two system calls.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._number = sock.fileno()
        self._loop = asyncio.get_running_loop()
        self._reading: asyncio.Future[None] | None = None
        self._writing: asyncio.Future[None] | None = None
        self._noticed: Callable[[], None] | None = None
        self._is_watched = False
        self.idle_since: float | None = None

    @property
    def is_open(self) -> bool:
        return self._socket.fileno() >= 0

    def send(self, data: memoryview) -> int:
        self.idle_since = None
        try:
            return self._socket.send(data)
        except (BlockingIOError, InterruptedError):
            return 0

    def receive(self) -> bytes | None:
        try:
            return self._socket.recv(READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return None

    async def sendable(self) -> None:
        if not self.is_open:
            return
        self._noticed = None
        self._writing = self._loop.create_future()
        self._loop.add_writer(self._number, _finish, self._writing)
        try:
            await self._writing
        finally:
            self._writing = None
            if self.is_open:
                self._loop.remove_writer(self._number)

    async def receivable(self) -> None:
        if not self.is_open:
            return
        self._noticed = None
        self._reading = self._loop.create_future()
        self._be_watched()
        try:
            await self._reading
        finally:
            self._reading = None

    def watch(self, noticed: Callable[[], None]) -> None:
        if self.is_open:
            self.idle_since = self._loop.time()
            self._noticed = noticed
            self._be_watched()

    def give_way(self) -> None:
        noticed = self._noticed
        self.close()
        if noticed is not None:
            noticed()

    def close(self, *, discard: bool = False) -> None:
        if not self.is_open:
            return
        self._loop.remove_reader(self._number)
        self._loop.remove_writer(self._number)
        self._noticed = None
        self.idle_since = None
        if discard:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DISCARD)
        self._socket.close()
        _finish(self._reading)
        _finish(self._writing)

    def _be_watched(self) -> None:
        if not self._is_watched:
            self._is_watched = True
            self._loop.add_reader(self._number, self._has_something)

    def _has_something(self) -> None:
        if self._reading is not None:
            _finish(self._reading)
        elif self._noticed is not None:
            noticed, self._noticed = self._noticed, None
            noticed()
        else:
            # Nobody asks now; whoever does next is told at once.
            self._is_watched = False
            self._loop.remove_reader(self._number)


def _finish(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)


async def _connect(family: int, address: SocketAddress, timeout_s: float) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _keep_alive(sock)
        async with asyncio.timeout(timeout_s):
            await asyncio.get_running_loop().sock_connect(sock, address)
        if _leads_to_itself(sock):
            raise ConnectionRefusedError
    except BaseException:
        sock.close()
        raise
    return sock


def _leads_to_itself(sock: socket.socket) -> bool:
    """A port of the system's own range that has no listener may be given to the very socket that dials it."""
    try:
        return bool(sock.getsockname() == sock.getpeername())
    except OSError:
        # Connected, and reset already: the wire's first look notices, before a byte is risked.
        return False


def _keep_alive(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in KEEPALIVE.items():
        # Not every system has all three.
        if (number := getattr(socket, option, None)) is not None:
            sock.setsockopt(socket.IPPROTO_TCP, number, value)
