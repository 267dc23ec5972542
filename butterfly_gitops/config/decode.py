"""A tree and a model become a value: the model picks the type of each scalar, and each problem knows its token.

Raw text never meets pydantic's lax mode: integers, booleans and lists are read here by their own patterns, and
pydantic only checks limits. Rules between values belong to `rules`, merging layers to `layers`.
"""

import functools
import re
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any, Final, Literal, Protocol, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from butterfly_gitops.config import secrets_by_value
from butterfly_gitops.config.nearest import nearest
from butterfly_gitops.config.tree import Entry, Mapping, Node, Place, Scalar, Sequence, problem_at
from butterfly_gitops.model.endpoint import HOST_PATTERN, FileReference, Reference
from butterfly_gitops.model.problem import Problem
from butterfly_gitops.model.scalar import NAME_PATTERN, parse_duration

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_SHOWN_CHARACTERS = 60


class _Failed:
    """Stands for a value that has a problem."""


FAILED: Final = _Failed()


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """How one reading goes: the problems so far, and what a missing value means.

    In a `relaxed` reading nothing is missing and no value is made: it checks a layer by itself.
    `searched` names the layers that were looked through for a missing value.
    """

    problems: list[Problem] = field(default_factory=list)
    relaxed: bool = False
    searched: str = ""

    def refuse(self, place: Place, *, rule: str, message: str, mend: str = "") -> _Failed:
        """Note a problem, and return what stands for the value."""
        self.problems.append(problem_at(place, rule=rule, message=message, mend=mend))
        return FAILED


class Reader(Protocol):
    """Reads one type. `at` is the key that the node stands behind; it names the value in messages."""

    @property
    def wants(self) -> str:
        """What to write, for a mend."""

    def read(self, node: Node, at: Scalar, context: Context) -> Any:
        """The value, or FAILED after its problems were noted."""


def decode(model: type[BaseModel], node: Node, *, at: Scalar, context: Context) -> Any:
    """Read a whole model. The value is an instance of it, or None where there are problems or in a relaxed reading."""
    value = reader_of(model).read(node, at, context)
    return None if value is FAILED or context.relaxed else value


def top_of(node: Node) -> Scalar:
    """What stands for the key of a whole file: its first key."""
    first = (
        next(iter(node.entries.values())).key.place
        if isinstance(node, Mapping) and node.entries
        else node.place
    )
    return Scalar(place=first, text="the file", is_plain=True)


def reader_of(annotation: Any) -> Reader:
    """The reader of a type as models write it."""
    bare = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    origin, arguments = get_origin(bare), get_args(bare)
    if bare is Any:
        return OpaqueReader()
    if origin in (Union, types.UnionType):
        return _union_reader(arguments)
    if origin is Literal:
        return ChoiceReader(choices=arguments)
    if origin is tuple:
        return ListReader(item=reader_of(arguments[0]))
    if origin is dict:
        return MapReader(key=reader_of(arguments[0]), value=reader_of(arguments[1]))
    if isinstance(bare, type) and issubclass(bare, BaseModel):
        return ModelReader(model=bare)
    return _scalar_reader(annotation, bare)


def _scalar_reader(annotation: Any, bare: Any) -> Reader:
    adapter: TypeAdapter[Any] = TypeAdapter(annotation, config=ConfigDict(strict=True))
    if bare is bool:
        return BooleanReader()
    if bare is int:
        return IntegerReader(adapter=adapter)
    if bare is timedelta:
        return DurationReader(adapter=adapter)
    if bare is str:
        return TextReader(adapter=adapter)
    raise TypeError(f"no reader for {annotation!r}")


def _union_reader(arguments: tuple[Any, ...]) -> Reader:
    members = tuple(member for member in arguments if member is not types.NoneType)
    readers = [reader_of(member) for member in members]
    models = tuple(reader for reader in readers if isinstance(reader, ModelReader))
    scalars = [reader for reader in readers if not isinstance(reader, ModelReader)]
    union: Reader
    if len(members) == 1:
        union = readers[0]
    else:
        union = UnionReader(scalar=scalars[0] if scalars else None, models=models)
    return OptionalReader(inner=union) if len(members) < len(arguments) else union


def shown(scalar: Scalar) -> str:
    """A value for a message, cut where it is long, and as it was written if a number would hide its quotes."""
    text = "********" if secrets_by_value.looks_secret(scalar.text) else scalar.text
    return f'"{text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"}"'


def is_refused_null(node: Node, at: Scalar, wants: str, context: Context) -> bool:
    """Whether nothing is written where a value is needed."""
    if not (isinstance(node, Scalar) and node.is_null):
        return False
    mend = f"write {wants}" if wants.endswith("for none") else f"write {wants}, or take the line out"
    if node.text and wants == "text":
        mend += f'; the word itself is "{node.text}", in quotes'
    context.refuse(node.place, rule="null-value", message=f"{at.text} has no value", mend=mend)
    return True


def scalar_for(node: Node, at: Scalar, wants: str, context: Context) -> Scalar | None:
    """The node as a scalar that is no null, or None after its problem was noted."""
    if is_refused_null(node, at, wants, context):
        return None
    if isinstance(node, Scalar):
        return node
    what = "a list" if isinstance(node, Sequence) else "a mapping"
    context.refuse(
        node.place, rule="wrong-type", message=f"{at.text} is {wants}, not {what}", mend=f"write {wants}"
    )
    return None


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
class BooleanReader:
    """Reads `true` and `false`, without quotes, and no other words for them."""

    wants: str = "true or false"

    def read(self, node: Node, at: Scalar, context: Context) -> Any:
        scalar = scalar_for(node, at, self.wants, context)
        if scalar is None:
            return FAILED
        if scalar.is_plain and scalar.text in ("true", "false"):
            return scalar.text == "true"
        lower = scalar.text.lower()
        meant = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(lower, lower)
        mend = f"write {meant}, without quotes" if meant in ("true", "false") else f"write {self.wants}"
        message = f"{at.text} is {self.wants}, not {shown(scalar)}"
        return context.refuse(scalar.place, rule="wrong-type", message=message, mend=mend)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegerReader:
    """Reads a decimal whole number without quotes or leading zeros."""

    adapter: TypeAdapter[Any]
    wants: str = "a whole number"

    def read(self, node: Node, at: Scalar, context: Context) -> Any:
        scalar = scalar_for(node, at, self.wants, context)
        if scalar is None:
            return FAILED
        if not (scalar.is_plain and _INTEGER.fullmatch(scalar.text)):
            message = f"{at.text} is {self.wants}, not {shown(scalar)}"
            return context.refuse(scalar.place, rule="wrong-type", message=message, mend=self._mend(scalar))
        try:
            return self.adapter.validate_python(int(scalar.text))
        except ValidationError:
            limits = self._limits()
            message = f"{at.text} is {scalar.text}; it must be {limits}"
            return context.refuse(
                scalar.place, rule="out-of-range", message=message, mend=f"write a whole number {limits}"
            )

    def _mend(self, scalar: Scalar) -> str:
        digits = scalar.text.strip().replace("_", "").lstrip("0")
        if _INTEGER.fullmatch(digits):
            return f"write {digits}, without quotes" if not scalar.is_plain else f"write {digits}"
        return "write digits only"

    def _limits(self) -> str:
        schema = self.adapter.json_schema()
        if "maximum" in schema:
            return f"from {schema.get('minimum', 0)} to {schema['maximum']}"
        return f"at least {schema.get('minimum', 0)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DurationReader:
    """Reads `250ms`, `30s`, `10m` or `2h`."""

    adapter: TypeAdapter[Any]
    wants: str = "a duration such as 30s"

    def read(self, node: Node, at: Scalar, context: Context) -> Any:
        scalar = scalar_for(node, at, self.wants, context)
        if scalar is None:
            return FAILED
        try:
            duration = parse_duration(scalar.text)
        except ValueError:
            message = f"{at.text} is {shown(scalar)}; a duration is a whole number and a unit"
            return context.refuse(scalar.place, rule="bad-duration", message=message, mend=self._mend(scalar))
        try:
            return self.adapter.validate_python(duration)
        except ValidationError as error:
            limits = str(error.errors(include_url=False, include_input=False)[0]["ctx"]["error"])
            message = f"{at.text} is {scalar.text}; it {limits}"
            mend = f"write a duration {limits.removeprefix('must be ')}"
            return context.refuse(scalar.place, rule="out-of-range", message=message, mend=mend)

    def _mend(self, scalar: Scalar) -> str:
        if re.fullmatch(r"[1-9][0-9]{0,5}", scalar.text):
            return f'write "{scalar.text}s"'
        if match := re.fullmatch(r"([1-9][0-9]{0,5})\s*(ms|s|m|h)[a-z]*", scalar.text.strip().lower()):
            return f'write "{match[1]}{match[2]}"'
        return "write 250ms, 30s, 10m or 2h"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextReader:
    """Reads any scalar as the text that was written, within the limits of its type."""

    adapter: TypeAdapter[Any]
    wants: str = "text"

    def read(self, node: Node, at: Scalar, context: Context) -> Any:
        scalar = scalar_for(node, at, self.wants, context)
        if scalar is None:
            return FAILED
        if secrets_by_value.looks_secret(scalar.text):
            context.problems.append(secrets_by_value.refused_value(scalar, name=at.text))
            return FAILED
        try:
            return self.adapter.validate_python(scalar.text)
        except ValidationError:
            return self._refuse(scalar, at, context)

    def _refuse(self, scalar: Scalar, at: Scalar, context: Context) -> _Failed:
        schema = self.adapter.json_schema()
        if schema.get("pattern") == NAME_PATTERN:
            message = f"{shown(scalar)} is no name: small letters, digits and hyphens, at most 63"
            return context.refuse(
                scalar.place, rule="bad-name", message=message, mend=_mend_name(scalar.text)
            )
        least, most = schema.get("minLength", 0), schema.get("maxLength", len(scalar.text))
        if not least <= len(scalar.text) <= most:
            message = f"{at.text} has {len(scalar.text)} characters; it must have {least} to {most}"
            return context.refuse(scalar.place, rule="out-of-range", message=message, mend="write it shorter")
        message = f"{at.text} cannot be {shown(scalar)}"
        mend = _PATTERN_WORDS.get(schema.get("pattern", ""), f"it must match {schema.get('pattern')}")
        return context.refuse(scalar.place, rule="wrong-value", message=message, mend=mend)


_PATTERN_WORDS = {
    HOST_PATTERN: "write a host name or an IP address alone; its port stands in `port`",
    r"^[^|^~\\&\x00-\x1f\x7f]+$": "leave out | ^ ~ \\ and &, which separate fields of HL7",
    r"^[A-Z_][A-Z0-9_]*$": "write the name of an environment variable: capitals, digits and _",
    r"^/": "write an absolute path, starting with /",
}


def _mend_name(text: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:63]
    return f'write "{slug}"' if slug else "write a name such as epic-prod"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceReader:
    """Reads one of a few words or numbers."""

    choices: tuple[Any, ...]

    @property
    def wants(self) -> str:
        return _one_of([str(choice) for choice in self.choices])

    def read(self, node: Node, at: Scalar, context: Context) -> Any:
        scalar = scalar_for(node, at, self.wants, context)
        if scalar is None:
            return FAILED
        for choice in self.choices:
            if scalar.text == str(choice) and (isinstance(choice, str) or scalar.is_plain):
                return choice
        meant = nearest(scalar.text, [str(choice) for choice in self.choices])
        mend = f'write "{meant}"' if meant and meant != scalar.text else f"write {self.wants}"
        message = f"{at.text} is {shown(scalar)}; it can be {self.wants}"
        return context.refuse(scalar.place, rule="wrong-value", message=message, mend=mend)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListReader:
    """Reads a list whose items have one type."""

    item: Reader
    wants: str = "a list in brackets"

    def read(self, node: Node, at: Scalar, context: Context) -> Any:
        if is_refused_null(node, at, "[] for none", context):
            return FAILED
        if not isinstance(node, Sequence):
            mend = f"write [{node.text}]" if isinstance(node, Scalar) else f"write {self.wants}"
            message = f"{at.text} is a list"
            return context.refuse(node.place, rule="wrong-type", message=message, mend=mend)
        items = tuple(self.item.read(item, at, context) for item in node.items)
        return FAILED if any(item is FAILED for item in items) else items


@dataclass(frozen=True, slots=True, kw_only=True)
class MapReader:
    """Reads a mapping whose keys are names of the writer's choice."""

    key: Reader
    value: Reader
    wants: str = "a mapping"

    def read(self, node: Node, at: Scalar, context: Context) -> Any:
        if (mapping := mapping_for(node, at, context)) is None:
            return FAILED
        values: dict[str, Any] = {}
        is_sound = True
        for entry in mapping.entries.values():
            key = self.key.read(entry.key, entry.key, context)
            value = self.value.read(entry.value, entry.key, context)
            is_sound = is_sound and key is not FAILED and value is not FAILED
            values[entry.key.text] = value
        return values if is_sound else FAILED


def mapping_for(node: Node, at: Scalar, context: Context) -> Mapping | None:
    """The node as a mapping, or None after its problem was noted."""
    if isinstance(node, Mapping):
        return node
    if not is_refused_null(node, at, "{} for none", context):
        what = shown(node) if isinstance(node, Scalar) else "a list"
        mend = "write one `key: value` in a line, indented below it"
        context.refuse(
            node.place, rule="wrong-type", message=f"{at.text} is a mapping, not {what}", mend=mend
        )
    return None


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
        if self._is_reference() and not (isinstance(node, Scalar) and node.is_null):
            context.problems.append(secrets_by_value.refused_value(node, name=at.text))
            return FAILED
        return self.models[0].read(node, at, context)

    def _is_reference(self) -> bool:
        return any(reader.model is FileReference for reader in self.models)

    def _model_of(self, node: Mapping) -> "ModelReader":
        """The model that knows most of the keys; the first of several."""
        return max(
            self.models, key=lambda reader: len(node.entries.keys() & reader.model.model_fields.keys())
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReader:
    """Reads a mapping whose keys are the settings of a model."""

    model: type[BaseModel]
    wants: str = "a mapping"

    def read(self, node: Node, at: Scalar, context: Context) -> Any:
        if (mapping := mapping_for(node, at, context)) is None:
            return FAILED
        readers = _fields(self.model)
        values = {
            name: readers[name].read(entry.value, entry.key, context)
            for name, entry in mapping.entries.items()
            if name in readers
        }
        unknown = [entry for name, entry in mapping.entries.items() if name not in readers]
        for entry in unknown:
            self._refuse_key(entry, context)
        missing = () if context.relaxed else tuple(self._missing(mapping))
        if missing:
            self._refuse_missing(missing, at, context)
        if unknown or missing or any(value is FAILED for value in values.values()):
            return FAILED
        return mapping if context.relaxed else self._validated(values, mapping, context)

    def _missing(self, mapping: Mapping) -> Iterator[str]:
        for name, info in self.model.model_fields.items():
            if info.is_required() and name not in mapping.entries:
                yield name

    def _refuse_missing(self, missing: tuple[str, ...], at: Scalar, context: Context) -> None:
        what = " and no ".join(missing)
        searched = f" (looked in {context.searched})" if context.searched else ""
        lines = ", ".join(f"`{name}:`" for name in missing)
        context.refuse(
            at.place, rule="missing-value", message=f"{at.text} has no {what}{searched}", mend=f"add {lines}"
        )

    def _refuse_key(self, entry: Entry, context: Context) -> None:
        key = entry.key
        if secrets_by_value.names_secret(key.text) or self.model in get_args(Reference):
            context.problems.append(secrets_by_value.refused_setting(entry))
            return
        known = self.model.model_fields.keys()
        meant = nearest(key.text, known)
        mend = f'write "{meant}"' if meant else f"known here: {', '.join(known)}"
        message = f"no setting is called {shown(key)}"
        context.refuse(key.place, rule="unknown-key", message=message, mend=mend)

    def _validated(self, values: dict[str, Any], mapping: Mapping, context: Context) -> Any:
        """The instance; what only the whole model checks, such as the size of a mapping, is refused here."""
        try:
            return self.model.model_validate(values)
        except ValidationError as error:
            for details in error.errors(include_url=False, include_input=False, include_context=False):
                entry = mapping.entries.get(str(details["loc"][0])) if details["loc"] else None
                place = entry.key.place if entry else mapping.place
                context.refuse(place, rule="out-of-range", message=details["msg"])
            return FAILED


@functools.cache
def _fields(model: type[BaseModel]) -> dict[str, Reader]:
    hints = get_type_hints(model, include_extras=True)
    return {name: reader_of(hints[name]) for name in model.model_fields}


def _one_of(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
