"""A segment for one endpoint: the text that all its messages share is written once, the rest is filled in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Generic

from butterfly_gitops.hl7.adjustment import adjusted
from butterfly_gitops.hl7.length import Limit, limits_of
from butterfly_gitops.hl7.message import ENCODING_CHARACTERS
from butterfly_gitops.hl7.segment_map import Attribute, Constant, Field, From, SegmentMap, Source
from butterfly_gitops.model.endpoint import EhrEndpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentForm(Generic[From]):
    """`pieces` are what is written already, with a gap between two of them for each value.

    `reads` say which gap takes what; `columns`, where there are such, give what all gaps take at once. `limits` say how
    long the value of which gap may be, the shortest first.
    """

    sent: Callable[[From], bool] | None
    pieces: tuple[str, ...]
    reads: tuple[tuple[int, Callable[[From], str]], ...]
    columns: Callable[[From], Sequence[str]] | None
    limits: tuple[tuple[int, int, Limit], ...]

    def filled(self, given: From) -> str:
        """Write the segment. Raises RenderingRefused naming a field that is too long."""
        parts = list(self.pieces)
        if self.columns:
            parts[1::2] = self.columns(given)
        else:
            for gap, read in self.reads:
                parts[gap] = read(given)
        # Values are escaped, so what stands at the end are fields that hold nothing.
        text = "".join(parts).rstrip("|")
        length = len(text)
        for longest, gap, limit in self.limits:
            if longest >= length:
                break
            if len(parts[gap]) > longest:
                limit.check(parts[gap])
        return text


def form_of(table: SegmentMap[From], endpoint: EhrEndpoint) -> SegmentForm[From]:
    """Make the form of a segment for an endpoint, changed as its `message` settings say."""
    limits = limits_of(table.name, endpoint.message)
    # The first field of MSH is the field separator itself, the second the encoding characters (HL7 v2.5.1, 2.15.9.1).
    piece, written = (f"MSH|{ENCODING_CHARACTERS}", 2) if table.name == "MSH" else (table.name, 0)
    pieces: list[str] = []
    sources: list[tuple[int, Source[From]]] = []
    checked = []
    for field in adjusted(table, endpoint.message).fields:
        piece += "|" * (field.number - written)
        written = field.number
        text, limit = _known(field, endpoint), limits.get(field.number)
        if text is not None and (limit is None or len(text) <= limit.longest):
            piece += text
            continue
        pieces += (piece, "")
        piece = ""
        gap = len(pieces) - 1
        sources.append((gap, field.source))
        if limit is not None:
            checked.append((limit.longest, gap, limit))
    return SegmentForm(
        sent=table.sent,
        pieces=(*pieces, piece),
        reads=tuple((gap, _read(source, endpoint)) for gap, source in sources),
        columns=_columns([source for _, source in sources]),
        limits=tuple(sorted(checked)),
    )


def _known(field: Field[From], endpoint: EhrEndpoint) -> str | None:
    return field.source.read(endpoint) if isinstance(field.source, Constant) else None


def _columns(sources: Sequence[Source[From]]) -> Callable[[From], Sequence[str]] | None:
    """Make one function that reads all sources at once, where each is an attribute."""
    names = [source.name for source in sources if isinstance(source, Attribute)]
    return attrgetter(*names) if len(names) == len(sources) > 1 else None


def _read(source: Source[From], endpoint: EhrEndpoint) -> Callable[[From], str]:
    match source:
        case Attribute():
            return attrgetter(source.name)
        case Constant():
            # Too long for the endpoint's version: each message is to say so, and not the endpoint as a whole.
            text = source.read(endpoint)
            return lambda _: text
    return source
