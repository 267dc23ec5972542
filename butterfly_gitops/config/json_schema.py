"""The published JSON Schemas (2020-12) of files, events and problems, generated from the models.

Layers are derived: a preset, the endpoint defaults and an endpoint as written are an endpoint without what is
required. Writing the documents to disk, and saying that they are stale, belongs to `bgo schema`.
"""

import functools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from butterfly_gitops.config.layers import EndpointLayer
from butterfly_gitops.config.problem_document import ProblemDocument
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.fleet import FleetFile, GrantsFile
from butterfly_gitops.model.meaning import VALUE_MEANINGS
from butterfly_gitops.model.scalar import print_duration
from butterfly_gitops.model.site import ArchivesFile, EhrEndpointsFile, SiteFile
from butterfly_gitops.model.study import StudyEvent

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


def _worded(node: Any, parts: Mapping[str, Schema]) -> Any:
    """A schema with each property and part titled, described, and with a default that can be written as it is."""
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


DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """One published document: what it describes, and what stands where its model says only `dict[str, Any]`."""

    name: str
    title: str
    annotation: Any
    layer: type[BaseModel] | None = None


_KINDS = (
    _Kind(name="fleet", title="fleet.yaml", annotation=FleetFile, layer=EhrEndpoint),
    _Kind(name="grants", title="grants.yaml", annotation=GrantsFile),
    _Kind(name="site", title="site.yaml", annotation=SiteFile, layer=EhrEndpoint),
    _Kind(name="ehr-endpoints", title="ehr-endpoints.yaml", annotation=EhrEndpointsFile, layer=EndpointLayer),
    _Kind(name="archives", title="archives.yaml", annotation=ArchivesFile),
    _Kind(name="study-event", title="A study event", annotation=StudyEvent),
    _Kind(name="problems", title="Problems", annotation=list[ProblemDocument]),
)


class _AsWritten(GenerateJsonSchema):
    """Leaves titles to `schema_words`, and writes a default as people do."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        return False

    def encode_default(self, dft: Any) -> Any:
        return print_duration(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


def documents() -> Mapping[str, str]:
    """Each schema as text, by the name of its file."""
    return {
        f"{kind.name}.v1.schema.json": print_schema(
            schema_of(kind.annotation, title=kind.title, layer=kind.layer)
        )
        for kind in _KINDS
    }


def schema_of(annotation: Any, *, title: str, layer: type[BaseModel] | None = None) -> Schema:
    """The schema of a model as we publish it; for outputs whose models stand elsewhere, too."""
    generated = _changed(TypeAdapter(annotation).json_schema(schema_generator=_AsWritten), _close)
    head = {"$schema": DIALECT, "title": title, "description": generated.get("description", title)}
    schema: Schema = head | generated | head
    if layer:
        schema = _with_layer(schema, layer)
    worded: Schema = _worded(schema, schema.get("$defs", {}))
    return worded


def print_schema(schema: Schema) -> str:
    """A schema as it is committed."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _with_layer(schema: Schema, model: type[BaseModel]) -> Schema:
    layer = _changed(_relaxed(TypeAdapter(model).json_schema(schema_generator=_AsWritten)), _close)
    parts = {**schema.get("$defs", {}), **layer.pop("$defs", {}), model.__name__: layer}
    filled = _changed(schema, functools.partial(_fill, reference=f"#/$defs/{model.__name__}"))
    return {**filled, "$defs": parts}


def _changed(node: Any, change: Callable[[Schema], Schema]) -> Any:
    """A schema with each mapping in it changed, the inner ones first."""
    if isinstance(node, list):
        return [_changed(item, change) for item in node]
    if not isinstance(node, dict):
        return node
    return change({name: _changed(value, change) for name, value in node.items()})


def _close(schema: Schema) -> Schema:
    """Let a mapping by name take no other names: pydantic only says what those that fit must hold."""
    if "patternProperties" not in schema:
        return schema
    # Said of the names themselves, so that an editor can say what is wrong with one.
    ((pattern, value),) = schema.pop("patternProperties").items()
    names = {"type": "string", "pattern": pattern, **schema.get("propertyNames", {})}
    return {**schema, "propertyNames": names, "additionalProperties": value}


def _fill(schema: Schema, *, reference: str) -> Schema:
    """Refer to another schema where the model leaves the value open."""
    if schema.get("type") == "object" and schema.get("additionalProperties") is True:
        kept = {name: value for name, value in schema.items() if name not in ("type", "additionalProperties")}
        return {"$ref": reference, **kept}
    return schema


def _relaxed(schema: Schema) -> Schema:
    """The schema and its parts with nothing required: what a layer leaves out, another may say."""
    own, *parts = (
        {name: value for name, value in each.items() if name != "required"}
        for each in (schema, *schema.get("$defs", {}).values())
    )
    return {**own, "$defs": dict(zip(schema.get("$defs", {}), parts, strict=True))}
