"""A `run` that is killed when it passes a point for the n-th time: `POINT N STATE [SITES]`, with SITES on a new state.

As with `bgo run`, a line on standard error says that the API answers.
"""

import asyncio
import itertools
import os
import signal
import sys
from pathlib import Path

from butterfly_gitops.dispatcher.dial import TcpDialler
from butterfly_gitops.source.folder import FolderSource
from butterfly_gitops.store.sqlite import SqliteStore
from butterfly_gitops.wiring import Options, build
from tests.journeys.watched import Point, WatchedDialler


async def run(options, passed):
    watch_accept(passed)
    async with build(options, dialler=WatchedDialler(TcpDialler(), passed)) as engine:
        print(f"API at {engine.url}", file=sys.stderr, flush=True)
        await engine.run(asyncio.Event())


def watch_accept(passed):
    accept = SqliteStore.accept

    async def watched(self, *args, **kwargs):
        accepted = await accept(self, *args, **kwargs)
        passed(Point.ACCEPTED)
        return accepted

    SqliteStore.accept = watched


def killing_at(point, number):
    passings = itertools.count(1)

    def passed(where):
        if where is point and next(passings) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    return passed


def options(state, *sites):
    source = FolderSource(path=Path(sites[0])) if sites else None
    return Options(state=Path(state), create=bool(sites), source=source, port=0)


if __name__ == "__main__":
    asyncio.run(run(options(*sys.argv[3:]), killing_at(Point(sys.argv[1]), int(sys.argv[2]))))
