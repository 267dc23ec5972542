"""The text of a submission becomes events, or problems with JSON pointers; never with the values themselves."""

import json
from dataclasses import dataclass

from pydantic import ValidationError

from butterfly_gitops.daemon_thread import in_daemon_thread
from butterfly_gitops.dispatcher.intake import EventsRefused
from butterfly_gitops.model.event_problems import (
    event_problem,
    event_problems,
    not_json,
    with_distinct_keys,
)
from butterfly_gitops.model.problem import Problem
from butterfly_gitops.model.study import StudyEvent
from butterfly_gitops.web.limit import TooLarge

MOST_EVENTS = 1000
"""In one array: they are stored in one transaction, for which everything else that is stored waits."""
SMALLER_ARRAYS = "hand the events in by smaller arrays"
# A value takes 2 bytes of text, and a hundred times that of memory.
_MOST_VALUES = 500_000
_BEFORE_A_VALUE = (b",", b"[", b"{")
_SHORT_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What was handed in: one event, or an array of them."""

    events: tuple[StudyEvent, ...]
    is_array: bool

    @property
    def pointers(self) -> tuple[str, ...]:
        """Where each event stands in what was handed in."""
        return tuple(f"/{position}" if self.is_array else "" for position in range(len(self.events)))


async def read_submission_apart(body: bytes) -> Submission:
    """Read one event or an array; a long one in a thread, so that the loop goes on. Raises as `read_submission`."""
    return (
        read_submission(body) if len(body) <= _SHORT_BYTES else await in_daemon_thread(read_submission, body)
    )


def read_submission(body: bytes) -> Submission:
    """Read one event or an array. Raises TooLarge, and EventsRefused with every problem of every event."""
    if sum(map(body.count, _BEFORE_A_VALUE)) > _MOST_VALUES:
        raise TooLarge(f"over {_MOST_VALUES} values: {SMALLER_ARRAYS}")
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
    if len(items) > MOST_EVENTS:
        raise TooLarge(f"over {MOST_EVENTS} events: {SMALLER_ARRAYS}")
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
