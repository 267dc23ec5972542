"""Words that an editor shows beside a schema's types: titles, descriptions, and defaults as people write them.

The words themselves stand in the models; here they are put where an editor looks for them.
"""

import re
from collections.abc import Mapping
from typing import Any

from butterfly_gitops.model.meaning import VALUE_MEANINGS

Schema = dict[str, Any]

# Editors show this in place of `description`, and its backticks as code.
SHOWN = "markdownDescription"

_ABBREVIATIONS = {
    word.lower(): word
    for word in ("EHR", "HD", "HL7", "ID", "OBR", "TLS", "UID", "URL", "AE", "AR", "CE", "CR")
}


def title_of(name: str) -> str:
    """A name of a field or a class in human words: `ack_timeout` is "Ack timeout", `EhrEndpoint` "EHR endpoint"."""
    first, *others = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).strip("_").split("_")
    words = [first[:1].upper() + first[1:], *(word.lower() for word in others)]
    return " ".join(_ABBREVIATIONS.get(word.lower(), word) for word in words)


def with_words(schema: Schema) -> Schema:
    """The schema with each property and part titled, described, and with a default that can be written as it is."""
    worded: Schema = _worded(schema, schema.get("$defs", {}))
    return worded


def _worded(node: Any, parts: Mapping[str, Schema]) -> Any:
    if isinstance(node, list):
        return [_worded(item, parts) for item in node]
    if not isinstance(node, dict):
        return node
    return {name: _keyword(name, value, parts) for name, value in _one_type(node).items()}


def _keyword(name: str, value: Any, parts: Mapping[str, Schema]) -> Any:
    match name:
        case "properties":
            return {key: _property(key, _worded(each, parts), parts) for key, each in value.items()}
        case "$defs":
            return {key: _part(key, _worded(each, parts)) for key, each in value.items()}
        case "default" | "examples" | "enum" | "const":
            return value  # what people write, and no schema
        case _:
            return _worded(value, parts)


def _part(name: str, schema: Schema) -> Schema:
    """A part with the title that its model gives itself, or with the model's name in human words."""
    own = schema.get("title", name)
    return {**schema, "title": title_of(name) if own == name else own}


def _property(name: str, schema: Schema, parts: Mapping[str, Schema]) -> Schema:
    part = parts.get(str(schema.get("$ref", "")).removeprefix("#/$defs/"), {})
    head = {"title": title_of(name), "description": part.get("description")} | schema
    default = _without_nothing(head.pop("default", None))
    described: Schema = {key: value for key, value in head.items() if value is not None}
    if "anyOf" in described:
        # An editor shows the alternative that fits, and a part says nothing of the property that holds it.
        said = {key: described[key] for key in ("title", "description") if key in described}
        described["anyOf"] = [said | each if "$ref" in each else each for each in schema["anyOf"]]
    says = [described["description"]] if "description" in described else []
    if default is not None:
        described["default"] = default
        says += [] if isinstance(default, dict) else [f"Default: {_written(default)}"]
    if says[1:] or "`" in "".join(says):
        described[SHOWN] = "\n\n".join(says)
    return described


def _one_type(schema: Schema) -> Schema:
    """A text or number that may be null as one type: an editor shows alternatives without the words beside them."""
    match schema.get("anyOf"):
        case [{"type": str(kind)} as only, {"type": "null"}] if kind != "object":
            either = {**schema, **only, "type": [kind, "null"]}
            del either["anyOf"]
            if "enum" in only:
                either["enum"] = [*only["enum"], None]
                either[VALUE_MEANINGS] = [*only[VALUE_MEANINGS], "Nothing is set here."]
            return either
    return schema


def _without_nothing(default: Any) -> Any:
    """A default without its nulls: nobody writes that a setting is not set."""
    if isinstance(default, dict):
        kept = {name: _without_nothing(value) for name, value in default.items()}
        return {name: value for name, value in kept.items() if value is not None}
    return default


def _written(default: Any) -> str:
    """A default as it stands in a file."""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, list):
        return f"`[{', '.join(str(item) for item in default)}]`"
    return f"`{default}`"
