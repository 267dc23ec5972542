"""What to write for a setting, in words, from the schema of its value."""

import json
import re
from collections.abc import Mapping
from typing import Any

from butterfly_gitops.model.meaning import PATTERN_HINT, VALUE_MEANINGS

Schema = Mapping[str, Any]

_PART = "#/$defs/"
# What other YAML readers, an editor's among them, take for a number.
_AS_NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?|0[xo][0-9A-Fa-f]+")
_PLAIN = re.compile(r"[A-Za-z0-9./_+-][^:#,\[\]{}]*")


def part_of(schema: Schema) -> str | None:
    """The part that a value is, or that each entry or item of it is."""
    if reference := schema.get("$ref"):
        return str(reference).removeprefix(_PART)
    for inner in (schema.get("additionalProperties"), schema.get("items"), *schema.get("anyOf", ())):
        if isinstance(inner, dict) and (found := part_of(inner)):
            return found
    return None


def parts_of(schema: Schema) -> list[str]:
    """All parts that a value can be, in order."""
    alternatives = schema.get("anyOf") or [schema]
    return [found for one in alternatives if (found := part_of(one))]


def in_words(schema: Schema, titles: Mapping[str, str]) -> str:
    """What to write: `a whole number from 1 to 65535`. `titles` are those of the parts, which are linked."""
    if "anyOf" in schema:
        return ", or ".join(_with_null(one, titles) for one in schema["anyOf"])
    if name := str(schema.get("$ref", "")).removeprefix(_PART):
        return f"[{titles[name]}](#{anchor(titles[name])})"
    return _with_null(schema, titles)


def meanings(schema: Schema) -> dict[str, str]:
    """Each word of a choice with its meaning."""
    pairs = zip(schema.get("enum", ()), schema.get(VALUE_MEANINGS, ()), strict=False)
    return {str(value): meaning for value, meaning in pairs if value is not None}


def as_yaml(value: Any) -> str:
    """A value as it stands in a file, in one line."""
    match value:
        case dict():
            return f"{{{', '.join(f'{as_yaml(name)}: {as_yaml(one)}' for name, one in value.items())}}}"
        case list():
            return f"[{', '.join(map(as_yaml, value))}]"
        case str():
            is_plain = _PLAIN.fullmatch(value) and not _AS_NUMBER.fullmatch(value)
            return value if is_plain else json.dumps(value, ensure_ascii=False)
        case _:
            return json.dumps(value)


def anchor(title: str) -> str:
    """The name by which a heading is linked to."""
    return re.sub(r"[^a-z0-9_ -]", "", title.lower()).replace(" ", "-")


def _with_null(schema: Schema, titles: Mapping[str, str]) -> str:
    kinds = schema.get("type", ())
    if kinds == "null":
        return "`null` for none"
    if isinstance(kinds, list):
        kind = next(one for one in kinds if one != "null")
        return f"{_one(schema, kind, titles)}, or `null` for none"
    return in_words(schema, titles) if "$ref" in schema else _one(schema, kinds, titles)


def _one(schema: Schema, kind: Any, titles: Mapping[str, str]) -> str:
    if "const" in schema:
        return f"`{as_yaml(schema['const'])}`"
    if "enum" in schema:
        return _listed([f"`{value}`" for value in schema["enum"] if value is not None])
    match kind:
        case "boolean":
            return "`true` or `false`"
        case "integer":
            return f"a whole number{_between(schema, 'minimum', 'maximum')}"
        case "array":
            most = f", at most {schema['maxItems']}" if "maxItems" in schema else ""
            return f"a list; each item: {in_words(schema['items'], titles)}{most}"
        case "object":
            most = f", at most {schema['maxProperties']}" if "maxProperties" in schema else ""
            return f"by name, each: {in_words(schema['additionalProperties'], titles)}{most}"
        case _:
            return _text(schema)


def _text(schema: Schema) -> str:
    hint = str(schema.get(PATTERN_HINT, ""))
    if hint.startswith("write "):
        return hint.removeprefix("write ")
    size = _between(schema, "minLength", "maxLength").strip().removeprefix("of ").removeprefix("from ")
    words = f"text of {size} character{'' if size == 'at least 1' else 's'}" if size else "text"
    return f"{words}; {hint}" if hint else words


def _between(schema: Schema, low: str, high: str) -> str:
    least, most = schema.get(low), schema.get(high)
    if least is not None and most is not None:
        return f" from {least} to {most}"
    if most is not None:
        return f" of at most {most}"
    return f" of at least {least}" if least is not None else ""


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
