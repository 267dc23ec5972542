"""A start of `bgo run` on a state in which many results wait for one endpoint."""

import json
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from benchmarks.figures import Figure, at_most
from benchmarks.processes import log_of, measured, memory_mb, running, sink
from benchmarks.sizes import Sizes

_MOST_S = 1
_MOST_MB = 300


def measure(folder: Path, sizes: Sizes) -> Iterator[Figure]:
    """Fill a state, start on it, and look when the first result comes and how much memory that took."""
    state = folder / "waiting"
    with sink(1) as (ports, process):
        assert process.stdout is not None
        measured("filling", state=state, ports=ports, waiting=sizes.waiting)
        began = time.time()
        with running(state) as run:
            first = float(process.stdout.readline())
            time.sleep(sizes.sending_s)
            memory = memory_mb(run.pid, peak=True)
    name = f"{sizes.waiting:,} waiting"
    yield Figure(
        name=f"{name}: start of the process to first send",
        value=first - began,
        unit="s",
        wanted=f"at most {_MOST_S} s",
        is_enough=at_most(_MOST_S),
    )
    yield Figure(name=f"{name}: state opened to first send", value=first - _opened(state), unit="s")
    yield Figure(
        name=f"{name}: most memory",
        value=memory,
        unit="MB",
        wanted=f"at most {_MOST_MB} MB",
        is_enough=at_most(_MOST_MB),
    )


def _opened(state: Path) -> float:
    """Return when the state was open, in seconds since 1970, as the log says."""
    lines = [json.loads(line) for line in log_of(state).read_text().splitlines() if line.startswith("{")]
    (opened,) = [line["timestamp"] for line in lines if line["event"] == "state opened"]
    return datetime.fromisoformat(opened).timestamp()
