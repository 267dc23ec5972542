"""`bgo run` without a source, that is killed at the n-th passing of a named point: `POINT N STATE`.

As with `bgo run`, a line on standard error says that the API answers.
"""

import asyncio
import itertools
import os
import signal
import sys
from pathlib import Path

from butterfly_gitops.dispatcher.point import Point
from butterfly_gitops.wiring import Options, build


async def run(state, passed):
    async with build(Options(state=state, port=0), passed=passed) as engine:
        print(f"API at {engine.url}", file=sys.stderr, flush=True)
        await engine.run(asyncio.Event())


def killing_at(point, number):
    passings = itertools.count(1)

    def passed(where):
        if where is point and next(passings) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    return passed


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[3]), killing_at(Point(sys.argv[1]), int(sys.argv[2]))))
