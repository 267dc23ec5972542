"""Problems of a text that is no study event: with JSON pointers, never with the values themselves."""

import difflib
import functools
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from butterfly_gitops.model.printable import short_digest
from butterfly_gitops.model.problem import Origin, Problem
from butterfly_gitops.model.study import NM_PATTERN, Study, StudyEvent

# By the kind of an error: what is wrong, and how to fix it. pydantic's own words are for programmers.
_A_TIME = "write it as 2026-11-24T14:03:11Z"
_BY_KIND = {
    "string_type": ("this must be text", "write it in quotes"),
    "string_too_short": ("this is empty", "write it, or take it out"),
    "string_pattern_mismatch": ("this is not written as it must be", ""),
    "int_type": ("this must be a whole number", "write digits alone, without quotes"),
    "int_from_float": ("this must be a whole number", "write digits alone, without quotes"),
    "int_parsing_size": ("this number is too large", "write a smaller one"),
    "tuple_type": ("this must be a list", "write [ and ] around it"),
    "model_type": ("this must be an object", "write its fields within { and }"),
    "timezone_aware": ("this time says no offset from UTC", "add an offset, such as Z"),
    "datetime_from_date_parsing": ("this is no time", _A_TIME),
    "datetime_parsing": ("this is no time", _A_TIME),
    "datetime_type": ("this is no time", _A_TIME),
}
# By what a validator of ours says, or else by field.
_HINTS = {
    "the document is over 20 MB": "make it smaller, or take it out",
    "the document is empty": "write the document in base64, or take it out",
    "sex": "write one of F, M, U, O, A, N",
    "birth_date": "write YYYY-MM-DD, or as much of it as is known: YYYY-MM or YYYY",
    "study_uid": "write digits and dots, at most 64",
    "images_url": "write a whole address, such as https://cloud.example.org/s/4711, without blanks",
    "base64": "write it in base64 in one line, without blanks",
}
_NO_SUCH_FIELD = "a study event has no such field"
_NO_BLANKS = "write it without blanks around it, or take it out"
# A comparison takes long, and whoever waits for it keeps others waiting.
_LONGEST_NAME = 64
_MOST_LOOKED_FOR = 100
# Type and subtype; parameters may follow.
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]* *(;|$)")


def with_distinct_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object, as `object_pairs_hook` of json. Raises ValueError for a key that it holds twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        # A name that is none of ours may tell of a patient.
        twice = next((f" ({key})" for key in _places_of_fields() if keys.count(key) > 1), "")
        raise ValueError(f"an object holds the same key twice{twice}")
    return found


def not_json(error: Exception) -> Problem:
    """Say why a text is no JSON, from what json or a codec raised of it."""
    if isinstance(error, json.JSONDecodeError):
        if not error.doc.strip():
            return event_problem("not-json", "there is nothing in it", "", hint="hand in an event, as JSON")
        hint = "look there: JSON has double quotes around names and texts, and no comma behind the last one"
        message = f"{error.msg} at line {error.lineno}, column {error.colno}"
        return event_problem("not-json", message, "", hint=hint)
    if isinstance(error, UnicodeDecodeError):
        return event_problem("not-json", f"no UTF-8 at byte {error.start}", "", hint="save it as UTF-8")
    if isinstance(error, RecursionError):
        return event_problem("not-json", "nested too deeply", "")
    if "integer string conversion" in str(error):
        return event_problem("not-json", "a number of more digits than any number here has", "")
    return event_problem("not-json", str(error), "")


def event_problems(error: ValidationError, prefix: str = "", *, before: int = 0) -> Iterator[Problem]:
    """List the problems of an event; `prefix` points to it in what was handed in.

    `before` counts the problems of other events in it: after many, the names that were meant are no longer looked for.
    """
    for number, one in enumerate(error.errors(include_url=False, include_input=False), start=before):
        pointer = prefix + _pointer(one["loc"])
        match one["type"]:
            case "missing":
                yield event_problem("missing-field", "this field is required", pointer, hint="add it")
            case "extra_forbidden":
                yield _unknown_field(one["loc"], prefix, is_looked_for=number < _MOST_LOOKED_FOR)
            case _:
                message, hint = _wrong(one)
                yield event_problem("wrong-value", message, pointer, hint=hint)


def _wrong(one: ErrorDetails) -> tuple[str, str]:
    """Describe a wrong value, and the hint. Of pydantic's context only our own limits are told."""
    kind, limits = one["type"], one.get("ctx", {})
    field = next((part for part in reversed(one["loc"]) if isinstance(part, str)), "")
    match kind:
        case "literal_error":
            choices = limits["expected"].replace("'", "")
            return "this is none of the values that it may have", f"write one of {choices}"
        case "string_too_long":
            return f"this is longer than {limits['max_length']} characters", "shorten it"
        case "greater_than_equal" | "less_than":
            return "this number is out of range", "write one from 0 to 2147483647"
        case "string_pattern_mismatch" if field not in _HINTS:
            return _BY_KIND[kind][0], _NO_BLANKS
    # The validators of our own say all; pydantic only adds whose words they are.
    message, hint = _BY_KIND.get(kind, (one["msg"].removeprefix("Value error, "), ""))
    return message, _HINTS.get(message) or hint or _HINTS.get(field, "")


def _unknown_field(place: Sequence[int | str], prefix: str, *, is_looked_for: bool) -> Problem:
    """Report a field that no event has; its name is somebody's text, and only repeated where it is one of ours."""
    name = str(place[-1])
    hint = _known_as(place) if is_looked_for else "take it out"
    if name in _places_of_fields():
        return event_problem("unknown-field", _NO_SUCH_FIELD, prefix + _pointer(place), hint=hint)
    message = f"{_NO_SUCH_FIELD} (SHA-256 of its name: {short_digest(name)}...)"
    return event_problem("unknown-field", message, prefix + _pointer(place[:-1]), hint=hint)


def _known_as(place: Sequence[int | str]) -> str:
    """Suggest the name that was meant, or the place where the field belongs."""
    name, known = str(place[-1]), _fields_at(place[:-1])
    near = (
        difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.75) if len(name) <= _LONGEST_NAME else []
    )
    if near:
        return f"write {near[0]}, if that is meant, or take it out"
    if homes := _places_of_fields().get(name):
        return f"write it in {homes[0] or 'the event itself'}, if that is meant, or take it out"
    return "take it out"


def _fields_at(place: Sequence[int | str]) -> tuple[str, ...]:
    model: type[BaseModel] | None = StudyEvent
    for part in place:
        if isinstance(part, str) and model:
            model = next((inner for name, inner in _fields(model) if name == part), None)
    return tuple(name for name, _ in _fields(model)) if model else ()


def _fields(model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel] | None]]:
    """Each field as events name it, with the model of its value, or of the items of its list."""
    for name, info in model.model_fields.items():
        yield info.alias or name, _model_in(info.annotation)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)


@functools.cache
def _places_of_fields() -> dict[str, list[str]]:
    """Pointers to the objects that hold each field of an event, by its name and without numbers of lists."""
    found: dict[str, list[str]] = {}
    below: list[tuple[type[BaseModel], str]] = [(StudyEvent, "")]
    for model, pointer in below:
        for name, inner in _fields(model):
            found.setdefault(name, []).append(pointer)
            if inner:
                below.append((inner, f"{pointer}/{name}"))
    return found


def _pointer(place: Sequence[int | str]) -> str:
    return "".join(f"/{_escaped(str(part))}" for part in place)


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


def problems_of_values(study: Study, pointer: str) -> Iterator[Problem]:
    """Find values that the format allows and no message could say; `pointer` leads to the study in what was handed in."""
    for number, one in enumerate(study.observations):
        if one.type == "numeric" and not re.fullmatch(NM_PATTERN, one.value):
            yield event_problem(
                "wrong-value",
                "a numeric observation's value must be a number, as HL7 writes them (NM)",
                f"{pointer}/observations/{number}/value",
                hint="write digits such as 55 or -0.5, or make its type text",
            )
    for number, document in enumerate(study.documents):
        if not _MEDIA_TYPE.match(document.media_type):
            yield event_problem(
                "wrong-value",
                "this is no media type (RFC 6838), so nobody could tell what the document is",
                f"{pointer}/documents/{number}/media_type",
                hint="write application/pdf for a PDF",
            )


def event_problem(rule: str, message: str, pointer: str, *, hint: str = "") -> Problem:
    """Make a problem of what was handed in."""
    return Problem(
        rule=rule, message=message, hint=hint, pointer=pointer, origin=Origin(file="request", line=0)
    )
