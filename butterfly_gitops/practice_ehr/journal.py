"""The journal of a practice EHR: JSON Lines of all that it saw and did, its own account beside the ledger.

It holds whole messages, so its file is the owner's alone. Bytes stand in it as Latin-1 text, which keeps every one.
"""

import json
import os
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from butterfly_gitops.model.error import GitopsError


class JournalKind(StrEnum):
    """The kinds of entries."""

    CONNECTED = "connected"
    MESSAGE = "message"
    ANSWER = "answer"
    SILENCE = "silence"
    """A message was left without an answer."""
    FRAGMENT = "fragment"
    """The connection ended, and these last bytes were no whole block."""
    CLOSED = "closed"
    RESET = "reset"


class Direction(StrEnum):
    """The side that acted: the peer, or the practice EHR."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One line of the journal.

    `connection` counts from 1 at each listener. `control_id` is MSH-10 of the message that the line is about, with
    answers too; `code` the MSA-1 that was sent. `data` is the content of the block, without its frame.
    """

    at: datetime
    endpoint: str
    connection: int
    kind: JournalKind
    direction: Direction
    control_id: str = ""
    code: str = ""
    data: bytes = field(default=b"", repr=False)


class BadJournal(GitopsError):  # noqa: N818 - it says what is wrong
    """A file that cannot be read, or written, as a journal."""


class Journal:
    """Writes entries to the end of a file, each with one write of its own, so that a reader meets whole lines.

    Several practice EHRs may write one file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def __enter__(self) -> Self:
        try:
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            os.fchmod(self._file, 0o600)
        except OSError as error:
            self.__exit__()
            raise _bad(self._path, error) from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def write(self, entry: JournalEntry) -> None:
        """Add one entry. Raises BadJournal."""
        if self._file is None:
            raise BadJournal(f"{self._path}: the journal is closed")
        line = f"{json.dumps(_document(entry))}\n".encode("ascii")
        try:
            os.write(self._file, line)
        except OSError as error:
            raise _bad(self._path, error) from error


def read_journal(path: Path) -> list[JournalEntry]:
    """Read all entries; a last line that is not ended is still being written. Raises BadJournal."""
    try:
        lines = path.read_bytes().split(b"\n")[:-1]
    except OSError as error:
        raise _bad(path, error) from error
    return [_entry(line, path=path, number=number) for number, line in enumerate(lines, start=1)]


def _document(entry: JournalEntry) -> dict[str, Any]:
    """All fields in the order of the class, less those that say nothing."""
    document = {one.name: getattr(entry, one.name) for one in fields(entry)}
    document |= {"at": entry.at.isoformat(), "data": entry.data.decode("latin-1")}
    return {name: value for name, value in document.items() if value or name == "endpoint"}


def _entry(line: bytes, *, path: Path, number: int) -> JournalEntry:
    try:
        document = json.loads(line)
        read = {
            "at": datetime.fromisoformat(document["at"]),
            "kind": JournalKind(document["kind"]),
            "direction": Direction(document["direction"]),
            "data": document.get("data", "").encode("latin-1"),
        }
        return JournalEntry(**{**document, **read})
    except (ValueError, KeyError, TypeError, AttributeError):
        # The line itself may hold patient data; neither it nor what the parser says of it is shown.
        raise BadJournal(f"{path}:{number}: this line is no journal entry") from None


def _bad(path: Path, error: OSError) -> BadJournal:
    return BadJournal(f"{path}: {(error.strerror or 'cannot be used').lower()}")
