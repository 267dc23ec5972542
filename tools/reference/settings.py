"""The settings of each file and of each part of it, as tables, from the published schemas."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from butterfly_gitops.config.json_schema import documents, schema_of
from butterfly_gitops.config.layers import EndpointLayer
from butterfly_gitops.config.rules.tls import is_unbuilt
from butterfly_gitops.model.endpoint import EhrEndpoint
from tools.reference.values import Schema, as_yaml, in_words, meanings, parts_of

KINDS = ("fleet", "grants", "site", "ehr-endpoints", "archives")
_ENDPOINT = EndpointLayer.__name__
# A preset and the defaults are an endpoint that need not be complete; it is described once, where it stands.
_SAME = {EhrEndpoint.__name__: _ENDPOINT}
_FIRST_ADDRESS = {"fleet": "fleet", "grants": "grants"}
_THINGS = frozenset({"links", "ehr_endpoints", "archives"})
# The site gives it to all its endpoints.
_FROM_SITE = {"time_zone": "the site's"}
_WHERE_AN_ENDPOINT_STANDS = """\
A [preset](#where-an-endpoints-settings-come-from) and a site's `endpoint_defaults` take the same settings, and need not
have all of them; only `preset` and `renamed_from` stand in the endpoint alone.
"""
_LONGEST_EXAMPLE = 80
_HL7_FIELD = re.compile(r"\b(?:MSH|MSA|PID|PV1|ORC|OBR|OBX)-[0-9]{1,2}\b")


@dataclass(slots=True, kw_only=True)
class _Part:
    """A group of settings, and each address that leads to it."""

    title: str
    schema: Schema
    addresses: list[str] = field(default_factory=list)


def files(samples: Mapping[str, str]) -> Iterator[str]:
    """A section for each kind of file, with a sample of it by the name of the kind."""
    parts = _parts()
    for kind in KINDS:
        schema = _schema(kind)
        yield f"### {kind}.yaml\n\n{_about_file(schema)}\n\n```yaml\n{samples[kind].strip()}\n```\n"
        yield _table(schema, parts, required=frozenset(schema.get("required", ())), defaults={})


def groups() -> Iterator[str]:
    """A section for each part that files are made of, in the order in which they are met."""
    parts = _parts()
    needed = _needed()
    for name, part in parts.items():
        places = ", ".join(f"`{address}`" for address in part.addresses)
        yield f"### {part.title}\n\n{_sentence(part.schema['description'])} Address: {places}.\n"
        if name == _ENDPOINT:
            yield _WHERE_AN_ENDPOINT_STANDS
        required = needed.get(name, frozenset(part.schema.get("required", ())))
        defaults = _FROM_SITE if name == _ENDPOINT else {}
        yield _table(part.schema, parts, required=required - defaults.keys(), defaults=defaults)


def by_hl7_field() -> Iterator[tuple[str, list[str]]]:
    """Each field of a message that a description names, with the settings that name it, in the order of segments."""
    found: dict[str, list[str]] = {}
    for part in _parts().values():
        place = part.addresses[0] if part.addresses[0].startswith("SITE/ENDPOINT") else ""
        for name, schema in part.schema["properties"].items() if place else ():
            setting = f"{place}.{name}".removeprefix("SITE/ENDPOINT.")
            words = " ".join([schema.get("description", ""), *meanings(schema), *meanings(schema).values()])
            for one in dict.fromkeys(_HL7_FIELD.findall(words)):
                found.setdefault(one, []).append(setting)
    segments = ("MSH", "MSA", "PID", "PV1", "ORC", "OBR", "OBX")
    for one in sorted(found, key=lambda one: (segments.index(one[:3]), int(one[4:]))):
        yield one, found[one]


def version_of(kind: str) -> int:
    """The version of a kind of file that is written today."""
    return int(_schema(kind)["properties"]["version"]["const"])


def _schema(kind: str) -> Any:
    return json.loads(next(text for name, text in documents().items() if name.startswith(f"{kind}.v")))


def _parts() -> dict[str, _Part]:
    found: dict[str, _Part] = {}
    for kind in KINDS:
        schema = _schema(kind)
        _collect(schema, schema["$defs"], _FIRST_ADDRESS.get(kind, "SITE"), found)
    return found


def _needed() -> dict[str, frozenset[str]]:
    """What must be written in the end, by part of an endpoint: the schemas of layers leave it open."""
    whole = schema_of(EhrEndpoint, title="An endpoint")
    parts = {**whole["$defs"], _ENDPOINT: whole}
    return {name: frozenset(part.get("required", ())) for name, part in parts.items()}


def _collect(schema: Schema, defined: Mapping[str, Any], address: str, found: dict[str, _Part]) -> None:
    for name, value in schema.get("properties", {}).items():
        below = f"{address}.{name}"
        if isinstance(value.get("additionalProperties"), dict):
            below = f"SITE/{_kind_of(name)}" if name in _THINGS and address == "SITE" else f"{below}.NAME"
        for part in parts_of(value):
            if part in _SAME:
                continue
            known = found.setdefault(part, _Part(title=str(defined[part]["title"]), schema=defined[part]))
            known.addresses.append(below)
            _collect(defined[part], defined, below, found)


def _kind_of(name: str) -> str:
    return {"links": "LINK", "ehr_endpoints": "ENDPOINT", "archives": "ARCHIVE"}[name]


def _about_file(schema: Schema) -> str:
    _, _, says = str(schema["description"]).partition(": ")
    return _sentence(says[:1].upper() + says[1:])


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _table(
    schema: Schema, parts: Mapping[str, _Part], *, required: frozenset[str], defaults: Mapping[str, str]
) -> str:
    titles = {name: part.title for name, part in parts.items()}
    titles |= {name: titles[same] for name, same in _SAME.items()}
    lines = ["| Setting | Says | What to write | Default | Example |", "|---|---|---|---|---|"]
    told: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for name, value in schema["properties"].items():
        default = "must be written" if name in required else defaults.get(name) or _default(value)
        what = in_words(value, titles)
        cells = (f"`{name}`", value.get("description", ""), what, default, _example(name, value))
        lines.append(f"| {' | '.join(map(_cell, cells))} |")
        if words := meanings(value):
            marked = {word: f"{meaning}{_mark(name, word)}" for word, meaning in words.items()}
            told.setdefault(tuple(marked.items()), []).append(f"`{name}`")
    choices = [_choice(names, words) for words, names in told.items()]
    return "\n".join([*lines, *choices, ""])


def _mark(name: str, value: str) -> str:
    return " Not built yet: [refused](#not-built-yet)." if is_unbuilt(name, value) else ""


def _choice(names: list[str], words: Iterable[tuple[str, str]]) -> str:
    lines = [f"| {', '.join(names)} | means |", "|---|---|"]
    lines += [f"| `{value}` | {_cell(meaning)} |" for value, meaning in words]
    return "\n".join(["", *lines])


def _default(schema: Schema) -> str:
    default = schema.get("default")
    if default is None:
        return "not set"
    if default in ({}, []):
        return "none"
    if isinstance(default, dict):
        return "as said there"
    return f"`{as_yaml(default)}`"


def _example(name: str, schema: Schema) -> str:
    default = schema.get("default")
    others = [one for one in schema.get("enum", ()) if one != default]
    if schema.get("type") == "boolean":
        others = [not default]
    candidates = [*schema.get("examples", ()), *others, default, schema.get("const")]
    shown = next(
        (
            one
            for one in candidates
            if one is not None and one not in ({}, []) and not is_unbuilt(name, str(one))
        ),
        None,
    )
    line = f"`{name}: {as_yaml(shown)}`" if shown is not None else ""
    return line if len(line) <= _LONGEST_EXAMPLE else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
