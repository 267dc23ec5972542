"""What keeps a text from being a study event: problems with JSON pointers; never with the values themselves."""

import json
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from butterfly_gitops.model.problem import Origin, Problem

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


def with_distinct_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object, as `object_pairs_hook` of json. Raises ValueError for a key that it holds twice."""
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("an object holds the same key twice")
    return dict(pairs)


def not_json(error: Exception) -> Problem:
    """Say why a text is no JSON, from what json or a codec raised of it."""
    if isinstance(error, json.JSONDecodeError):
        return event_problem("not-json", f"{error.msg} at line {error.lineno}, column {error.colno}", "")
    if isinstance(error, UnicodeDecodeError):
        return event_problem("not-json", f"no UTF-8 at byte {error.start}", "")
    if isinstance(error, RecursionError):
        return event_problem("not-json", "nested too deeply", "")
    return event_problem("not-json", str(error), "")


def event_problems(error: ValidationError, prefix: str = "") -> Iterator[Problem]:
    """Each thing that is wrong with an event; `prefix` points to it in what was handed in."""
    for one in error.errors(include_url=False, include_context=False, include_input=False):
        pointer = prefix + "".join(f"/{_escaped(str(part))}" for part in one["loc"])
        match one["type"]:
            case "missing":
                yield event_problem("missing-field", "this field is required", pointer, mend="add it")
            case "extra_forbidden":
                yield event_problem(
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
                yield event_problem("wrong-value", _MESSAGES.get(kind, message), pointer, mend=mend)


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


def event_problem(rule: str, message: str, pointer: str, *, mend: str = "") -> Problem:
    """Make a problem of what was handed in."""
    return Problem(
        rule=rule, message=message, mend=mend, pointer=pointer, origin=Origin(file="request", line=0)
    )
