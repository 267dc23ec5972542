"""The same message put together by two libraries for HL7, which are given its fields."""

from typing import Any

import hl7
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.core import Message


def fields_of(message: bytes) -> list[list[str]]:
    """Each segment of a message as its name and its fields."""
    return [line.split("|") for line in message.decode().removesuffix("\r").split("\r")]


def by_hl7(segments: list[list[str]]) -> str:
    """The message, without its last line end."""
    (name, _, *header), *others = segments
    start = [hl7.Field("", [text]) for text in (name, "|", "^~\\&")]
    made = [hl7.Segment("|", [*start, *map(_field, header)])]
    made += [hl7.Segment("|", list(map(_field, fields))) for fields in others]
    return str(hl7.Message("\r", made)).removesuffix("\r")


def _field(text: str) -> Any:
    parts = text.split("^")
    return hl7.Field("~", [hl7.Repetition("^", parts)] if len(parts) > 1 else parts)


def by_hl7apy(segments: list[list[str]]) -> str:
    """The message, without its last line end."""
    (_, _, *header), *others = segments
    message = Message("ORU_R01", version="2.5.1", validation_level=VALIDATION_LEVEL.TOLERANT)
    _give(message.msh, "msh", header, first=3)
    for name, *fields in others:
        _give(message.add_segment(name), name.lower(), fields, first=1)
    return str(message.to_er7())


def _give(segment: Any, name: str, fields: list[str], *, first: int) -> None:
    for number, text in enumerate(fields, start=first):
        if text:
            setattr(segment, f"{name}_{number}", text)
