"""What every source promises: all files of one revision, or an error that says why there are none."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from butterfly_gitops.model.error import GitopsError


class SourceUnavailable(GitopsError):  # noqa: N818 - it says what is the case, as conditions do
    """The source cannot be read now, or must not be; what runs stays."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.place = place
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The files of one revision.

    Keys of `files` are paths below the sites folder; of files that are no YAML only the names count. Equal
    `revision`s mean equal files. `described` says what was read, for a person: `sites/`, `sites/ at 4be21f0`.
    `root` is the path that problems print before each file.
    """

    files: Mapping[str, bytes]
    revision: str
    described: str
    root: str


class Source(Protocol):
    """A place that configuration comes from. `fetch` may block; call it in a thread where that matters."""

    def fetch(self) -> Snapshot:
        """Read all files as of now. Raises SourceUnavailable."""
