"""What the frozen JSON Schema of an older version refuses, in our words and at the token.

The schema picks the type of each scalar, as the model does for today's version: `0123` is text where the schema
wants text. This module imports the `jsonschema` library; only `versions` imports it, when there is an older file.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from jsonschema.validators import extend

from butterfly_gitops.config.context import shown
from butterfly_gitops.config.decode import top_of
from butterfly_gitops.config.nearest import Guesses
from butterfly_gitops.config.secret_names import names_secret
from butterfly_gitops.config.secrets_by_value import (
    looks_secret,
    refused_setting,
    refused_value,
)
from butterfly_gitops.config.tree import Mapping, Node, Scalar, Sequence, problem_at
from butterfly_gitops.model.meaning import PATTERN_HINT
from butterfly_gitops.model.problem import Problem


class _Written(str):
    """A scalar for the validator: its text, which is whatever type the schema wants of it."""

    __slots__ = ("scalar",)

    scalar: Scalar


def refusals(root: Mapping, *, schema: str, what: str) -> Iterator[Problem]:
    """What a frozen schema refuses of a tree; `what` names the version and its kind in messages."""
    validator, guesses = _Validator(json.loads(schema)), Guesses()
    for error in sorted(
        validator.iter_errors(_data(root)), key=lambda error: list(map(str, error.absolute_path))
    ):
        # Of several shapes that would do, the one that is nearest says most.
        yield from _problems(best_match([error]), root, what, guesses)


def _data(node: Node) -> Any:
    match node:
        case Mapping():
            return {name: _data(entry.value) for name, entry in node.entries.items()}
        case Sequence():
            return [_data(item) for item in node.items]
        case Scalar():
            written = _Written(node.text)
            written.scalar = node
            return written


def _is_text(_checker: Any, value: Any) -> bool:
    return isinstance(value, str) and not (isinstance(value, _Written) and value.scalar.is_null)


def _is_null(_checker: Any, value: Any) -> bool:
    # Nothing at all behind a key is a slip of the pen, as it is today.
    return isinstance(value, _Written) and value.scalar.is_null and value.scalar.text != ""


def _is_boolean(_checker: Any, value: Any) -> bool:
    return isinstance(value, _Written) and value.scalar.is_plain and value in ("true", "false")


def _is_integer(_checker: Any, value: Any) -> bool:
    plain = isinstance(value, _Written) and value.scalar.is_plain
    return plain and re.fullmatch(r"-?(0|[1-9][0-9]{0,17})", value) is not None


def _equals(value: Any, wanted: Any) -> bool:
    if isinstance(value, _Written):
        return (
            value == wanted
            if isinstance(wanted, str)
            else value.scalar.is_plain and value == json.dumps(wanted)
        )
    return bool(value == wanted)


def _enum(_validator: Any, choices: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if not any(_equals(value, choice) for choice in choices):
        yield ValidationError("none of the choices")


def _const(_validator: Any, wanted: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if not _equals(value, wanted):
        yield ValidationError("another value")


def _minimum(validator: Any, least: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if validator.is_type(value, "integer") and int(value) < least:
        yield ValidationError("too small")


def _maximum(validator: Any, most: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if validator.is_type(value, "integer") and int(value) > most:
        yield ValidationError("too large")


# What our schemas say of numbers and choices; the rest of the dialect needs no other words for a scalar.
_Validator = extend(
    Draft202012Validator,
    validators={"enum": _enum, "const": _const, "minimum": _minimum, "maximum": _maximum},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
        {
            "string": _is_text,
            "null": _is_null,
            "boolean": _is_boolean,
            "integer": _is_integer,
            "number": _is_integer,
        }
    ),
)


def _problems(error: ValidationError, root: Mapping, what: str, guesses: Guesses) -> Iterator[Problem]:
    at, node = _found(root, list(error.absolute_path))
    if "propertyNames" in error.absolute_schema_path and isinstance(node, Mapping):
        key = node.entries[str(error.instance)].key
        message = f"{shown(key)} is no name in {what}"
        yield problem_at(key.place, rule="bad-name", message=message, hint=_wanted(error)[1])
        return
    match error.validator:
        case "additionalProperties":
            yield from _unknown_keys(error, node, what, guesses)
        case "required":
            missing = [name for name in error.validator_value if name not in error.instance]
            yield problem_at(
                at.place,
                rule="missing-value",
                message=f"{at.text} has no {' and no '.join(missing)}, which {what} needs",
                hint=f"add {', '.join(f'`{name}:`' for name in missing)}",
            )
        case _:
            yield _wrong_value(error, at, node, what)


def _found(root: Mapping, path: list[str | int]) -> tuple[Scalar, Node]:
    """The node at a path of the validator, and the key that it stands behind."""
    at, node = top_of(root), root
    found: Node = node
    for step in path:
        match found:
            case Mapping():
                entry = found.entries[str(step)]
                at, found = entry.key, entry.value
            case Sequence():
                found = found.items[int(step)]
            case Scalar():
                break
    return at, found


def _unknown_keys(error: ValidationError, node: Node, what: str, guesses: Guesses) -> Iterator[Problem]:
    known = list(error.schema.get("properties", {}))
    for name, entry in node.entries.items() if isinstance(node, Mapping) else ():
        if name in known:
            continue
        if names_secret(name):
            yield refused_setting(entry)
            continue
        key, meant = entry.key, guesses.nearest(entry.key, known)
        hint = f'write "{meant}"' if meant else f"known here: {', '.join(known)}"
        message = f"no setting of {what} is called {shown(key)}"
        yield problem_at(key.place, rule="unknown-key", message=message, hint=hint)


def _wrong_value(error: ValidationError, at: Scalar, node: Node, what: str) -> Problem:
    if isinstance(node, Scalar) and node.is_null and not node.text:
        hint = "write a value, or take the line out"
        return problem_at(node.place, rule="null-value", message=f"{at.text} has no value", hint=hint)
    if isinstance(node, Scalar) and looks_secret(node.text):
        return refused_value(node, name=at.text)
    rule, hint = _wanted(error)
    written = (
        shown(node) if isinstance(node, Scalar) else "a list" if isinstance(node, Sequence) else "a mapping"
    )
    message = f"{at.text} cannot be {written} in {what}"
    return problem_at(node.place, rule=rule, message=message, hint=hint)


def _wanted(error: ValidationError) -> tuple[str, str]:
    """The rule that a value breaks, and how to fix it."""
    limit = error.validator_value
    match error.validator:
        case "type":
            kinds = [limit] if isinstance(limit, str) else list(limit)
            return "wrong-type", f"write {' or '.join(_KINDS.get(kind, kind) for kind in kinds)}"
        case "enum":
            return "wrong-value", f"write {' or '.join(str(choice) for choice in limit)}"
        case "const":
            return "wrong-value", f"write {limit}"
        case "minimum":
            return "out-of-range", f"write a whole number of at least {limit}"
        case "maximum":
            return "out-of-range", f"write a whole number of at most {limit}"
        case "minLength" | "minItems" | "minProperties":
            return "out-of-range", f"write at least {limit} {_COUNTED[error.validator]}"
        case "maxLength" | "maxItems" | "maxProperties":
            return "out-of-range", f"write at most {limit} {_COUNTED[error.validator]}"
        case "pattern" if hint := error.schema.get(PATTERN_HINT):
            return "wrong-value", str(hint)
        case "pattern" if examples := error.schema.get("examples"):
            return "wrong-value", f"write a value such as {examples[0]}"
        case _:
            return "wrong-value", "look at the schema of its version"


_COUNTED = {
    "minLength": "characters", "maxLength": "characters", "minItems": "items", "maxItems": "items",
    "minProperties": "entries", "maxProperties": "entries",
}  # fmt: skip
_KINDS = {
    "string": "text",
    "integer": "a whole number, without quotes",
    "number": "a number, without quotes",
    "boolean": "true or false, without quotes",
    "null": "null",
    "array": "a list in brackets",
    "object": "a mapping: one `key: value` in a line, indented below it",
}
