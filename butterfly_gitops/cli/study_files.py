"""Study events in files (one event, an array, or JSON Lines), and the sample studies beside a configuration."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from butterfly_gitops.model.event_problems import (
    event_problem,
    event_problems,
    not_json,
    problems_of_values,
    with_distinct_keys,
)
from butterfly_gitops.model.problem import Problem
from butterfly_gitops.model.study import StudyEvent

SUFFIXES = frozenset({".json", ".jsonl", ".ndjson"})
# Whoever opens a pull request can put files there.
MOST_STUDIES = 200
MOST_BYTES = 40 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEvent:
    """One event of a file, or the problems that keep it from being read.

    `place` follows the file's name: empty for an event alone, else `:LINE` of JSON Lines, or `[N]` of an array from 0.
    """

    place: str
    event: StudyEvent | None = None
    problems: tuple[Problem, ...] = ()


def read_events(content: bytes) -> Iterator[FileEvent]:
    """Read each event of a file's content. Never raises, whatever the content."""
    lines = [(number, line) for number, line in enumerate(content.split(b"\n"), start=1) if line.strip()]
    # An event over several lines has none that is an object.
    if len(lines) > 1 and isinstance(_parsed(lines[0][1]), dict):
        for number, line in lines:
            yield _read(line, f":{number}")
        return
    array = _parsed(content, object_pairs_hook=with_distinct_keys)
    if not isinstance(array, list):
        yield _read(content, "")
    elif not array:
        problem = event_problem("empty-array", "there is no event in it", "", hint="hand in one or more")
        yield FileEvent(place="", problems=(problem,))
    else:
        for number, one in enumerate(array):
            # Surrogates that stand alone are escaped again, and refused as they are elsewhere.
            yield _read(json.dumps(one).encode(), f"[{number}]")


def _parsed(text: bytes, **options: Any) -> Any:
    try:
        return json.loads(text, **options)
    except (ValueError, RecursionError):
        return None


def _read(content: bytes, place: str) -> FileEvent:
    try:
        text = content.decode(json.detect_encoding(content))
        json.loads(text, object_pairs_hook=with_distinct_keys)
    except (ValueError, RecursionError) as error:
        return FileEvent(place=place, problems=(not_json(error),))
    try:
        event = StudyEvent.model_validate_json(text)
    except ValidationError as error:
        return FileEvent(place=place, problems=tuple(event_problems(error)))
    problems = tuple(problems_of_values(event.study, "/study"))
    return FileEvent(place=place, event=None if problems else event, problems=problems)


def read_samples(path: Path) -> tuple[dict[str, StudyEvent], tuple[str, ...]]:
    """Read all study events of a file, or of the files below a folder, by their places.

    Also returns why each other event or file is not among them. Never raises, whatever lies there.
    """
    studies: dict[str, StudyEvent] = {}
    unread: list[str] = []
    for name, content in _contents(path):
        if isinstance(content, str):
            unread.append(f"{name}: {content}")
            continue
        for found in read_events(content):
            place = f"{name}{found.place}"
            if found.event is None:
                first = found.problems[0]
                where = f"{first.pointer}: " if first.pointer else ""
                hint = f"; {first.hint}" if first.hint else ""
                unread.append(f"{place}: no study event: {where}{first.message}{hint}")
            elif len(studies) == MOST_STUDIES:
                return studies, (
                    *unread,
                    f"{place} and what follows: more than {MOST_STUDIES} sample studies",
                )
            else:
                studies[place] = found.event
    return studies, tuple(unread)


def _contents(path: Path) -> Iterator[tuple[str, bytes | str]]:
    """Each file's name with its content, or with the reason why it is not read."""
    if not path.is_dir():
        yield path.name, _content(path)
        return
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path)
        if file.suffix.lower() in SUFFIXES and not any(part.startswith(".") for part in name.parts):
            yield name.as_posix(), _content(file)


def _content(file: Path) -> bytes | str:
    # As below `sites/`: what a review shows must be what is read.
    if file.is_symlink():
        return "a symbolic link; put the file itself there"
    try:
        if not file.is_file():
            return "no plain file"
        if file.stat().st_size > MOST_BYTES:
            return f"over {MOST_BYTES // 1024 // 1024} MiB"
        return file.read_bytes()
    except OSError as error:
        return (error.strerror or "cannot be read").lower()
