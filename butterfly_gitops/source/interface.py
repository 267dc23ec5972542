"""The interface of a source: all files of one revision, or an error that says why there are none."""

from collections.abc import Collection, Mapping
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

    Keys of `files` are paths below the sites folder; of files that are no YAML only those in PEM and keys have
    content. Equal `revision`s mean equal files. `described` says what was read, for a person: `sites/`, `sites/ at 4be21f0`.
    `root` is the path that problems print before each file. `commit` is the commit that they are of, empty where
    there is none.
    """

    files: Mapping[str, bytes]
    revision: str
    described: str
    root: str
    commit: str = ""


class Source(Protocol):
    """A place that configuration comes from. Its methods may block; call them in a thread where that matters."""

    def fetch(self) -> Snapshot:
        """Read all files as of now. Raises SourceUnavailable."""

    def is_forward(self, applied: Collection[str], commit: str) -> bool:
        """Tell whether a snapshot's commit descends from all that are applied; a source without history says yes."""
