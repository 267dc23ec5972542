"""The high-water mark: how far a state has come, kept outside its database, so that one put back in time is noticed.

Each commit that changes something raises a number in the database, in the same transaction; then the mark is brought
to it; only then is anybody answered and may a byte leave. A database behind its mark has lost what somebody was told.
"""

import os
import secrets
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from butterfly_gitops.model.error import GitopsError
from butterfly_gitops.store.rows import Rows

MARK = "mark"
_POINT = "point"
# Two records, each on a block of its own: one that is being written never harms the other.
_SLOTS = (0, 4096)
_SLOT_BYTES = 512
_FILE_BYTES = 8192


class MarkUnreadable(GitopsError):  # noqa: N818 - it says what is the case
    """The mark holds no record, which no crash explains."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A point in the history of a state.

    `history` names the run of commits that `commit` counts: another one begins where an older state is accepted.
    `events` and `deliveries` are their highest numbers, `at` is when it was committed.
    """

    history: str
    commit: int
    events: int
    deliveries: int
    at: datetime

    def text(self) -> str:
        """Return it as `read_point` reads it."""
        return f"{self.history} {self.commit} {self.events} {self.deliveries} {self.at.isoformat()}"


def read_point(text: str) -> Point | None:
    """Return the point that a text says, None for an empty one. Raises ValueError."""
    if not text:
        return None
    history, commit, events, deliveries, at = text.split()
    return Point(
        history=history,
        commit=int(commit),
        events=int(events),
        deliveries=int(deliveries),
        at=datetime.fromisoformat(at),
    )


def point_of(rows: Rows) -> Point | None:
    """Return how far the rows have come, None where they were never counted."""
    return read_point(rows.setting(_POINT))


def put_point(rows: Rows, point: Point) -> None:
    """Let the rows have come so far."""
    rows.put_setting(_POINT, point.text())


def new_history() -> str:
    """Draw a name for a run of commits."""
    return secrets.token_hex(8)


def start_of(history: str, *, at: datetime) -> Point:
    """Return where a history begins."""
    return Point(history=history, commit=0, events=0, deliveries=0, at=at)


def count_commit(rows: Rows, *, history: str, at: datetime) -> Point:
    """Count one more commit, as part of it; `history` is that of rows which were never counted."""
    known = point_of(rows) or start_of(history, at=at)
    point = replace(
        known,
        commit=known.commit + 1,
        events=rows.next_event() - 1,
        deliveries=rows.next_delivery() - 1,
        at=at,
    )
    put_point(rows, point)
    return point


class Mark:
    """The file of a mark; `write` makes a point durable at the price of one small write and sync."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None
        self._slot = 0

    def read(self) -> Point | None:
        """Return the newest point, None where there is no file. Raises MarkUnreadable, OSError."""
        try:
            data = self.path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        found = [(point, slot) for slot, at in enumerate(_SLOTS) if (point := _record_at(data, at))]
        if not found:
            raise MarkUnreadable(f"{self.path} is no mark of a state")
        newest, slot = max(found, key=lambda one: one[0].commit)
        self._slot = 1 - slot
        return newest

    def make(self, point: Point) -> None:
        """Make the file, whole or not at all. Raises OSError."""
        unfinished = self.path.with_name(f".{self.path.name}")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.pwrite(descriptor, _record(point).ljust(_FILE_BYTES), 0)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        unfinished.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._slot = 1

    def write(self, point: Point) -> None:
        """Bring the mark to a point; it is durable on return. Raises OSError."""
        if self._descriptor is None:
            self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CLOEXEC)
        os.pwrite(self._descriptor, _record(point), _SLOTS[self._slot])
        os.fdatasync(self._descriptor)
        self._slot = 1 - self._slot

    def close(self) -> None:
        """Let go of the file."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """The count of a writer's commits; `history` is that of a state which was never counted."""

    mark: Mark
    history: str
    now: Callable[[], datetime]


def _record(point: Point) -> bytes:
    text = point.text().encode()
    return (b"%08x %s" % (zlib.crc32(text), text)).ljust(_SLOT_BYTES - 1) + b"\n"


def _record_at(data: bytes, at: int) -> Point | None:
    checksum, _, text = data[at : at + _SLOT_BYTES].strip().partition(b" ")
    with suppress(ValueError):
        if int(checksum, 16) == zlib.crc32(text):
            return read_point(text.decode())
    return None
