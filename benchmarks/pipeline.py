"""Our pipeline as a process of its own: events accepted in it, rendered, acknowledged by the sink, and recorded."""

import asyncio
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmarks.fleet import apply_sites, archives_of, one_endpoint_each
from benchmarks.load import ARRAY, feed, settle_down, timed
from benchmarks.profiling import Profiles
from benchmarks.studies import arrays
from butterfly_gitops.dispatcher.dial import TcpDialler
from butterfly_gitops.dispatcher.intake import Intake
from butterfly_gitops.logs import configure_logs
from butterfly_gitops.model.delivery import State
from butterfly_gitops.model.study import StudyEvent
from butterfly_gitops.store.interface import Store
from butterfly_gitops.wiring import Engine, Options, build
from tests.journeys.watched import Point, WatchedDialler

_WARMING = 2
_POINTERS = tuple(f"/{position}" for position in range(ARRAY))


class Tally:
    """Counts answers that have been read, and tells when there are enough."""

    def __init__(self) -> None:
        self._left = 0
        self._done = asyncio.Event()

    def passed(self, point: Point) -> None:
        if point is Point.ANSWER_READ:
            self._left -= 1
            if self._left == 0:
                self._done.set()

    async def recorded(self, count: int, work: Any, store: Store) -> None:
        """Do the work, and wait until the outcomes of so many messages are durable."""
        self._done.clear()
        self._left = count
        await work
        await self._done.wait()
        # Its outcome is queued before whoever waits here runs; what the writer does next, it does after it.
        await store.views([])


async def _accept(intake: Intake, texts: list[str]) -> None:
    events = [StudyEvent.model_validate_json(text) for text in texts]
    await intake.accept(events, pointers=_POINTERS[: len(events)])


async def _measure(engine: Engine, tally: Tally, lanes: int, messages: int, profiles: Profiles | None) -> Any:
    services = engine.app.state.services
    store, archives = services.store, archives_of(lanes)

    def handed_in(count: int, prefix: str) -> Any:
        taken = list(arrays(count, size=ARRAY, archives=archives, prefix=prefix))
        return tally.recorded(count, feed(taken, lambda texts: _accept(services.intake, texts)), store)

    await handed_in(_WARMING * lanes, "warm")
    work = handed_in(messages, "timed")
    settle_down()
    if profiles:
        profiles.begin_here()
    timing = await timed(work, messages=messages)
    if profiles:
        profiles.end_here()
    states = (await store.ledger()).states
    assert states == {State.DELIVERED: _WARMING * lanes + messages}, states
    return timing.as_json()


async def _running(engine: Engine, work: Callable[[], Any]) -> Any:
    """Do the work while the engine runs."""
    stop, started = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(engine.run(stop, started=started.set))
        await started.wait()
        try:
            return await work()
        finally:
            stop.set()


async def run(folder: Path, ports: list[int], messages: int, profiles: Profiles | None) -> Any:
    """Time as many lanes as there are ports."""
    tally = Tally()
    options = Options(state=folder / "state", create=True, port=0, interval_s=3600)
    async with build(options, dialler=WatchedDialler(TcpDialler(), tally.passed)) as engine:
        await apply_sites(engine.app.state.services.store, one_endpoint_each(ports))
        return await _running(engine, lambda: _measure(engine, tally, len(ports), messages, profiles))


def main(job: dict[str, Any]) -> None:
    """Print the timing as JSON, or the profiles."""
    folder = Path(job["folder"])
    profiles = Profiles() if job.get("profile") else None
    with (folder / "log").open("w") as log, suppress(KeyboardInterrupt):
        configure_logs(log, as_json=False)
        if profiles:
            profiles.begin_in_threads()
        timing = asyncio.run(run(folder, job["ports"], job["messages"], profiles))
    told = profiles.told(messages=job["messages"]) if profiles else ""
    print(json.dumps({**timing, "profile": told}))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
