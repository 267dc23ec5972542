"""Study events as they lie in files: one event, an array, or JSON Lines; and what keeps one from being read."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One event of a file, or why it is none.

    `place` is empty where the file holds one event alone, else the line of JSON Lines, or `[N]` of an array from 0.
    """

    place: str
    event: StudyEvent | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def problem(self) -> str:
        """The first of its problems, in one line."""
        first = self.problems[0]
        where = f"{first.pointer}: " if first.pointer else ""
        return f"no study event: {where}{first.message}{f'; {first.hint}' if first.hint else ''}"


def read_events(content: bytes) -> Iterator[Found]:
    """Each event of a file's content. Never raises, whatever the content."""
    lines = list(_json_lines(content))
    if lines:
        for number, line in lines:
            yield _found(line, place=str(number))
        return
    array = _parsed(content, with_distinct_keys)
    if not isinstance(array, list):
        yield _found(content)
    elif not array:
        yield Found(
            place="",
            problems=(
                event_problem("empty-array", "there is no event in it", "", hint="hand in one or more"),
            ),
        )
    else:
        for number, one in enumerate(array):
            # Surrogates that stand alone are escaped again, and refused as they are elsewhere.
            yield _found(json.dumps(one).encode(), place=f"[{number}]")


def _json_lines(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The numbered lines of JSON Lines; nothing where it is one text. An event over several lines ends none early."""
    lines = [(number, line) for number, line in enumerate(content.split(b"\n"), start=1) if line.strip()]
    if len(lines) > 1 and isinstance(_parsed(lines[0][1]), dict):
        yield from lines


def _parsed(text: bytes, hook: Callable[[list[tuple[str, Any]]], Any] | None = None) -> Any:
    try:
        return json.loads(text, object_pairs_hook=hook)
    except (ValueError, RecursionError):
        return None


def _found(content: bytes, *, place: str = "") -> Found:
    try:
        text = content.decode(json.detect_encoding(content))
        json.loads(text, object_pairs_hook=with_distinct_keys)
    except (ValueError, RecursionError) as error:
        return Found(place=place, problems=(not_json(error),))
    try:
        event = StudyEvent.model_validate_json(text)
    except ValidationError as error:
        return Found(place=place, problems=tuple(event_problems(error)))
    if problems := tuple(problems_of_values(event.study, "/study")):
        return Found(place=place, problems=problems)
    return Found(place=place, event=event)
