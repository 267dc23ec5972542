"""The text of a submission becomes events, or problems with JSON pointers; never with the values themselves."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from butterfly_gitops.dispatcher.intake import EventsRefused
from butterfly_gitops.model.problem import Origin, Problem
from butterfly_gitops.model.study import StudyEvent

# By message, by kind of error, or else by field: what pydantic's own words leave open.
_MESSAGES = {
    "timezone_aware": "this time says no offset from UTC",
    "datetime_from_date_parsing": "this is no time",
    "datetime_parsing": "this is no time",
    "string_pattern_mismatch": "this is not written as it must be",
}
_A_TIME = "write it as 2026-11-24T14:03:11Z"
_MENDS = {
    "the document is over 20 MB": "make it smaller, or take it out",
    "the document is empty": "write the document in base64, or take it out",
    "timezone_aware": "add an offset, such as Z",
    "datetime_from_date_parsing": _A_TIME,
    "datetime_parsing": _A_TIME,
    "datetime_type": _A_TIME,
    "sex": "write one of F, M, U, O, A, N",
    "birth_date": "write YYYY-MM-DD, or as much of it as is known: YYYY-MM or YYYY",
    "study_uid": "write digits and dots, at most 64",
    "base64": "write it in base64 in one line, without blanks",
}


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
        data = json.loads(text, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise EventsRefused([_not_json(error)]) from None
    items = data if isinstance(data, list) else [data]
    is_array = isinstance(data, list)
    if not items:
        raise EventsRefused(
            [_problem("empty-array", "there is no event in it", "", mend="hand in one or more")]
        )
    events: list[StudyEvent] = []
    problems: list[Problem] = []
    for position, item in enumerate(items):
        try:
            # In JSON mode an ISO time is a time; the strict Python mode would refuse the text.
            events.append(StudyEvent.model_validate_json(json.dumps(item) if is_array else text))
        except ValidationError as error:
            problems += _problems(error, f"/{position}" if is_array else "")
    if problems:
        raise EventsRefused(problems)
    return Submission(events=tuple(events), is_array=is_array)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("an object holds the same key twice")
    return dict(pairs)


def _not_json(error: Exception) -> Problem:
    if isinstance(error, json.JSONDecodeError):
        return _problem("not-json", f"{error.msg} at line {error.lineno}, column {error.colno}", "")
    if isinstance(error, UnicodeDecodeError):
        return _problem("not-json", f"no UTF-8 at byte {error.start}", "")
    if isinstance(error, RecursionError):
        return _problem("not-json", "nested too deeply", "")
    return _problem("not-json", str(error), "")


def _problems(error: ValidationError, prefix: str) -> Iterator[Problem]:
    for one in error.errors(include_url=False, include_context=False, include_input=False):
        pointer = prefix + "".join(f"/{_escaped(str(part))}" for part in one["loc"])
        match one["type"]:
            case "missing":
                yield _problem("missing-field", "this field is required", pointer, mend="add it")
            case "extra_forbidden":
                yield _problem(
                    "unknown-field", "a study event has no such field", pointer, mend="take it out"
                )
            case kind:
                # The validators of our own say all; pydantic only adds whose words they are.
                message = one["msg"].removeprefix("Value error, ")
                mend = (
                    _MENDS.get(message)
                    or _MENDS.get(kind)
                    or _MENDS.get(str(one["loc"][-1]) if one["loc"] else "", "")
                )
                yield _problem("wrong-value", _MESSAGES.get(kind, message), pointer, mend=mend)


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


def _problem(rule: str, message: str, pointer: str, *, mend: str = "") -> Problem:
    return Problem(
        rule=rule, message=message, mend=mend, pointer=pointer, origin=Origin(file="request", line=0)
    )
