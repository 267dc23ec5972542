"""A tree and a model become a value: the model picks the reader of each setting, and each problem knows its token.

How a plain value is written belongs to `scalars`, rules between values to `rules`, merging to `layers`.
"""

import functools
import re
import types
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError

from butterfly_gitops.config import secrets
from butterfly_gitops.config.tree import Entry, Mapping, Node, Scalar, Sequence
from butterfly_gitops.config.typos import one_of
from butterfly_gitops.config.values import scalars
from butterfly_gitops.config.values.context import FAILED, Context, Reader, is_refused_null, read_once, shown
from butterfly_gitops.config.values.hosts import HostReader
from butterfly_gitops.config.values.unknown_keys import has_left_its_name, meant_by, refuse_key
from butterfly_gitops.model import endpoint

_MOST_NAMED = 8
_CERTIFICATE_PATH = re.compile(r"/?(?:[a-z0-9_.-]{1,40}/){0,8}[a-z0-9_.-]{1,60}\.(?:pem|crt|cer)")


def decode(model: type[BaseModel], node: Node, *, at: Scalar, context: Context) -> Any:
    """Read a whole model: an instance of it, or None where there are problems or in a relaxed reading."""
    value = ModelReader(model=model).read(node, at, context)
    return None if value is FAILED or context.relaxed else value


def top_of(node: Node) -> Scalar:
    """Give a whole file a key to be named by: its first one."""
    first = next(iter(node.entries.values()), None) if isinstance(node, Mapping) else None
    return Scalar(place=first.key.place if first else node.place, text="the file", is_plain=True)


def reader_of(annotation: Any) -> Reader:
    """Choose the reader of a type as models write it."""
    bare = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    origin, arguments = get_origin(bare), get_args(bare)
    if bare is Any:
        return OpaqueReader()
    if origin in (Union, types.UnionType):
        return _union_reader(arguments)
    if origin is Literal:
        if "UTF-8" in arguments:
            return scalars.EncodingReader(offered=arguments)
        return scalars.ChoiceReader(choices=arguments, wants=one_of(map(str, arguments)))
    if origin is tuple:
        return ListReader(item=reader_of(arguments[0]))
    if origin is dict:
        return MapReader(key=reader_of(arguments[0]), value=reader_of(arguments[1]))
    if isinstance(bare, type) and issubclass(bare, BaseModel):
        return ModelReader(model=bare)
    return _scalar_reader(annotation, bare)


def _scalar_reader(annotation: Any, bare: Any) -> Reader:
    # Of all settings that there are, one file has few: what checks the others is never built.
    adapter: TypeAdapter[Any] = TypeAdapter(annotation, config=ConfigDict(strict=True, defer_build=True))
    if bare is bool:
        return scalars.BooleanReader()
    if bare is int:
        return scalars.IntegerReader(adapter=adapter)
    if bare is timedelta:
        return scalars.DurationReader(adapter=adapter)
    if bare is not str:
        raise TypeError(f"no reader for {annotation!r}")
    limits = (each for each in get_args(annotation) if isinstance(each, StringConstraints))
    pattern = next((each.pattern for each in limits), None)
    if pattern == endpoint.HOST_PATTERN:
        return HostReader()
    if pattern in (endpoint.ENV_PATTERN, endpoint.PATH_PATTERN):
        return scalars.ReferenceReader(adapter=adapter)
    return (
        scalars.IdentityReader(adapter=adapter)
        if pattern == endpoint.HD_PATTERN
        else scalars.TextReader(adapter=adapter)
    )


def _union_reader(arguments: tuple[Any, ...]) -> Reader:
    members = tuple(member for member in arguments if member is not types.NoneType)
    readers = [reader_of(member) for member in members]
    models = tuple(reader for reader in readers if isinstance(reader, ModelReader))
    others = [reader for reader in readers if not isinstance(reader, ModelReader)]
    union = UnionReader(scalar=others[0] if others else None, models=models) if members[1:] else readers[0]
    return OptionalReader(inner=union) if len(members) < len(arguments) else union


@dataclass(frozen=True, slots=True, kw_only=True)
class OpaqueReader:
    """Leaves the node as it is, for whoever knows its model."""

    wants: str = "a value"

    def read(self, node: Node, at: Scalar, context: Context) -> Any:  # noqa: ARG002 - it has nothing to refuse
        return node


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionalReader:
    """Reads null as None, else what it wraps."""

    inner: Reader

    @property
    def wants(self) -> str:
        return self.inner.wants

    def read(self, node: Node, at: Scalar, context: Context) -> Any:
        if isinstance(node, Scalar) and node.is_null and node.text:
            return None
        return self.inner.read(node, at, context)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListReader:
    """Reads a list whose items have one type."""

    item: Reader
    wants: str = "a list in brackets"

    def read(self, node: Node, at: Scalar, context: Context) -> Any:
        if is_refused_null(node, at, "[] for none", context):
            return FAILED
        if not isinstance(node, Sequence):
            hint = "write [first, second], [] for none" + (', or ["*"] for all' if at.text == "sites" else "")
            message = f"{at.text} is a list"
            return context.refuse(node.place, "wrong-type", message, hint)
        items = tuple(read_once(self.item, item, at, context) for item in node.items)
        return FAILED if any(item is FAILED for item in items) else items


def _mapping_for(
    node: Node, at: Scalar, context: Context, *, settings: tuple[str, ...] = ()
) -> Mapping | None:
    """Return the node as a mapping, or None after its problem was noted. `settings` are those that it must have."""
    if isinstance(node, Mapping):
        return node
    if not is_refused_null(node, at, "{} for none", context):
        what = shown(node) if isinstance(node, Scalar) else "a list"
        hint = "write one `key: value` in a line, indented below it"
        if settings:
            hint += f": {', '.join(settings[:_MOST_NAMED])}"
        message = f"{at.text} is a mapping, not {what}"
        context.refuse(node.place, "wrong-type", message, hint)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class MapReader:
    """Reads a mapping whose keys are names of the writer's choice."""

    key: Reader
    value: Reader
    wants: str = "a mapping"

    def read(self, node: Node, at: Scalar, context: Context) -> Any:
        if (mapping := _mapping_for(node, at, context)) is None:
            return FAILED
        settings = self.value.model.model_fields if isinstance(self.value, ModelReader) else ()
        values: dict[str, Any] = {}
        is_sound = True
        for entry in mapping.entries.values():
            if isinstance(self.value, MapReader | ModelReader) and has_left_its_name(entry, settings):
                message = f"{entry.key.text} is a setting, and a name is wanted here"
                hint = "indent it below the name that it is a setting of"
                context.refuse(entry.key.place, "wrong-type", message, hint)
                is_sound = False
                continue
            key = read_once(self.key, entry.key, entry.key, context)
            value = read_once(self.value, entry.value, entry.key, context)
            is_sound = is_sound and key is not FAILED and value is not FAILED
            values[entry.key.text] = value
        return values if is_sound else FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class UnionReader:
    """Reads text, or one of several mappings that their keys tell apart."""

    scalar: Reader | None
    models: tuple["ModelReader", ...]

    @property
    def wants(self) -> str:
        return self.scalar.wants if self.scalar else "a mapping"

    def read(self, node: Node, at: Scalar, context: Context) -> Any:
        if isinstance(node, Mapping):
            return self._model_of(node).read(node, at, context)
        if self.scalar is not None:
            return self.scalar.read(node, at, context)
        is_reference = any(reader.model is endpoint.FileReference for reader in self.models)
        if not is_reference or (isinstance(node, Scalar) and node.is_null):
            return self.models[0].read(node, at, context)
        # A private key never lies in the repository, so no hint leads there.
        if isinstance(node, Scalar) and at.text != "key" and _CERTIFICATE_PATH.fullmatch(node.text):
            message = f"{at.text} is a reference, not {shown(node)}"
            hint = f"write {{{'path' if node.text.startswith('/') else 'file'}: {node.text}}}"
            return context.refuse(node.place, "wrong-type", message, hint)
        context.problems.append(secrets.refused_value(node, name=at.text))
        return FAILED

    def _model_of(self, node: Mapping) -> "ModelReader":
        """Choose the model that knows most of the keys; the first of several."""
        return max(
            self.models, key=lambda reader: len(node.entries.keys() & reader.model.model_fields.keys())
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReader:
    """Reads a mapping whose keys are the settings of a model."""

    model: type[BaseModel]
    wants: str = "a mapping"

    def read(self, node: Node, at: Scalar, context: Context) -> Any:
        if (mapping := _mapping_for(node, at, context, settings=_required(self.model))) is None:
            return FAILED
        readers = _fields(self.model)
        values: dict[str, Any] = {}
        unknown: list[Entry] = []
        for name, entry in mapping.entries.items():
            if (reader := readers.get(name)) is None:
                unknown.append(entry)
                continue
            values[name] = read_once(reader, entry.value, entry.key, context)
        for entry in unknown:
            refuse_key(entry, self.model, context)
        # What stands in a reference instead of it has been refused, and is no reason to write a path beside it.
        is_judged = context.relaxed or (bool(unknown) and self.model in get_args(endpoint.Reference))
        missing = () if is_judged else tuple(self._missing(mapping, unknown))
        if missing:
            self._refuse_missing(missing, at, context)
        if unknown or missing or FAILED in values.values():
            return FAILED
        return mapping if context.relaxed else self._validated(values, mapping, context)

    def _missing(self, mapping: Mapping, unknown: list[Entry]) -> Iterator[str]:
        """The settings that must be there and are not, unless a misspelt key stands for it, which is refused by itself."""
        absent = [name for name in _required(self.model) if name not in mapping.entries]
        misspelt = {meant_by(entry.key, self.model) for entry in unknown} if absent else set()
        yield from (name for name in absent if name not in misspelt)

    def _refuse_missing(self, missing: tuple[str, ...], at: Scalar, context: Context) -> None:
        searched = f" (looked in {', '.join(map(str, context.searched))})" if context.searched else ""
        message = f"{at.text} has no {' and no '.join(missing)}{searched}"
        hint = f"add {', '.join(f'`{name}:`' for name in missing)}"
        context.refuse(at.place, "missing-value", message, hint)

    def _validated(self, values: dict[str, Any], mapping: Mapping, context: Context) -> Any:
        """Make the instance; what only the whole model checks, such as the size of a mapping, is refused here."""
        try:
            return self.model.model_validate(values)
        except ValidationError as error:
            for details in error.errors(include_url=False, include_input=False, include_context=False):
                entry = mapping.entries.get(str(details["loc"][0])) if details["loc"] else None
                place = entry.key.place if entry else mapping.place
                context.refuse(place, "out-of-range", details["msg"])
            return FAILED


@functools.cache
def _required(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(name for name, info in model.model_fields.items() if info.is_required())


@functools.cache
def _fields(model: type[BaseModel]) -> dict[str, Reader]:
    # Readers are shared with the model that this one extends: what one has read, the other need not read again.
    base = model.__base__
    inherited = _fields(base) if base and issubclass(base, BaseModel) else {}
    hints = get_type_hints(model, include_extras=True)
    return {
        name: inherited[name]
        if name in inherited and name not in model.__annotations__
        else reader_of(hints[name])
        for name in model.model_fields
    }
