"""A peer on a real loopback socket that does what its script says, in a loop whose clock the script turns."""

import asyncio
import contextlib
import fcntl
import select
import selectors
import socket
import struct
import termios

from butterfly_gitops.dispatcher.resolver import Resolver
from butterfly_gitops.mllp.framing import Unwrapper


class ManualLoop(asyncio.SelectorEventLoop):
    """Real sockets, and a clock that stands still until it is turned."""

    def __init__(self):
        super().__init__(selectors.DefaultSelector())
        self.now = 1000.0

    def time(self):
        return self.now

    def turn_clock(self, seconds):
        self.now += seconds


def resolving(names):
    """A resolver that finds the addresses of a table, as it is when it is asked."""

    def look_up(host, port):
        if not names.get(host):
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return [(socket.AF_INET, (address, port)) for address in names[host]]

    return Resolver(look_up)


def run(story):
    """Run one test's coroutine to its end in a loop of its own."""
    with asyncio.Runner(loop_factory=ManualLoop) as runner:
        return runner.run(story)


async def settle():
    """Give everything that is ready its turn."""
    for _ in range(50):
        await asyncio.sleep(0)


async def until(is_true):
    """Give turns until something holds; the test's own limit ends a wait for what never comes."""
    while not is_true():
        await settle()


def notice(connection):
    """Let the kernel hear of what the peer did on an idle connection, without a turn for anybody here."""
    select.select([connection._socket], [], [])


def ack(control_id, code="AA", *, end="\r"):
    lines = ["MSH|^~\\&|EHR|STE|BUTTERFLY|STE|20261124090315||ACK|1|P|2.5.1", f"MSA|{code}|{control_id}", ""]
    return end.join(lines).encode()


def framed(data):
    return b"\x0b" + data + b"\x1c\r"


class Talk:
    """The peer's end of one connection."""

    def __init__(self, sock, peer):
        self._socket = sock
        self._peer = peer
        self._unwrapper = Unwrapper()
        self.loop = asyncio.get_running_loop()

    async def read(self, count):
        return await self.loop.sock_recv(self._socket, count)

    async def read_message(self):
        """The next whole message; None when the sender has closed."""
        while chunk := await self.read(65536):
            if blocks := self._unwrapper.feed(chunk):
                self._peer.messages += blocks
                return blocks[0]
        return None

    async def send(self, data, *, piece=0):
        for start in range(0, len(data), piece or len(data)):
            await self.loop.sock_sendall(self._socket, data[start : start + (piece or len(data))])
            if piece:
                await settle()

    async def arrived(self):
        """Wait until all that was sent is in the sender's kernel, and the sender has had its turns with it."""
        while self._is_under_way():
            await settle()
        await settle()

    def _is_under_way(self):
        unacknowledged = fcntl.ioctl(self._socket, termios.TIOCOUTQ, bytes(4))
        # What a reset has thrown away is never acknowledged.
        return any(unacknowledged) and not self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

    async def let_pass(self, seconds):
        """Turn the clock, once what was sent has been read: else it would be read at the later time."""
        await self.arrived()
        self.loop.turn_clock(seconds)

    def fin(self):
        self._socket.shutdown(socket.SHUT_WR)

    def close(self):
        self._socket.close()

    def reset(self):
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()


class Peer:
    """Accepts connections and plays one script on each; the last script is played again for all that follow.

    `over` gets one token for each script that has come to its end; `open_at_once` is the most connections that
    stood at the same time.
    """

    def __init__(self, *scripts, host="127.0.0.1", port=0, receive_buffer=None):
        self._scripts = scripts
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if receive_buffer:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._listener.bind((host, port))
        self._listener.listen(16)
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self.messages = []
        self.connections = 0
        self.open_now = 0
        self.open_at_once = 0
        self.over = asyncio.Queue()
        self._tasks = set()

    async def __aenter__(self):
        self._keep(self._accept())
        return self

    async def __aexit__(self, *_):
        for task in self._tasks:
            task.cancel()
        results = await asyncio.gather(*self._tasks, return_exceptions=True)
        self._listener.close()
        for result in results:
            if isinstance(result, Exception):
                raise result

    def _keep(self, coroutine):
        self._tasks.add(asyncio.get_running_loop().create_task(coroutine))

    async def _accept(self):
        while True:
            sock, _ = await asyncio.get_running_loop().sock_accept(self._listener)
            script = self._scripts[min(self.connections, len(self._scripts) - 1)]
            self.connections += 1
            self._keep(self._play(script, sock))

    async def _play(self, script, sock):
        self.open_now += 1
        self.open_at_once = max(self.open_at_once, self.open_now)
        try:
            # The sender may hang up on a script at any point: that is what many of them are about.
            with contextlib.suppress(ConnectionError):
                await script(Talk(sock, self))
            self.over.put_nowait(None)
            if sock.fileno() >= 0:
                with contextlib.suppress(ConnectionError):
                    while await asyncio.get_running_loop().sock_recv(sock, 65536):
                        pass
        finally:
            self.open_now -= 1
            sock.close()
