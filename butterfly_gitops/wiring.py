"""Joins the parts: the only place that picks a store, opens sockets and knows clock and chance."""

import asyncio
import contextlib
import ctypes
import json
import os
import random
import resource
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog
from fastapi import FastAPI

from butterfly_gitops.controller.configuring import Configuring
from butterfly_gitops.controller.loop import Loop
from butterfly_gitops.dispatcher.dial import Dialler, TcpDialler
from butterfly_gitops.dispatcher.intake import Intake
from butterfly_gitops.dispatcher.lane import World
from butterfly_gitops.dispatcher.lanes import Lanes
from butterfly_gitops.dispatcher.room import Room, Shares, raise_limit, share
from butterfly_gitops.dispatcher.wire import Listener, Wire
from butterfly_gitops.hl7.acknowledgement import read_acknowledgement
from butterfly_gitops.hl7.control_id import crockford
from butterfly_gitops.model.error import GitopsError
from butterfly_gitops.source.interface import Source
from butterfly_gitops.store.interface import Store, StoreUnavailable
from butterfly_gitops.store.setback import Consent
from butterfly_gitops.store.sqlite import SqliteStore
from butterfly_gitops.store.state_folder import API_FILE, hold
from butterfly_gitops.store.token_file import made_token, write_private
from butterfly_gitops.web.application import make_application
from butterfly_gitops.web.server import Server
from butterfly_gitops.web.services import Services

_HEARTBEAT_S = 5.0

_SET_DUMPABLE = 4  # PR_SET_DUMPABLE of prctl(2)

_log = structlog.get_logger()


class CannotListen(GitopsError):  # noqa: N818 - it says what is the case
    """The API's address is taken or not allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of `bgo run`. `create` makes a new state; `source` None only dispatches.

    `mark` is where the state's mark stands, if not in its folder; `consent` goes on with a state behind it.
    """

    state: Path
    create: bool = False
    mark: Path | None = None
    consent: Consent | None = None
    source: Source | None = None
    followed: str = ""
    host: str = "127.0.0.1"
    port: int = 8311
    interval_s: float = 30.0


class Engine:
    """Controller, dispatcher and API on one state. `url` is where the API answers."""

    def __init__(
        self, options: Options, store: Store, lanes: Lanes, listening: socket.socket, shares: Shares
    ) -> None:
        self._shares = shares
        self._lanes = lanes
        self._listening = listening
        intake = Intake(store, wake=lanes.wake, now=_now)
        configuring = Configuring(store, now=_now, intake=intake, lanes=lanes)
        self._loop = Loop(
            store,
            configuring,
            source=options.source,
            lanes=lanes,
            interval_s=options.interval_s,
            now=_now,
            draw=random.random,
        )
        self._services = Services(
            store=store,
            intake=intake,
            configuring=configuring,
            dispatching=lanes,
            now=_now,
            token=made_token(options.state),
            followed=options.followed,
            controller=self._loop,
        )
        host, port = listening.getsockname()[:2]
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        self.app = make_application(self._services)

    async def run(self, stop: asyncio.Event, *, started: Callable[[], None] = lambda: None) -> None:
        """Run until `stop`; attempts in flight end first. Raises OwnerLost, OtherFleet in an exception group."""
        server = Server(self.app, most_connections=self._shares.clients)
        async with asyncio.TaskGroup() as group:
            self._lanes.start_in(group)
            # What is applied runs at once; the source may take its time.
            await self._services.configuring.start()
            serving = group.create_task(server.serve(sockets=[self._listening]), name="API")
            passing = group.create_task(self._loop.run(), name="controller")
            beating = group.create_task(_heartbeat(self._services.store), name="heartbeat of the store")
            _log.info("running", url=self.url)
            started()
            await stop.wait()
            passing.cancel()
            beating.cancel()
            server.should_exit = True
            await self._lanes.stop()
            await serving


async def _heartbeat(store: Store) -> None:
    """Let the store find out, also while nothing is to be stored, whether it can."""
    while True:
        with contextlib.suppress(StoreUnavailable):
            await store.touch(at=_now())
        await asyncio.sleep(_HEARTBEAT_S)


@contextlib.asynccontextmanager
async def build(options: Options, *, dialler: Dialler | None = None) -> AsyncIterator[Engine]:
    """Open the state, become its dispatcher and make the engine; `dialler` dials in place of TCP.

    Raises CannotListen, StateMissing, StateHeld, StateBehind.
    """
    _keep_no_dumps()
    async with contextlib.AsyncExitStack() as stack:
        listening = stack.enter_context(_listen_for(options))
        store = SqliteStore.open(
            options.state,
            create=options.create,
            mark=options.mark,
            consent=options.consent,
            now=_now,
        )
        stack.push_async_callback(store.close)
        epoch = await store.own(node=socket.gethostname(), boot=secrets.token_hex(8), at=_now())
        recovered = await store.recover(epoch, at=_now())
        _log.info("state opened", state=str(options.state), epoch=epoch, count=recovered)
        world = World(now=_now, draw=random.random, letters=_letters)
        shares = share(raise_limit())
        room = Room(dialler or TcpDialler(own=listening.getsockname()[:2]), most=shares.listeners)
        lanes = Lanes(store, epoch, make_wire=lambda to: _wire(to, room), world=world, shares=shares)
        engine = Engine(options, store, lanes, listening, shares)
        stack.enter_context(_announced(options.state, engine.url))
        yield engine


@contextlib.asynccontextmanager
async def opened(state: Path, *, create: bool = False, mark: Path | None = None) -> AsyncIterator[FastAPI]:
    """Open a state that no `run` holds, as the same application without a dispatcher.

    Raises StateMissing, StateHeld, StateBehind.
    """
    _keep_no_dumps()
    store = SqliteStore.open(state, create=create, mark=mark, now=_now)
    try:
        intake = Intake(store, wake=lambda _: None, now=_now)
        yield make_application(
            Services(
                store=store,
                intake=intake,
                configuring=Configuring(store, now=_now, intake=intake),
                dispatching=None,
                now=_now,
                token=made_token(state),
            )
        )
    finally:
        await store.close()


def _wire(listener: Listener, dialler: Dialler) -> Wire:
    return Wire(
        listener,
        dialler=dialler,
        read=read_acknowledgement,
    )


@contextlib.contextmanager
def _listen_for(options: Options) -> Iterator[socket.socket]:
    """Listen before a new state is made, so that a failed start leaves none; who holds the state says so first."""
    try:
        with _listen(options.host, options.port) as sock:
            yield sock
    except CannotListen:
        if not options.create:
            hold(options.state, create=False).release()
        raise


@contextlib.contextmanager
def _listen(host: str, port: int) -> Iterator[socket.socket]:
    if host not in ("127.0.0.1", "::1", "localhost"):
        raise CannotListen(
            f"--listen {host}: only loopback addresses; put a proxy with TLS in front for others"
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends at once only on sockets that name TCP; otherwise an answer's body waits 40 ms for an acknowledgement.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, port))
            sock.listen(1024)
        except OSError as error:
            reason = error.strerror or "cannot listen"
            raise CannotListen(f"--listen {host}:{port}: {reason.lower()}") from error
        yield sock


@contextlib.contextmanager
def _announced(state: Path, url: str) -> Iterator[None]:
    """Tell the verbs where the API of this state answers, as long as it does."""
    path = state / API_FILE
    write_private(path, json.dumps({"url": url, "pid": os.getpid()}))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _now() -> datetime:
    return datetime.now(UTC)


def _letters(count: int) -> str:
    return crockford(secrets.token_bytes(count))


def _keep_no_dumps() -> None:
    """Let no crash write what is in memory to a disk: messages, and the token."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # A handler of dumps that the system pipes them to does not ask for the limit.
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(_SET_DUMPABLE, 0, 0, 0, 0)
