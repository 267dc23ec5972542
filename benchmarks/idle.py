"""A real `bgo run` that follows the files of many endpoints, while nothing happens."""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure, at_most
from benchmarks.fleet import write_fleet
from benchmarks.processes import cpu_s, log_of, memory_mb, running, until
from benchmarks.sizes import Sizes

_MOST_MB = 500
_MOST_PERCENT = 2


def measure(folder: Path, sizes: Sizes) -> Iterator[Figure]:
    """Wait until all is applied and quiet, then watch for a while that holds a pass or two over the files."""
    files, state = folder / "idle-sites", folder / "idle"
    write_fleet(files, sites=sizes.sites, endpoints=sizes.idle_endpoints)
    with running(state, "--new-state", "--source", str(files)) as run:
        until(lambda: log_of(state).read_text().count('"applied"') > sizes.sites)
        until(lambda: _used(run.pid, 1) < sizes.calm_of_core)
        shares = [_used(run.pid, 1) for _ in range(sizes.idle_s)]
        memory, most = memory_mb(run.pid, peak=False), memory_mb(run.pid, peak=True)
    name = f"{sizes.sites * sizes.idle_endpoints:,} idle endpoints"
    yield Figure(
        name=f"{name}: memory",
        value=memory,
        unit="MB",
        wanted=f"at most {_MOST_MB} MB",
        is_enough=at_most(_MOST_MB),
    )
    yield Figure(name=f"{name}: most memory", value=most, unit="MB")
    yield Figure(
        name=f"{name}: processor, passes included",
        value=100 * statistics.mean(shares),
        unit="%",
        wanted=f"at most {_MOST_PERCENT} %",
        is_enough=at_most(_MOST_PERCENT),
    )
    yield Figure(name=f"{name}: processor between passes", value=100 * statistics.median(shares), unit="%")


def _used(pid: int, seconds: float) -> float:
    """Return which part of a core a process uses for so long."""
    before, began_s = cpu_s(pid), time.monotonic()
    time.sleep(seconds)
    return (cpu_s(pid) - before) / (time.monotonic() - began_s)
