"""One git process: what it writes is read as it comes, with limits on its time, its memory and the files it writes.

What it reads was written by others: a few hundred bytes of it may unpack to gigabytes. What is asked of git
stands in `git_command`.
"""

import atexit
import contextlib
import os
import selectors
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator, Iterator, Mapping, Sequence

from butterfly_gitops.source.interface import SourceUnavailable

MEMORY_BYTES = 2**30
"""Memory of its own; packs that it only maps do not count. The history of a large repository takes a part of it."""
FILE_BYTES = 4 * 2**30
"""The largest file, which is the pack of a whole history."""

# A shell sets the limits, which then hold for all that git starts: to set them between fork and exec is not safe in
# a process of several threads. ulimit counts in 1024 bytes, and files in 512.
_LIMITED = 'ulimit -c 0; ulimit -d "$0"; ulimit -f "$1"; shift; exec git "$@"'
_LIMITS = (str(MEMORY_BYTES // 1024), str(FILE_BYTES // 512))
_CHUNK_BYTES = 65536
_MOST_SAID = 65536

_running: set[subprocess.Popen[bytes]] = set()


def run_git(
    arguments: Sequence[str], *, environment: Mapping[str, str], given: bytes, limit_s: float
) -> Generator[bytes, None, tuple[int, bytes]]:
    """Run git and yield its output as it comes; return its exit code and the start of its errors.

    Closing the generator ends git with all that it started. Raises SourceUnavailable where there is no git, and
    TimeoutError when it does not end within the limit.
    """
    if shutil.which("git", path=environment.get("PATH", os.defpath)) is None:
        raise SourceUnavailable("git", "not found on PATH; other revisions are read through it")
    with tempfile.TemporaryFile() as file:
        # A file, not a pipe: git may write much before it has read all.
        file.write(given)
        file.seek(0)
        process = subprocess.Popen(  # noqa: S603 - fixed text, and what varies is no part of it
            ["/bin/sh", "-c", _LIMITED, *_LIMITS, *arguments],
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            # A group of its own: what git starts (ssh, remote-https) ends with it.
            start_new_session=True,
        )
    _running.add(process)
    errors = bytearray()
    with process:
        try:
            yield from _output(process, errors, ends=time.monotonic() + limit_s)
        finally:
            _end(process)
            _running.discard(process)
    return process.returncode, bytes(errors)


def _output(process: subprocess.Popen[bytes], errors: bytearray, *, ends: float) -> Iterator[bytes]:
    with selectors.DefaultSelector() as selector:
        for pipe in filter(None, (process.stdout, process.stderr)):
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(max(0.0, ends - time.monotonic()))
            if not ready:
                raise TimeoutError
            for key, _ in ready:
                chunk = os.read(key.fd, _CHUNK_BYTES)
                if not chunk:
                    selector.unregister(key.fileobj)
                elif key.fileobj is process.stdout:
                    yield chunk
                else:
                    errors += chunk[: _MOST_SAID - len(errors)]
    try:
        process.wait(max(0.0, ends - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise TimeoutError from None


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


@atexit.register
def _end_all() -> None:
    """End each git, for the thread that waits for it is a daemon."""
    for process in list(_running):
        _end(process)
