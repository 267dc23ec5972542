"""Study events as they lie in files: one event, an array, or JSON Lines; and what keeps one from being read."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from butterfly_gitops.model.study import StudyEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One event of a file, or why it is none.

    `place` is empty where the file holds one event alone, else the line of JSON Lines, or `[N]` of an array from 0.
    """

    place: str
    event: StudyEvent | None = None
    problem: str = ""


def read_events(content: bytes) -> Iterator[Found]:
    """Each event of a file's content. Never raises, whatever the content."""
    lines = list(_json_lines(content))
    if lines:
        for number, line in lines:
            yield _found(line, place=str(number))
        return
    array = _parsed(content)
    if not isinstance(array, list):
        yield _found(content)
    elif not array:
        yield Found(place="", problem="no study event: an empty array")
    else:
        for number, one in enumerate(array):
            # Surrogates that stand alone are escaped again, and refused as they are elsewhere.
            yield _found(json.dumps(one).encode(), place=f"[{number}]")


def _json_lines(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The numbered lines of JSON Lines; nothing where it is one text. An event over several lines ends none early."""
    lines = [(number, line) for number, line in enumerate(content.split(b"\n"), start=1) if line.strip()]
    if len(lines) > 1 and isinstance(_parsed(lines[0][1]), dict):
        yield from lines


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _found(text: bytes, *, place: str = "") -> Found:
    try:
        return Found(place=place, event=StudyEvent.model_validate_json(text))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = "/".join(map(str, first["loc"]))
    says = first["msg"].removeprefix("Value error, ")
    return Found(place=place, problem=f"no study event: {f'/{where}: ' if where else ''}{says}")
