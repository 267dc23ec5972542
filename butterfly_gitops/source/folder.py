"""A folder on this machine as a source of configuration; for checks by hand, and where something else updates it.

Symbolic links are refused: what a review shows must be what is read.
"""

import hashlib
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from butterfly_gitops.config.rules.files import (
    FLEET_FILES,
    NO_PLAIN_FILE,
    NOT_ALLOWED,
    SUBMODULE,
    SYMBOLIC_LINK,
    Unread,
    is_yaml,
    unreadable,
)
from butterfly_gitops.config.text import pem
from butterfly_gitops.config.text.plain_text import MAX_BYTES
from butterfly_gitops.source.interface import Snapshot, SourceUnavailable

MAX_FILES = 20_000
MAX_TOTAL_BYTES = 64 * 2**20
"""Of all that is handed on; the files of 2,000 sites take a fifth of it."""

TOO_LARGE = bytes(MAX_BYTES + 1)
"""What stands for a YAML file that is too large, whatever it holds: nobody reads on."""

_USUAL_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderSource:
    """The sites folder at a path."""

    path: Path

    def fetch(self) -> Snapshot:
        """Read all files as they are now. Raises SourceUnavailable."""
        files = read_folder(self.path)
        revision = f"sha256:{digest_of(files)}"
        return Snapshot(files=files, revision=revision, described=f"{self.path}/", root=str(self.path))

    def is_forward(self, applied: Collection[str], commit: str) -> bool:  # noqa: ARG002 - a folder has no history
        """A folder has no history that could be left."""
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderContent:
    """The files below a sites folder by path, and those that cannot or must not be read."""

    files: Mapping[str, bytes]
    unread: Mapping[str, Unread]


def read_folder(path: Path) -> dict[str, bytes]:
    """Read the files below a sites folder, by their paths in it; all of them, or none.

    Raises SourceUnavailable as `look_through` does, and for the first thing that cannot be read.
    """
    found = look_through(path)
    for name, why in sorted(found.unread.items()):
        raise SourceUnavailable(str(path / name), f"{why.says}; {why.hint}")
    return dict(found.files)


def look_through(path: Path) -> FolderContent:
    """Read what can be read below a sites folder, and say why of the rest.

    Names that start with a dot are passed over. A YAML file that is too large is TOO_LARGE,
    any other file is handed on if it is small and in PEM or a private key (see `config.text.pem`), else as empty. Raises
    SourceUnavailable when the folder is missing, unreadable, or holds very many files, or very much in them.
    """
    if not path.is_dir():
        raise SourceUnavailable(str(path), "there is no such folder")
    files: dict[str, bytes] = {}
    unread: dict[str, Unread] = {}
    total = 0
    try:
        for name, found in _files_below(str(path), prefix=""):
            content = found if isinstance(found, Unread) else _content(found)
            if isinstance(content, Unread):
                unread[name] = content
            else:
                files[name] = content
                total += 0 if content is TOO_LARGE else len(content)
            refuse_excess(str(path), count=len(files) + len(unread), total=total)
    except OSError as error:
        raise SourceUnavailable(str(error.filename or path), error.strerror or "cannot be read") from error
    return FolderContent(files=files, unread=unread)


def refuse_excess(place: str, *, count: int = 0, total: int) -> None:
    """Raise SourceUnavailable where there are too many files, or too much in them."""
    if count > MAX_FILES:
        raise SourceUnavailable(place, f"more than {MAX_FILES} files; is this the sites folder?")
    if total > MAX_TOTAL_BYTES:
        raise SourceUnavailable(
            place, f"more than {MAX_TOTAL_BYTES // 2**20} MiB in its files; is this the sites folder?"
        )


def sites_folder_of(path: Path) -> Path:
    """The sites folder that a path lies in: itself, or the nearest one above that holds the fleet's files."""
    for candidate in (path, *path.parents):
        # Path.is_file raises where a folder may not be looked into.
        if any(os.path.isfile(candidate / name) for name in FLEET_FILES):  # noqa: PTH113
            return candidate
    return path if path.is_dir() or not path.exists() else path.parent


def digest_of(files: Mapping[str, bytes]) -> str:
    """Name a set of files by what they hold."""
    digest = hashlib.sha256()
    for name in sorted(files):
        for part in (os.fsencode(name), files[name]):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.hexdigest()


def _files_below(folder: str, *, prefix: str) -> Iterator[tuple[str, os.DirEntry[str] | Unread]]:
    # One look at a folder tells what its entries are; to ask each path takes four times as long.
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    if prefix and any(entry.name == ".git" for entry in found):
        yield prefix.removesuffix("/"), SUBMODULE
        return
    for entry in found:
        name = f"{prefix}{entry.name}"
        if entry.name.startswith("."):
            continue
        if entry.is_symlink():
            yield name, SYMBOLIC_LINK
        elif entry.is_dir():
            try:
                yield from _files_below(entry.path, prefix=f"{name}/")
            except OSError as error:
                yield name, _unreadable(error)
        else:
            yield name, entry


def _content(entry: os.DirEntry[str]) -> bytes | Unread:
    try:
        if not entry.is_file():
            return NO_PLAIN_FILE if is_yaml(entry.name) else b""
        if is_yaml(entry.name):
            content = _beginning(entry.path, MAX_BYTES)
            return TOO_LARGE if len(content) > MAX_BYTES else content
        return pem.kept_of(_beginning(entry.path, pem.MAX_BYTES))
    except OSError as error:
        return _unreadable(error)


def _unreadable(error: OSError) -> Unread:
    return (
        NOT_ALLOWED if isinstance(error, PermissionError) else unreadable(error.strerror or "no reason given")
    )


def _beginning(path: str, limit: int) -> bytes:
    """Read one byte more than the limit at most."""
    with open(path, "rb") as file:  # noqa: PTH123 - there are thousands, and their paths are text already
        # A read makes room for all that it may return, and nearly all files are small.
        content = file.read(_USUAL_BYTES)
        return content if len(content) < _USUAL_BYTES else content + file.read(limit + 1 - _USUAL_BYTES)
