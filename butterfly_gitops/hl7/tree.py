"""A message as a tree for people: segments and fields by their names, components and repetitions with decoded text.

It is read by the `hl7` library and not by what wrote it, so that it shows what another reader finds.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import hl7

from butterfly_gitops.hl7.charset import charset_of
from butterfly_gitops.hl7.escape import unescape
from butterfly_gitops.hl7.field_type import TYPE_OF_FIELD, component_name
from butterfly_gitops.hl7.layouts.catalog import LAYOUTS
from butterfly_gitops.model.endpoint import EhrEndpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldPart:
    """A field, one of its repetitions, a component or a part of one: either `text` or `parts`.

    `place` is as HL7 people say it: `PID-5`, `PID-5.1`, `OBR-33[2].1.2`. `name` is empty for what only
    `message.fields` fills. `is_data` marks what is encoded for machines (base64).
    """

    place: str
    name: str
    text: str = field(default="", repr=False)
    parts: tuple["FieldPart", ...] = ()
    is_data: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One segment with the fields that hold something; MSH without its delimiters."""

    name: str
    title: str
    fields: tuple[FieldPart, ...]


def tree_of(message: bytes, endpoint: EhrEndpoint) -> tuple[Segment, ...]:
    """Read a message of ours, as this endpoint gets it, into named segments."""
    known = LAYOUTS[endpoint.message.layout].segments
    text = message.decode(charset_of(endpoint.encoding).codec)
    found = []
    for segment in hl7.parse(text):
        name = str(segment[0])
        fields = {field.number: field.name for field in known[name].fields}
        value_type = str(segment[2]) if name == "OBX" else ""
        found.append(
            Segment(
                name=name, title=known[name].title, fields=tuple(_fields(name, segment, fields, value_type))
            )
        )
    return tuple(found)


def _fields(name: str, segment: Any, names: dict[int, str], value_type: str) -> Iterator[FieldPart]:
    # The first two fields of MSH are the delimiters themselves.
    for number in range(3 if name == "MSH" else 1, len(segment)):
        place = f"{name}-{number}"
        kind = value_type if place == "OBX-5" else TYPE_OF_FIELD.get(place, "")
        repetitions = list(segment[number])
        for count, repetition in enumerate(repetitions, start=1):
            at = place if len(repetitions) == 1 else f"{place}[{count}]"
            if part := _part(at, names.get(number, ""), repetition, kind):
                yield part


def _part(place: str, name: str, value: Any, kind: str, *path: int) -> FieldPart | None:
    """Name a value and all that it holds; None where it holds nothing.

    `path` leads to it from a repetition whose data type is `kind`: a component, and a subcomponent.
    """
    if path and not isinstance(value, str) and len(value) == 1:
        (value,) = value
    if isinstance(value, str):
        is_data = (kind, *path) == ("ED", 5)
        return FieldPart(place=place, name=name, text=unescape(value), is_data=is_data) if value else None
    found = (
        _part(f"{place}.{number}", component_name(kind, *path, number), one, kind, *path, number)
        for number, one in enumerate(value, start=1)
    )
    parts = tuple(part for part in found if part)
    return FieldPart(place=place, name=name, parts=parts) if parts else None
