"""`POST /v1/study-events`: the body becomes events, or problems with JSON pointers; never with the values themselves."""

import json
from typing import Any

from fastapi import APIRouter, Request, Response, status
from pydantic import TypeAdapter, ValidationError

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
from butterfly_gitops.web.access import Asking, Given
from butterfly_gitops.web.documents import accepted_document
from butterfly_gitops.web.guard import GuardedRoute, needs
from butterfly_gitops.web.limit import MAX_BODY_BYTES, TooLarge, read_limited

MOST_EVENTS = 1000
"""In one array: they are stored in one transaction, for which everything else that is stored waits."""
_SMALLER_ARRAYS = "hand the events in by smaller arrays"
# A value takes 2 bytes of text, and a hundred times that of memory.
_MOST_VALUES = 500_000
_BEFORE_A_VALUE = (b",", b"[", b"{")
_SHORT_BYTES = 64 * 1024
_ARRAY = TypeAdapter(tuple[StudyEvent, ...])

router = APIRouter(route_class=GuardedRoute)


@router.post("/v1/study-events", status_code=status.HTTP_202_ACCEPTED)
@needs("send_results", "fleet")
async def post_study_events(request: Request, response: Response, services: Given, _: Asking) -> Any:
    """Take one study event or a JSON array of them, all or none.

    202 once they are durable, with the decisions made; 200 when all were known; 409 for a known id with other
    content; 422 with problems; 413 over the size limit or 1000 events; 503 when the store can't take them.
    """
    body = await read_limited(request, hint=_smaller)
    is_short = len(body) <= _SHORT_BYTES
    # A long body is read in a thread, so that the loop goes on.
    events, is_array = read_events(body) if is_short else await in_daemon_thread(read_events, body)
    pointers = tuple(f"/{position}" if is_array else "" for position in range(len(events)))
    accepted = await services.intake.accept(events, pointers=pointers)
    if all(one.is_known for one in accepted):
        response.status_code = status.HTTP_200_OK
    documents = [accepted_document(one) for one in accepted]
    return documents if is_array else documents[0]


def _smaller(start: bytes) -> str:
    if start.lstrip().startswith(b"["):
        return _SMALLER_ARRAYS
    return f"one event takes at most {MAX_BODY_BYTES // 2**20} MiB"


def read_events(body: bytes) -> tuple[tuple[StudyEvent, ...], bool]:
    """Parse one event or an array, and tell whether it is an array.

    Raises TooLarge, and EventsRefused with every problem of every event.
    """
    if sum(map(body.count, _BEFORE_A_VALUE)) > _MOST_VALUES:
        raise TooLarge(f"over {_MOST_VALUES} values: {_SMALLER_ARRAYS}")
    try:
        text = body.decode(json.detect_encoding(body))
        # pydantic, which parses the events, takes the last of equal keys.
        data = json.loads(text, object_pairs_hook=with_distinct_keys)
    except (ValueError, RecursionError) as error:
        raise EventsRefused([not_json(error)]) from None
    is_array = isinstance(data, list)
    if is_array and not data:
        raise EventsRefused(
            [event_problem("empty-array", "there is no event in it", "", hint="hand in one or more")]
        )
    if is_array and len(data) > MOST_EVENTS:
        raise TooLarge(f"over {MOST_EVENTS} events: {_SMALLER_ARRAYS}")
    try:
        events = _ARRAY.validate_json(text) if is_array else (StudyEvent.model_validate_json(text),)
    except ValidationError as error:
        raise EventsRefused(_of_items(data) if is_array else [*event_problems(error)]) from None
    return events, is_array


def _of_items(items: list[Any]) -> list[Problem]:
    """Look at each event alone: of half a surrogate pair pydantic does not tell in which event it stands."""
    problems: list[Problem] = []
    for position, item in enumerate(items):
        try:
            StudyEvent.model_validate_json(json.dumps(item))
        except ValidationError as error:
            problems += event_problems(error, f"/{position}", before=len(problems))
    return problems
