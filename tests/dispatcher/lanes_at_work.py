"""Lanes on a real store and real sockets, in a loop whose clock the test turns; the wall clock turns along."""

import asyncio
import contextlib
import itertools
import socket
import sys
from datetime import UTC, datetime, timedelta

from butterfly_gitops.dispatcher.dial import TcpDialler
from butterfly_gitops.dispatcher.intake import Intake
from butterfly_gitops.dispatcher.lane import World
from butterfly_gitops.dispatcher.lanes import Lanes
from butterfly_gitops.dispatcher.wire import Wire
from butterfly_gitops.hl7.acknowledgement import read_acknowledgement
from butterfly_gitops.hl7.message import value_of
from butterfly_gitops.model.archive import Archive
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.fleet import FleetSettings
from butterfly_gitops.model.site import Link, Site
from butterfly_gitops.model.study import StudyEvent
from butterfly_gitops.store.interface import Application
from butterfly_gitops.store.people import Action, Query
from butterfly_gitops.store.sqlite import SqliteStore
from tests.dispatcher.scripted_peer import ack, framed, settle

T0 = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
SITE = "st-elsewhere"
RETRY = {"first": "4s", "factor": 2, "longest": "20s"}
"""Half of each cap is waited: 2, 4, 8, 10, 10 seconds."""
JITTER = 0.5


def an_endpoint(port, **settings):
    fields = {
        "display_name": "EHR",
        "link": "server-room",
        "host": "127.0.0.1",
        "port": port,
        "sending_facility": "STE",
        "receiving_facility": "STE",
        "time_zone": "America/New_York",
        "retry": RETRY,
        **settings,
    }
    return EhrEndpoint.model_validate(fields)


def a_site(**endpoints):
    """One archive whose results go to all endpoints."""
    archive = Archive(display_name="ED", purpose="clinical", forward_to=tuple(endpoints))
    return Site(
        name=SITE,
        display_name="St. Elsewhere Hospital",
        time_zone="America/New_York",
        links={"server-room": Link(display_name="Server room")},
        ehr_endpoints=endpoints,
        archives={"emergency": archive},
    )


SETTINGS = FleetSettings.model_validate(
    {
        "name": "mercy-health",
        "subscription": "enterprise",
        "entitlements": {"preliminary_results": True},
    }
)


class Dispatcher:
    """Intake and lanes over one store.

    `wall` is added to the wall clock, as a step of it would; `reads` finds MSA-2 in a block.
    """

    def __init__(self, store, *, reads=None):
        self.store = store
        self._reads = reads or read_acknowledgement
        self.loop = asyncio.get_running_loop()
        self.wall = timedelta(0)
        self.intake = Intake(store, wake=self._wake, now=self.now)
        self.lanes = None
        self._stop = asyncio.Event()
        self._ids = itertools.count(1)
        self.task = None

    def now(self):
        return T0 + timedelta(seconds=self.loop.time() - 1000) + self.wall

    def _wake(self, lanes):
        if self.lanes is not None:
            self.lanes.wake(lanes)

    async def start(self):
        """Own the lanes, take up what was in flight, and run; what goes wrong in a lane is raised by `end`."""
        epoch = await self.store.own(node="here", boot="now", at=self.now())
        await self.store.recover(epoch, at=self.now())
        serial = itertools.count(1)
        world = World(
            now=self.now,
            draw=lambda: JITTER,
            letters=lambda count: f"{epoch}E{next(serial)}".rjust(count, "0"),
        )
        self.lanes = Lanes(self.store, epoch, make_wire=self._wire, world=world)
        is_running = asyncio.Event()
        self.task = self.loop.create_task(self._run(is_running))
        await is_running.wait()

    def _wire(self, listener):
        return Wire(listener, dialler=TcpDialler(), read=self._reads)

    async def _run(self, is_running):
        async with asyncio.TaskGroup() as group:
            self.lanes.start_in(group)
            await self.lanes.converge()
            is_running.set()
            await self._stop.wait()
            await self.lanes.stop()

    async def end(self):
        self._stop.set()
        await self.task

    async def crash(self):
        """End without a stop; nothing is settled, and the kernel closes what was open."""
        self.task.cancel()
        await asyncio.wait([self.task])
        for wire in self.lanes._wires.values():
            await wire.close()

    async def apply(self, content):
        observed = await self.store.observe()
        before = observed.generations.get(SITE) if isinstance(content, Site) else observed.settings
        application = Application(
            fleet="mercy-health",
            content=content,
            digest="",
            expected=before.number if before else 0,
            commit="",
            actor="test",
            at=self.now(),
        )
        await self.store.apply(application)
        self.intake.forget_rules()
        if self.lanes is not None:
            await self.lanes.converge()

    async def submit(
        self, *studies, kind="finalized", revision=1, text="No free fluid.", family=None, accession=None
    ):
        """Accept one event for each study, in one transaction."""
        events = [self._event(study, kind, revision, text, family, accession) for study in studies]
        await self.intake.accept(events, pointers=[""] * len(events))

    def _event(self, study, kind, revision, text, family, accession):
        patient = {"identifiers": [{"id": f"MRN-{study}", "authority": "STE", "type": "MR"}]}
        document = {
            "event_id": f"E{next(self._ids)}",
            "event": kind,
            "occurred_at": self.now(),
            "archive": f"{SITE}/emergency",
            "study": {
                "id": study,
                "revision": revision,
                "accession_number": accession,
                "exam_type": {"code": "EFAST", "display": "eFAST"},
                "report": ({"section": "findings", "text": text},),
            },
            "patient": {"identifiers": tuple(patient["identifiers"]), "family": family},
        }
        return StudyEvent.model_validate(document)

    async def resume(self, endpoint):
        action = Action(
            kind="resume",
            site=SITE,
            endpoint=endpoint,
            actor="ada",
            reason="the EHR is well again",
            key=f"resume {next(self._ids)}",
            at=self.now(),
        )
        acted = await self.store.act(action)
        self.lanes.wake(acted.lanes)

    async def found(self, endpoint=""):
        """All deliveries with their attempts, in the order of acceptance."""
        return (await self.store.find(Query(endpoint=endpoint, limit=1000)))[::-1]

    async def when(self, is_so, endpoint=""):
        """Wait until the deliveries are so; return them."""
        while not is_so(found := await self.found(endpoint)):
            await settle()
        return found

    async def states(self, *wanted, endpoint=""):
        """Wait until the deliveries are in these states, in their order; return them."""
        return await self.when(lambda found: [one.delivery.state for one in found] == list(wanted), endpoint)

    async def lane(self, endpoint):
        observed = await self.store.observe()
        (lane,) = [one.lane for one in observed.lanes if one.lane.endpoint == endpoint]
        return lane

    async def rest(self):
        """Give lanes and peers all the turns that they may want."""
        for _ in range(8):
            await settle()
            # Whatever a lane has asked of the store before is done when this is.
            await self.store.record([], at=T0)

    async def pass_time(self, seconds):
        """Turn the clock once everything has come to rest."""
        await self.rest()
        self.loop.turn_clock(seconds)
        await self.rest()


@contextlib.asynccontextmanager
async def stored(tmp_path):
    """A new state that is closed at the end."""
    # The writer thread needs its turns from a loop that is never idle.
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0002)
    store = SqliteStore.open(tmp_path / "state", create=not (tmp_path / "state").exists())
    try:
        yield store
    finally:
        await store.close()
        sys.setswitchinterval(before)


@contextlib.asynccontextmanager
async def dispatching(tmp_path, *, reads=None, **endpoints):
    """A dispatcher with these endpoints applied, running."""
    async with stored(tmp_path) as store:
        dispatcher = Dispatcher(store, reads=reads)
        await dispatcher.apply(SETTINGS)
        await dispatcher.apply(a_site(**endpoints))
        await dispatcher.start()
        try:
            yield dispatcher
            await dispatcher.end()
        finally:
            await dispatcher.crash()


@contextlib.contextmanager
def black_hole():
    """A port that takes no connection and refuses none, as behind a firewall."""
    with socket.socket() as full:
        # A backlog of none, taken: what comes now is dropped.
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        with socket.create_connection(full.getsockname()):
            yield full.getsockname()[1]


def id_of(message):
    return value_of(message, "MSH-10")


def studies(messages):
    """Which studies were sent, in the order of arrival: PID-3 names them."""
    return [value_of(one, "PID-3").split("^")[0].removeprefix("MRN-") for one in messages]


class Ehr:
    """Answers message by message as its list says, across connections; AA when the list is at its end.

    An answer is an MSA-1 code; None for silence; `close` or `reset` without an answer; or a function of the message
    that returns the bytes to send. With `is_held`, each waits for `let`.
    """

    def __init__(self, *answers, otherwise="AA", is_held=False):
        self._answers = iter(answers)
        self._otherwise = otherwise
        self._is_held = is_held
        self._let = asyncio.Semaphore(0)

    def let(self, count=1):
        for _ in range(count):
            self._let.release()

    async def play(self, talk):
        while message := await talk.read_message():
            if self._is_held:
                await self._let.acquire()
            match next(self._answers, self._otherwise):
                case None:
                    continue
                case "close":
                    return talk.close()
                case "reset":
                    return talk.reset()
                case str() as code:
                    await talk.send(framed(ack(id_of(message), code)))
                case make:
                    await talk.send(make(message))
        return None
