"""The sample studies beside a configuration: which files they are, and which of them cannot be read."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from butterfly_gitops.cli.study_files import read_events
from butterfly_gitops.plan.preview import SampleStudy

SUFFIXES = frozenset({".json", ".jsonl", ".ndjson"})
# Whoever opens a pull request can put files there.
MOST_STUDIES = 200
MOST_BYTES = 40 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """What a folder, or one file, holds; `unread` says of each other event or file why it is none of them."""

    folder: str
    studies: tuple[SampleStudy, ...]
    unread: tuple[str, ...]


def read_samples(path: Path) -> Samples:
    """Read all study events of a file, or of the files below a folder. Never raises, whatever lies there."""
    folder = f"{path}/" if path.is_dir() else str(path)
    studies: list[SampleStudy] = []
    unread: list[str] = []
    for name, content in _contents(path, unread):
        for found in read_events(content):
            place = f"{name}{':' if found.place[:1].isdigit() else ''}{found.place}"
            if found.event is None:
                unread.append(f"{place}: {found.problem}")
            elif len(studies) == MOST_STUDIES:
                unread.append(f"{place} and what follows: more than {MOST_STUDIES} sample studies")
                return Samples(folder=folder, studies=tuple(studies), unread=tuple(unread))
            else:
                studies.append(SampleStudy(name=place, event=found.event))
    return Samples(folder=folder, studies=tuple(studies), unread=tuple(unread))


def _contents(path: Path, unread: list[str]) -> Iterator[tuple[str, bytes]]:
    if not path.is_dir():
        yield from _content(path, path.name, unread)
        return
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path).as_posix()
        is_hidden = any(part.startswith(".") for part in Path(name).parts)
        if file.suffix.lower() in SUFFIXES and not is_hidden:
            yield from _content(file, name, unread)


def _content(file: Path, name: str, unread: list[str]) -> Iterator[tuple[str, bytes]]:
    # As below `sites/`: what a review shows must be what is read.
    if file.is_symlink():
        unread.append(f"{name}: a symbolic link; put the file itself there")
        return
    try:
        if not file.is_file():
            unread.append(f"{name}: no plain file")
        elif file.stat().st_size > MOST_BYTES:
            unread.append(f"{name}: over {MOST_BYTES // 1024 // 1024} MiB")
        else:
            yield name, file.read_bytes()
    except OSError as error:
        unread.append(f"{name}: {(error.strerror or 'cannot be read').lower()}")
