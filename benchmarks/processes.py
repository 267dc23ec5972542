"""Processes that a benchmark starts: always ended, and asked for what they used."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATIENCE_S = 900
_TICKS = 100  # of the processor's clock in a second, as Linux tells them to every process (USER_HZ)


def measured(module: str, **job: Any) -> Any:
    """Run a module of ours that takes a job as JSON and prints what it measured as JSON."""
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{module}", json.dumps(job, default=str)],
        stdout=subprocess.PIPE,
        timeout=PATIENCE_S,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """How long a process ran, how long the processor worked for it, and its most memory in MB (as Linux counts it)."""

    seconds: float
    cpu_s: float
    most_mb: float


def finished(*command: str) -> Used:
    """Run a command to its end, which must be a good one; Python keeps its bytecode, as for whoever has installed it."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began_s = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began_s
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command[:4]
    return Used(seconds=seconds, cpu_s=usage.ru_utime + usage.ru_stime, most_mb=usage.ru_maxrss / 1024)


@contextlib.contextmanager
def started(*arguments: str, log: Path | None = None) -> Iterator[subprocess.Popen[str]]:
    """Start a module of Python; what it says on standard error goes to `log`."""
    with contextlib.ExitStack() as stack:
        said = stack.enter_context(log.open("w")) if log else None
        command = [sys.executable, "-m", *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True)
        try:
            yield process
        finally:
            process.terminate()
            with process:
                process.wait(60)


@contextlib.contextmanager
def sink(listeners: int) -> Iterator[tuple[list[int], subprocess.Popen[str]]]:
    """Start a sink; yields its ports, and the process, whose next line comes with its first message."""
    with started("benchmarks.sink", str(listeners)) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline()), process


@contextlib.contextmanager
def running(state: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """`bgo run` on a state, with its log as JSON beside it."""
    arguments = ("--state", str(state), "--listen", "127.0.0.1:0", "--log-format", "json")
    log = log_of(state)
    with started("butterfly_gitops", "run", *arguments, *options, log=log) as process:
        until(lambda: '"running"' in log.read_text() or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        yield process


def log_of(state: Path) -> Path:
    """Where `running` writes what it logs."""
    return state.with_suffix(".log")


def until(is_so: Any) -> None:
    """Ask again and again until it is so."""
    ends_s = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < ends_s, "it takes too long"
        time.sleep(0.02)


def memory_mb(pid: int, *, peak: bool) -> float:
    """Return a process' memory in MB, now or at most (Linux only)."""
    name = "VmHWM:" if peak else "VmRSS:"
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (kilobytes,) = [line.split()[1] for line in lines if line.startswith(name)]
    return int(kilobytes) / 1024


def cpu_s(pid: int) -> float:
    """Return the seconds of the processor that a process has used (Linux only)."""
    # Its name, which may hold blanks, ends with the last bracket; then fields 3 and on.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
