"""The pieces of a text for who moves them about: where each begins and ends, and which quotes it has."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from butterfly_gitops.config.yaml_text import Events, fastest_events, of_first_document, python_events


class PieceKind(Enum):
    """What a piece of a text is, or begins, or ends."""

    MAPPING = "mapping"
    SEQUENCE = "sequence"
    END = "end"
    SCALAR = "scalar"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of a text for who moves it about: from `start` up to `end`, in characters.

    Of a mapping and a sequence `start` is that of the first key or dash, or of the bracket (`is_flow`), and the `end`
    of their end is behind the bracket. A scalar says `text`, in the quotes or behind the block sign that `style` is.
    """

    kind: PieceKind
    start: int
    end: int
    is_flow: bool = False
    text: str = ""
    style: str = ""


def pieces(text: str, events: Events = fastest_events) -> list[Piece]:
    """The pieces of a text that `read_text` has no problem with, in their order."""
    try:
        return list(_pieces(events(text)))
    except MarkedYAMLError:
        # As for `read_text`, the parser of the newer YAML decides.
        return list(_pieces(python_events(text)))


def _pieces(events: Iterator[Any]) -> Iterator[Piece]:
    for event in of_first_document(events):
        start, end = event.start_mark.index, event.end_mark.index
        match event:
            case ScalarEvent():
                style = event.style or ""
                yield Piece(kind=PieceKind.SCALAR, start=start, end=end, text=event.value, style=style)
            case MappingStartEvent():
                is_flow = bool(event.flow_style)
                yield Piece(kind=PieceKind.MAPPING, start=start, end=end, is_flow=is_flow)
            case SequenceStartEvent():
                is_flow = bool(event.flow_style)
                yield Piece(kind=PieceKind.SEQUENCE, start=start, end=end, is_flow=is_flow)
            case MappingEndEvent() | SequenceEndEvent():
                yield Piece(kind=PieceKind.END, start=start, end=end)
