"""Makes documents of each file kind from the types of its model, spoils some of them, and writes them as YAML."""

import functools
import json
import re
import types
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, TypeAdapter

from butterfly_gitops.config.layers import EndpointLayer
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.fleet import FleetFile, GrantsFile
from butterfly_gitops.model.scalar import Name
from butterfly_gitops.model.site import ArchivesFile, EhrEndpointsFile, SiteFile

MODELS: dict[str, type[BaseModel]] = {
    "fleet": FleetFile,
    "grants": GrantsFile,
    "site": SiteFile,
    "ehr-endpoints": EhrEndpointsFile,
    "archives": ArchivesFile,
}
# What the models leave open, for the layers to be merged: each is an endpoint without what is required.
LAYERS: dict[tuple[str, str], type[BaseModel]] = {
    ("FleetFile", "presets"): EhrEndpoint,
    ("SiteFile", "endpoint_defaults"): EhrEndpoint,
    ("EhrEndpointsFile", "ehr_endpoints"): EndpointLayer,
}
# Letters of one code unit that need no care in a terminal; what a file may not hold at all is no schema's to say.
LETTERS = st.characters(codec="utf-8", categories=["L", "N", "P", "S"], max_codepoint=0x17F)
SPACED = LETTERS | st.just(" ")
ABSENT = object()

Value = Any


@functools.cache
def documents(kind: str, *, are_whole: bool = False) -> st.SearchStrategy[dict[str, Value]]:
    """Sound documents of one kind: what its model takes, by its types alone; whole ones have every setting."""
    return _of_model(MODELS[kind], is_layer=False, is_whole=are_whole)


@functools.cache
def _of_model(
    model: type[BaseModel], *, is_layer: bool, is_whole: bool
) -> st.SearchStrategy[dict[str, Value]]:
    hints = get_type_hints(model, include_extras=True)
    required, optional = {}, {}
    for name, info in model.model_fields.items():
        layer = LAYERS.get((model.__name__, name))
        values = (
            _of_layer(name, layer, is_whole=is_whole)
            if layer
            else _of_type(hints[name], is_layer=is_layer, is_whole=is_whole)
        )
        (required if info.is_required() and not is_layer else optional)[name] = values
    if is_whole:
        return st.fixed_dictionaries({**required, **optional})
    # A file says few of its optional settings; so does a generated one, or it would seldom be spoilt where it matters.
    few = st.lists(st.sampled_from(sorted(optional)), max_size=4, unique=True) if optional else st.just([])
    return few.flatmap(
        lambda names: st.fixed_dictionaries({**required, **{name: optional[name] for name in names}})
    )


def _of_layer(name: str, layer: type[BaseModel], *, is_whole: bool) -> st.SearchStrategy[dict[str, Value]]:
    # One whole layer is enough: the others are of the same model.
    values = _of_model(layer, is_layer=True, is_whole=is_whole and layer is EndpointLayer)
    if name == "endpoint_defaults":
        return values
    return st.dictionaries(_names(), values, min_size=int(is_whole), max_size=1 if is_whole else 2)


def _of_type(annotation: Any, *, is_layer: bool, is_whole: bool) -> st.SearchStrategy[Value]:
    bare = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    arguments = get_args(bare)
    match get_origin(bare):
        case origin if origin in (Union, types.UnionType):
            return st.one_of(*(_of_type(each, is_layer=is_layer, is_whole=is_whole) for each in arguments))
        case origin if origin is Literal:
            return st.sampled_from(arguments)
        case origin if origin is tuple:
            return st.lists(
                _of_type(arguments[0], is_layer=is_layer, is_whole=is_whole),
                min_size=int(is_whole),
                max_size=3,
                unique=True,
            )
        case origin if origin is dict:
            values = _of_type(arguments[1], is_layer=is_layer, is_whole=is_whole)
            return st.dictionaries(
                _key(arguments[0]), values, min_size=int(is_whole), max_size=1 if is_whole else 2
            )
    if bare is types.NoneType:
        return st.none()
    if bare is bool:
        return st.booleans()
    if issubclass(bare, BaseModel):
        return _of_model(bare, is_layer=is_layer, is_whole=is_whole)
    return _of_scalar(annotation, bare)


def _of_scalar(annotation: Any, bare: type) -> st.SearchStrategy[Value]:
    adapter: TypeAdapter[Any] = TypeAdapter(annotation, config=ConfigDict(strict=True))
    schema = adapter.json_schema()
    if bare is int:
        return st.integers(schema.get("minimum", 0), schema.get("maximum", 10**9))
    if bare is timedelta:
        return st.from_regex(schema["pattern"], fullmatch=True)
    least, most = schema.get("minLength", 0), schema.get("maxLength", 300)
    if pattern := schema.get("pattern"):
        texts = st.from_regex(pattern, fullmatch=True, alphabet=SPACED)
        return texts.filter(lambda text: least <= len(text) <= most)
    return st.text(SPACED, min_size=least, max_size=min(most, 12))


def _key(annotation: Any) -> st.SearchStrategy[str]:
    if annotation is str:
        return st.text(LETTERS, min_size=1, max_size=8)
    return _names() if annotation == Name else _of_scalar(annotation, str)


def _names() -> st.SearchStrategy[str]:
    return st.sampled_from(["epic", "server-room", "a", "0", "on", "null", "1e3", "x" * 63])


JUNK = st.one_of(
    st.sampled_from([
        None, True, False, 0, 1, -1, 3, 1.5, 65_536, 10**7, "", " ", "x", "x" * 21, "x" * 201, "x" * 64, "Epic", "a_b", "7",
        "30", "30s", "0s", "301s", "6m", "24h", "25h", "999999ms", "1000000ms", "01s", "1 s", "true", "UTF-8", "P", "/", "a|b",
        "host:1", "https://h", "10.20.30.40", "::1", " a", "a ", '""', "*", [], {}, [[]], ["a"], ["a", "a"], [1],
        ["a", "b", "c", "d"], {"a": 1}, {"file": "a"}, {"file": "a", "env": "A"}, {"namespace": "A"}, {"universal_id": "1"},
    ]),
    st.integers(-10, 10**6),
    st.text(SPACED, max_size=30),
)  # fmt: skip


@st.composite
def spoilt(draw: st.DrawFn, kind: str) -> dict[str, Value]:
    """A document with one or two things put out of order: a value, a missing key, a key too many, a name."""
    document = draw(documents(kind))
    for _ in range(draw(st.integers(1, 2))):
        document = draw(_with_one_change(document))
    return document


@st.composite
def _with_one_change(draw: st.DrawFn, document: dict[str, Value]) -> dict[str, Value]:
    path = draw(st.sampled_from(sorted(paths(document), key=str) or [()]))
    change = draw(st.sampled_from(["limit", "limit", "limit", "value", "absent", "key", "name"]))
    match change:
        case "limit":
            at = draw(st.integers(0, 10**6))
            return changed(document, path, lambda old: (edges := at_the_limits(old))[at % len(edges)])
        case "value":
            value = draw(JUNK)
            return changed(document, path, lambda _: value)
        case "absent":
            return changed(document, path, lambda _: ABSENT)
        case "key":
            key, value = draw(st.sampled_from(["Epic", "hots", "a b", "x" * 64, ""])), draw(JUNK)
            return changed(
                document, path[:-1], lambda old: {**old, key: value} if isinstance(old, dict) else old
            )
        case _:
            key = draw(st.sampled_from(["Epic", "other", "x" * 64]))
            return changed(document, path[:-1], lambda old: _renamed(old, path[-1:], key))


def _limits(kind: str) -> set[int]:
    """Each limit of numbers, or of lengths of texts, that a schema of the models sets."""
    schemas = json.dumps([model.model_json_schema() for model in (*MODELS.values(), EndpointLayer)])
    return {int(limit) for limit in re.findall(rf'"(?:{kind})": ([0-9]+)', schemas)}


@functools.cache
def _edges_of_numbers() -> list[int]:
    return sorted({limit + step for limit in _limits("minimum|maximum") for step in (-1, 0, 1)})


@functools.cache
def _edges_of_texts() -> list[str]:
    return [
        "a" * length for length in sorted({0} | {x + step for x in _limits("maxLength") for step in (0, 1)})
    ]


def at_the_limits(old: Value) -> list[Value]:
    """Values of the same kind, as long or as large as something may just be, or may just not be; and null."""
    match old:
        case bool():
            return [not old, "true", 1, None]
        case int():
            return [*_edges_of_numbers(), "1", None]
        case str() if re.fullmatch(r"[0-9]+(ms|s|m|h)", old):
            return [*_EDGES_OF_DURATIONS, 30, None]
        case str():
            return [*_edges_of_texts(), "A b", 7, None]
        case list():
            return [[*old, *old], [*old, "b", "c"], [*old, "b", "c", "d", "e"], "a", {}, None]
        case dict():
            inner = next(iter(old.values()), None)
            return [{"Epic": inner}, {"a_b": inner}, {"x" * 64: inner}, {}, [], "a", None]
    return ["a", None]


_EDGES_OF_DURATIONS = (
    "999ms", "1000ms", "300000ms", "300001ms", "0s", "1s", "300s", "301s", "86400s", "86401s", "5m", "6m", "1440m", "1441m",
    "1h", "24h", "25h", "00s", "1d",
)  # fmt: skip


def _renamed(old: Value, last: tuple[Any, ...], key: str) -> Value:
    if not (isinstance(old, dict) and last):
        return old
    return {(key if name == last[0] else name): value for name, value in old.items()}


def paths(value: Value, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where each value of a document stands, parents first."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    own = [path] if path else []
    return own + [found for key, inner in items for found in paths(inner, (*path, key))]


def changed(value: Value, path: tuple[Any, ...], change: Callable[[Value], Value]) -> Value:
    """The document with one value changed, or without it."""
    if not path:
        return change(value)
    first, *rest = path
    if isinstance(value, dict):
        entries = {
            key: changed(old, tuple(rest), change) if key == first else old for key, old in value.items()
        }
        return {key: new for key, new in entries.items() if new is not ABSENT}
    items = [changed(old, tuple(rest), change) if at == first else old for at, old in enumerate(value)]
    return [new for new in items if new is not ABSENT]


# How a plain scalar is read: the core schema of YAML 1.2.2, 10.3.2, as yaml-language-server has it.
_CORE = (
    (re.compile(r"null|Null|NULL|~|"), lambda _: None),
    (re.compile(r"true|True|TRUE"), lambda _: True),
    (re.compile(r"false|False|FALSE"), lambda _: False),
    (re.compile(r"[-+]?[0-9]+"), int),
    (re.compile(r"0o[0-7]+"), lambda text: int(text, 0)),
    (re.compile(r"0x[0-9a-fA-F]+"), lambda text: int(text, 0)),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), float),
    (re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"), lambda text: float(text.replace(".", ""))),
)


def core_value(text: str) -> Value:
    """What the core schema makes of a plain scalar."""
    for pattern, read in _CORE:
        if pattern.fullmatch(text):
            return read(text)
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A document, and its text."""

    value: Value
    text: str


def as_written(value: Value, *, is_plain: bool) -> Written:
    """A document as text: with as few quotes as it needs, or with as many as it bears."""
    return Written(value=value, text=_lines(value, "", is_plain=is_plain).strip() + "\n")


def written(document: st.SearchStrategy[Value]) -> st.SearchStrategy[Written]:
    """The documents as text, with few quotes or many."""
    return st.builds(lambda value, is_plain: as_written(value, is_plain=is_plain), document, st.booleans())


def _lines(value: Value, indent: str, *, is_plain: bool) -> str:
    if isinstance(value, dict) and value:
        return "".join(
            f"\n{indent}{_scalar(key, is_plain=is_plain)}:{_lines(inner, indent + '  ', is_plain=is_plain)}"
            for key, inner in value.items()
        )
    if isinstance(value, list) and value:
        return "".join(f"\n{indent}-{_lines(inner, indent + '  ', is_plain=is_plain)}" for inner in value)
    return f" {_scalar(value, is_plain=is_plain)}"


def _scalar(value: Value, *, is_plain: bool) -> str:
    if is_plain and isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9./][A-Za-z0-9./_+@ -]*(?<! )", value):
        return value if isinstance(core_value(value), str) else json.dumps(value)
    return json.dumps(value, ensure_ascii=False)
