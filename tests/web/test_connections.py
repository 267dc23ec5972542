"""What a client can do to the server before, and instead of, a sound request: on real sockets."""

import asyncio
import contextlib
import json
import os
import resource
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from butterfly_gitops import minute_line
from butterfly_gitops.web import http_connection
from butterfly_gitops.web import server as server_module
from butterfly_gitops.web.server import Server
from butterfly_gitops.wiring import Options, build
from tests.web.serving import Lines, Served

MOST = 8
PATIENCE_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """A server on a port, and the token that it wants."""

    server: Server
    port: int
    token: str

    def dial(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)

    async def say(self, text: bytes, *, sock: socket.socket | None = None) -> bytes:
        """Send it, and return all that comes until the server closes."""
        with contextlib.closing(sock or self.dial()) as used:
            return await asyncio.to_thread(said, used, text)

    def asking(self, path: str = "/v1/status", *more: str, method: str = "GET") -> bytes:
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {self.token}", *more]
        return "\r\n".join((*lines, "Connection: close", "", "")).encode()


def said(sock: socket.socket, text: bytes) -> bytes:
    answer = b""
    with contextlib.suppress(ConnectionError):
        sock.sendall(text)
    with contextlib.suppress(ConnectionError):
        while chunk := sock.recv(65536):
            answer += chunk
    return answer


@pytest.fixture
async def listening(api: Served) -> AsyncIterator[Listening]:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen(1024)
        server = Server(api.app, most_connections=MOST)
        serving = asyncio.create_task(server.serve(sockets=[sock]))
        yield Listening(server=server, port=sock.getsockname()[1], token=(api.state / "token").read_text())
        server.should_exit = True
        await serving


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


async def test_a_sound_request_is_answered(listening: Listening):
    assert status_of(await listening.say(listening.asking())) == 200


TE, CL = "Transfer-Encoding: chunked", "Content-Length: 2"
TWO_LENGTHS = [(TE, CL), (CL, TE), ("Content-Length: 0", TE)]


@pytest.mark.parametrize("headers", TWO_LENGTHS, ids=repr)
async def test_a_body_of_two_lengths_is_refused(listening: Listening, headers: tuple[str, str]):
    request = listening.asking("/v1/deliveries/search", *headers, method="POST") + b"2\r\n{}\r\n0\r\n\r\n"
    answer = await listening.say(request)
    assert status_of(answer) == 400
    assert b"connection: close" in answer.lower()


async def test_chunks_before_http_1_1_are_refused(listening: Listening):
    request = listening.asking("/v1/deliveries/search", TE, method="POST").replace(b"HTTP/1.1", b"HTTP/1.0")
    assert status_of(await listening.say(request + b"2\r\n{}\r\n0\r\n\r\n")) == 400


async def test_a_line_that_ends_without_cr_is_refused_wherever_it_stands(listening: Listening):
    whole = listening.asking()
    ends = [place for place in range(len(whole)) if whole[place : place + 2] == b"\r\n"]
    for place in ends:
        assert status_of(await listening.say(whole[:place] + whole[place + 1 :])) == 400, place


async def test_a_bare_line_end_is_refused_in_the_second_request_too(listening: Listening):
    first = listening.asking().replace(b"Connection: close\r\n", b"")
    answer = await listening.say(first + listening.asking().replace(b"\r\n", b"\n"))
    assert answer.count(b"HTTP/1.1 200") == 1
    assert answer.count(b"HTTP/1.1 400") == 1


async def test_a_bare_line_end_in_a_body_is_no_matter(listening: Listening):
    body = b'{\n"limit":\n1}'
    request = listening.asking(
        "/v1/deliveries/search",
        f"Content-Length: {len(body)}",
        "Content-Type: application/json",
        method="POST",
    )
    assert status_of(await listening.say(request + body)) == 200


@pytest.mark.parametrize("path", ["/v1/deliveries/search", "/v1/sends", "/v1/study-events", "/v1/nothing"])
async def test_a_body_without_end_and_without_token_is_answered_and_cut_off(listening: Listening, path: str):
    request = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{TE}\r\n\r\n".encode()
    mib = b"100000\r\n" + b"x" * 2**20 + b"\r\n"
    sent = 0

    def send(sock: socket.socket) -> bytes:
        nonlocal sent
        sock.sendall(request)
        with contextlib.suppress(ConnectionError):
            while sent < 400:
                sock.sendall(mib)
                sent += 1
        return said(sock, b"")

    with contextlib.closing(listening.dial()) as sock:
        answer = await asyncio.to_thread(send, sock)
    assert status_of(answer) == 401
    # What the kernels of both ends hold is all that leaves.
    assert sent < 40


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
async def test_a_body_that_nobody_needs_holds_no_place(listening: Listening, path: str):
    """No token is asked for there, and a byte now and then would keep a place for as long as somebody likes."""
    head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nx".encode()
    with contextlib.ExitStack() as stack:
        for _ in range(MOST):
            sock = stack.enter_context(listening.dial())
            sock.sendall(head)
            assert status_of(await asyncio.to_thread(sock.recv, 65536)) in (200, 503)
            sock.sendall(b"x")
        assert status_of(await listening.say(listening.asking())) == 200


async def test_a_body_that_nobody_needs_is_not_read_for_ever(
    listening: Listening, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(http_connection, "HEADERS_S", 0.01)
    listening.server.config.timeout_keep_alive = 3600
    head = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nx"
    assert status_of(await listening.say(head)) == 200, "and it is closed, without the rest"


async def test_whoever_waits_gives_way_to_whoever_comes_and_one_line_says_so(
    listening: Listening, monkeypatch: pytest.MonkeyPatch
):
    log = Lines()
    monkeypatch.setattr(minute_line, "_log", log)
    idle = [listening.dial() for _ in range(10 * MOST)]
    assert status_of(await listening.say(listening.asking())) == 200
    half = [listening.dial() for _ in range(10 * MOST)]
    for sock in half:
        with contextlib.suppress(ConnectionError):
            sock.sendall(b"GET /v1/status HTTP/1.1\r\nHost: local")
    assert status_of(await listening.say(listening.asking())) == 200
    assert len(listening.server.server_state.connections) <= MOST + 1
    says = [one for one, _ in log.lines]
    assert says.count("warning connections closed to make room for others") == 1
    for sock in (*idle, *half):
        sock.close()


async def test_whoever_has_a_request_is_not_closed_for_another(listening: Listening):
    begun = [listening.dial() for _ in range(MOST)]
    request = listening.asking(
        "/v1/deliveries/search", "Content-Length: 2", "Content-Type: application/json", method="POST"
    )
    for sock in begun:
        sock.sendall(request)
    connections = listening.server.server_state.connections
    async with asyncio.timeout(PATIENCE_S):
        while sum(one.waits_since is None for one in connections) < MOST:  # type: ignore[union-attr] # noqa: ASYNC110
            await asyncio.sleep(0)
    turned_away = await listening.say(b"")
    assert status_of(turned_away) == 503
    assert json.loads(turned_away.partition(b"\r\n\r\n")[2])["error"] == "all connections are in use"
    for sock in begun:
        assert status_of(await listening.say(b"{}", sock=sock)) == 200


LATE = {
    "nothing": (b"", "HEADERS_S", 0),
    "half a head": (b"GET /v1/status HTTP/1.1\r\nHost: ", "HEADERS_S", 0),
    "half a body": (b"{", "BODY_S", 0),
}


@pytest.mark.parametrize(("text", "limit"), [row[:2] for row in LATE.values()], ids=list(LATE))
async def test_what_does_not_come_in_time_is_waited_for_no_longer(
    listening: Listening, text: bytes, limit: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(http_connection, limit, 0.05)
    if limit == "BODY_S":
        text = listening.asking("/v1/deliveries/search", "Content-Length: 2", method="POST") + text
    assert await listening.say(text) == b""
    assert status_of(await listening.say(listening.asking())) == 200


async def test_bytes_that_drip_prolong_nothing(listening: Listening, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(http_connection, "HEADERS_S", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", listening.port)
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(PATIENCE_S):
            while not reader.at_eof():
                writer.write(b"G")
                await writer.drain()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.01):
                        await reader.read(1)
    writer.close()


async def test_headers_that_are_too_large_are_refused_even_if_they_come_at_once(listening: Listening):
    assert status_of(await listening.say(listening.asking("/livez", "X: " + "x" * 20_000))) in (400, 431)


async def test_headers_without_end_are_refused(listening: Listening):
    answer = await listening.say(b"GET / HTTP/1.1\r\n" + b"X: " + b"x" * 10**6)
    assert status_of(answer) == 400


async def test_a_want_of_descriptors_is_one_line_and_passes(
    listening: Listening, monkeypatch: pytest.MonkeyPatch
):
    log = Lines()
    monkeypatch.setattr(minute_line, "_log", log)
    tries = 0

    async def pause(_: float) -> None:
        nonlocal tries
        tries += 1
        await asyncio.sleep(0)

    monkeypatch.setattr(server_module, "_pause", pause)
    client = socket.socket()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.open(os.devnull, os.O_RDONLY)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
    try:
        client.connect(("127.0.0.1", listening.port))
        async with asyncio.timeout(PATIENCE_S):
            while tries < 1000:  # noqa: ASYNC110 - the server's task turns beside
                await asyncio.sleep(0)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    says = {"reason": "too many open files", "count": 1}
    assert log.lines == [("warning cannot accept connections", says)]
    assert status_of(await listening.say(listening.asking(), sock=client)) == 200


async def test_an_address_with_colons_is_announced_in_brackets(tmp_path: Path):
    async with build(Options(state=tmp_path / "state", create=True, host="::1", port=0)) as engine:
        announced = json.loads((tmp_path / "state" / "api.json").read_text())["url"]
    assert announced == engine.url
    assert httpx.URL(announced).host == "::1"
