"""What the figures were measured on."""

import os
import platform
import statistics
import time
from pathlib import Path

_SYNCS = 200


def described(folder: Path) -> str:
    """Tell processors, Python, what else runs, and how long an fsync takes where the states are."""
    busy = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} × {_processor()}, Python {platform.python_version()}, {platform.system()}; "
        f"load {busy:.1f} before the start; fsync {1000 * fsync_s(folder):.2f} ms"
    )


def fsync_s(folder: Path) -> float:
    """Return the median time of an fsync after a page was appended."""
    times = []
    with (folder / "fsync").open("wb", buffering=0) as file:
        for _ in range(_SYNCS):
            file.write(bytes(4096))
            began_s = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - began_s)
    return statistics.median(times)


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
