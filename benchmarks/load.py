"""What both pipelines are put under, and how it is measured: the same feeders, the same arrays, the same clocks."""

import asyncio
import gc
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict, dataclass

FEEDERS = 64
ARRAY = 8

Accept = Callable[[list[str]], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long so many messages took: on the wall, and of the processor, of all threads of the process."""

    messages: int
    wall_s: float
    cpu_s: float

    @property
    def rate(self) -> float:
        """Messages in a second."""
        return self.messages / self.wall_s

    @property
    def cpu_ms(self) -> float:
        """Milliseconds of the processor for a message."""
        return 1000 * self.cpu_s / self.messages

    def as_json(self) -> dict[str, float]:
        return asdict(self)


async def feed(arrays: Iterable[list[str]], accept: Accept) -> None:
    """Hand arrays in from several tasks, each the next as soon as its last one is answered."""
    waiting = iter(arrays)

    async def one_feeder() -> None:
        for array in waiting:
            await accept(array)

    async with asyncio.TaskGroup() as group:
        for _ in range(FEEDERS):
            group.create_task(one_feeder())


async def timed(work: Awaitable[None], *, messages: int) -> Timing:
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    await work
    return Timing(messages=messages, wall_s=time.perf_counter() - wall_s, cpu_s=time.process_time() - cpu_s)


def settle_down() -> None:
    """What `bgo run` sets before it runs."""
    sys.setswitchinterval(0.0005)
    gc.freeze()
