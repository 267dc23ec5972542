"""The text of a submission becomes events, or problems with JSON pointers; never with the values themselves."""

import json
from dataclasses import dataclass

from pydantic import ValidationError

from butterfly_gitops.dispatcher.intake import EventsRefused
from butterfly_gitops.model.event_problems import (
    event_problem,
    event_problems,
    not_json,
    with_distinct_keys,
)
from butterfly_gitops.model.problem import Problem
from butterfly_gitops.model.study import StudyEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What was handed in: one event, or an array of them."""

    events: tuple[StudyEvent, ...]
    is_array: bool

    @property
    def pointers(self) -> tuple[str, ...]:
        """Where each event stands in what was handed in."""
        return tuple(f"/{position}" if self.is_array else "" for position in range(len(self.events)))


def read_submission(body: bytes) -> Submission:
    """Read one event or an array. Raises EventsRefused with every problem of every event."""
    try:
        text = body.decode(json.detect_encoding(body))
        data = json.loads(text, object_pairs_hook=with_distinct_keys)
    except (ValueError, RecursionError) as error:
        raise EventsRefused([not_json(error)]) from None
    items = data if isinstance(data, list) else [data]
    is_array = isinstance(data, list)
    if not items:
        raise EventsRefused(
            [event_problem("empty-array", "there is no event in it", "", hint="hand in one or more")]
        )
    events: list[StudyEvent] = []
    problems: list[Problem] = []
    for position, item in enumerate(items):
        try:
            # In JSON mode an ISO time is a time; the strict Python mode would refuse the text.
            events.append(StudyEvent.model_validate_json(json.dumps(item) if is_array else text))
        except ValidationError as error:
            problems += event_problems(error, f"/{position}" if is_array else "", before=len(problems))
    if problems:
        raise EventsRefused(problems)
    return Submission(events=tuple(events), is_array=is_array)
