"""All lanes of one dispatcher: started from what is applied, steered when it changes, stopped together."""

import asyncio
import json
from collections.abc import Collection, Iterable, Mapping

import structlog

from butterfly_gitops.dispatcher.lane import Course, LaneRunner, World
from butterfly_gitops.dispatcher.room import Shares, tell_of_want
from butterfly_gitops.dispatcher.shared_wire import MakeWire, SharedWire
from butterfly_gitops.dispatcher.wire import Listener, Strays
from butterfly_gitops.model.delivery import Epoch, Lane, LaneId, Target, TargetNumber
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.error import kind_and_place
from butterfly_gitops.model.host import same_host
from butterfly_gitops.store.interface import Running, Store, StoreUnavailable

# How long a result may wait beside a lane that nobody woke.
_LOOK_AGAIN_S = 60.0

_log = structlog.get_logger()


class Lanes:
    """The lanes and the wires they share; every lane is a task of the group that `start_in` names."""

    def __init__(
        self,
        store: Store,
        epoch: Epoch,
        *,
        make_wire: MakeWire,
        world: World,
        shares: Shares | None = None,
    ) -> None:
        self._store = store
        self._epoch = epoch
        self._make_wire = make_wire
        self._world = world
        self._shares = shares
        self._lanes: dict[LaneId, LaneRunner] = {}
        self._names: dict[LaneId, str] = {}
        self._tasks: dict[LaneId, asyncio.Task[None]] = {}
        self._wires: dict[str, SharedWire] = {}
        self._past = Strays()
        self._group: asyncio.TaskGroup | None = None
        self._looking: asyncio.Task[None] | None = None
        self._is_stopping = False

    def start_in(self, group: asyncio.TaskGroup) -> None:
        """Let the group own the lanes' tasks; nothing runs before."""
        self._group = group
        self._looking = group.create_task(self._look_again(), name="lost wakes")

    async def _look_again(self) -> None:
        """Wake the lanes for which something waits: whoever accepted it may have been cut short before it did."""
        while True:
            await asyncio.sleep(_LOOK_AGAIN_S)
            try:
                self.wake(await self._store.waiting())
            except StoreUnavailable:
                continue
            except Exception as error:  # noqa: BLE001 - the task's outermost line; the lanes go on
                _log.error("lanes not looked through", error=kind_and_place(error))

    async def converge(self) -> Collection[LaneId]:
        """Bring every lane to what is applied now; return those that did not run it."""
        if self._group is None:
            return ()
        before = len(self._wires)
        astray = self.steer(await self._store.running(), self._group)
        if self._shares and len(self._wires) > before:
            tell_of_want(self._shares, len(self._wires))
        return astray

    def steer(self, running: Running, group: asyncio.TaskGroup) -> Collection[LaneId]:
        """Start lanes that are new, bring the others to what is applied, stop those that have ended.

        Returns those that were started or brought.
        """
        if self._is_stopping:
            return ()
        courses = {lane.id: self._course(running, lane, target) for lane, target in _leaving_first(running)}
        self._names = {lane.id: f"{lane.site}/{lane.endpoint}" for lane, _ in running.lanes}
        astray = [
            lane
            for lane, course in courses.items()
            if lane not in self._lanes or self._lanes[lane].course != course
        ]
        for lane in astray:
            if lane in self._lanes:
                self._lanes[lane].steer(courses[lane])
            else:
                self._start(lane, courses[lane], group)
        for lane in set(self._lanes) - set(courses):
            self._lanes.pop(lane).stop()
        self._drop_unused_wires(group)
        return astray

    def _start(self, lane: LaneId, course: Course, group: asyncio.TaskGroup) -> None:
        runner = LaneRunner(lane, course, store=self._store, epoch=self._epoch, world=self._world)
        self._lanes[lane] = runner
        task = group.create_task(runner.run(), name=f"lane {self._names[lane]}")
        self._tasks[lane] = task
        task.add_done_callback(lambda _: self._tasks.pop(lane, None))

    def _course(self, running: Running, lane: Lane, target: Target) -> Course:
        endpoint = _endpoint_of(running, lane)
        key, listener = _listener(endpoint)
        wire = self._wires.get(key)
        if wire is None:
            wire = self._wires[key] = SharedWire(listener, make=self._make_wire, draw=self._world.draw)
        wire.use(listener)
        return Course(endpoint=endpoint, target=target, wire=wire)

    def _drop_unused_wires(self, group: asyncio.TaskGroup) -> None:
        for key in set(self._wires) - self._used_wires():
            group.create_task(self._close_wire(key), name="closing a wire")

    def _used_wires(self) -> set[str]:
        used = {id(lane.course.wire) for lane in self._lanes.values()}
        return {key for key, wire in self._wires.items() if id(wire) in used}

    async def _close_wire(self, key: str) -> None:
        """Close a wire once its turn has ended; until then it is the only way to its listener, for whoever comes."""
        if (wire := self._wires.get(key)) is not None:
            await wire.close()
            if key not in self._used_wires() and self._wires.get(key) is wire:
                self._past += wire.strays
                del self._wires[key]

    def wake(self, lanes: Iterable[LaneId]) -> None:
        """Let these lanes look again."""
        for lane in lanes:
            if runner := self._lanes.get(lane):
                runner.wake()

    def reported(self) -> Mapping[LaneId, TargetNumber]:
        """Return the target revision that each lane runs."""
        return {lane: runner.course.target.number for lane, runner in self._lanes.items()}

    def troubles(self) -> Mapping[LaneId, str]:
        """Return why lanes cannot work or connect, for those that cannot."""
        reasons = {lane: runner.defect or runner.course.wire.reason for lane, runner in self._lanes.items()}
        return {lane: reason for lane, reason in reasons.items() if reason}

    def strays(self) -> Mapping[LaneId, Strays]:
        """Return what came to each lane's listener that nobody waited for; lanes that share one share the count."""
        return {lane: runner.course.wire.strays for lane, runner in self._lanes.items()}

    def all_strays(self) -> Strays:
        """Return the same of all listeners, those that are gone too."""
        return sum((wire.strays for wire in self._wires.values()), self._past)

    async def stop(self) -> None:
        """Let attempts in flight end, each at most its limit, and close all wires."""
        self._is_stopping = True
        if self._looking is not None:
            self._looking.cancel()
        for lane in self._lanes.values():
            lane.stop()
        if self._tasks:
            await asyncio.wait(self._tasks.values())
        for wire in self._wires.values():
            await wire.close()


def _leaving_first(running: Running) -> list[tuple[Lane, Target]]:
    """Return the runnable lanes, leaving ones first, so that a configured lane sets the options of a shared listener.

    A lane of no endpoint that is applied has nothing to run, until its row is repaired.
    """
    can_run = [pair for pair in running.lanes if pair[0].leaving or _is_applied(running, pair[0])]
    return sorted(can_run, key=lambda pair: not pair[0].leaving)


def _is_applied(running: Running, lane: Lane) -> bool:
    return lane.site in running.sites and lane.endpoint in running.sites[lane.site].ehr_endpoints


def _endpoint_of(running: Running, lane: Lane) -> EhrEndpoint:
    """Return what a lane runs: what is applied, or the last settings of one that has left."""
    if lane.leaving:
        return EhrEndpoint.model_validate_json(lane.settings)
    return running.sites[lane.site].ehr_endpoints[lane.endpoint]


def _listener(endpoint: EhrEndpoint) -> tuple[str, Listener]:
    """Return the key of a listener, the same at every site, and its connection settings."""
    listener = Listener(
        host=endpoint.host,
        port=endpoint.port,
        connection_timeout_s=endpoint.connection_timeout.total_seconds(),
        minimum_gap_s=endpoint.minimum_gap.total_seconds(),
        keep_open=endpoint.connection == "keep_open",
    )
    tls = endpoint.tls.model_dump(mode="json")
    return json.dumps([same_host(endpoint.host), endpoint.port, tls], sort_keys=True), listener
