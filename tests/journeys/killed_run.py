"""A `run` that is killed at the n-th passing of a named point: `POINT N STATE [SITES]`, with SITES on a new state.

As with `bgo run`, a line on standard error says that the API answers.
"""

import asyncio
import itertools
import os
import signal
import sys
from pathlib import Path

from butterfly_gitops.dispatcher.point import Point
from butterfly_gitops.source.folder import FolderSource
from butterfly_gitops.wiring import Options, build


async def run(options, passed):
    async with build(options, passed=passed) as engine:
        print(f"API at {engine.url}", file=sys.stderr, flush=True)
        await engine.run(asyncio.Event())


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
