"""The way into the YAML parser: its events, and the pieces of a text for whoever moves them about."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import takewhile
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    DocumentEndEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

try:
    from _ruamel_yaml import CParser  # type: ignore[import-not-found,unused-ignore]
except ImportError:  # a plain ruamel.yaml comes without it
    CParser = None

Events = Callable[[str], Iterator[Any]]
BLOCK_SIGNS = ("|", ">")


def c_events(text: str) -> Iterator[Any]:
    """The events of the C parser."""
    return iter(CParser(text).get_event, None)


def python_events(text: str) -> Iterator[Any]:
    """The events of the parser in Python, some twenty times slower."""
    yield from YAML(typ="safe", pure=True).parse(text)


fastest_events: Events = python_events if CParser is None else c_events


class PieceKind(Enum):
    """The kind of a piece of text."""

    MAPPING = "mapping"
    SEQUENCE = "sequence"
    END = "end"
    SCALAR = "scalar"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of a text: from `start` up to `end`, in characters.

    Of a mapping and a sequence `start` is that of the first key or dash, or of the bracket (`is_flow`), and the `end`
    of their end is behind the bracket. A scalar says `text`, in the quotes or behind the block sign that `style` is.
    """

    kind: PieceKind
    start: int
    end: int
    is_flow: bool = False
    text: str = ""
    style: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verbatim:
    """A scalar as it was written, with its quotes and line ends; `text` is what it says, `written` may be empty."""

    text: str
    written: str
    is_plain: bool

    @property
    def is_one_line(self) -> bool:
        """Whether it can stand within a line."""
        return "\n" not in self.written


def pieces(text: str, events: Events = fastest_events) -> list[Piece]:
    """The pieces of a text that `read_text` can read, in their order."""
    try:
        return list(_pieces(events(text)))
    except MarkedYAMLError:
        # As for `read_text`, the parser of the newer YAML decides.
        return list(_pieces(python_events(text)))


def _pieces(events: Iterator[Any]) -> Iterator[Piece]:
    # What comes behind the first document may not even be YAML.
    for event in takewhile(lambda event: not isinstance(event, DocumentEndEvent), events):
        start, end = event.start_mark.index, event.end_mark.index
        match event:
            case ScalarEvent():
                style = event.style or ""
                yield Piece(kind=PieceKind.SCALAR, start=start, end=end, text=event.value, style=style)
            case MappingStartEvent() | SequenceStartEvent():
                is_mapping = isinstance(event, MappingStartEvent)
                kind = PieceKind.MAPPING if is_mapping else PieceKind.SEQUENCE
                yield Piece(kind=kind, start=start, end=end, is_flow=bool(event.flow_style))
            case MappingEndEvent() | SequenceEndEvent():
                yield Piece(kind=PieceKind.END, start=start, end=end)


def verbatim(text: str, piece: Piece) -> Verbatim:
    """The scalar as it was written. The lines below a block scalar are not its own, though the parsers say so."""
    written = text[piece.start : piece.end]
    if piece.style in BLOCK_SIGNS:
        lines = written.split("\n")
        while not lines[-1].strip(" "):
            lines.pop()
        written = "\n".join(lines)
    return Verbatim(text=piece.text, written=written, is_plain=not piece.style)
