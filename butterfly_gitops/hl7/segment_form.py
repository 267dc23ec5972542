"""A segment as one endpoint wants it: what is alike in all its messages is written already, the rest is filled in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic

from butterfly_gitops.hl7.adjustment import adjusted
from butterfly_gitops.hl7.length import Limit, limits_of
from butterfly_gitops.hl7.message import ENCODING_CHARACTERS
from butterfly_gitops.hl7.segment_map import Field, From, SegmentMap, Setting
from butterfly_gitops.model.endpoint import EhrEndpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentForm(Generic[From]):
    """`template` has a `%s` for each of `sources`.

    `limits` say how long which of them may be, the shortest first.
    """

    sent: Callable[[From], bool] | None
    template: str
    sources: tuple[Callable[[From], str], ...]
    limits: tuple[tuple[int, int, Limit], ...]

    def filled(self, given: From) -> str:
        """Write the segment. Raises RenderingRefused naming a field that is too long."""
        values = [source(given) for source in self.sources]
        # Values are escaped, so what stands at the end are fields that hold nothing.
        text = (self.template % tuple(values)).rstrip("|")
        for longest, position, limit in self.limits:
            if longest >= len(text):
                break
            if len(values[position]) > longest:
                limit.check(values[position])
        return text


def form_of(table: SegmentMap[From], endpoint: EhrEndpoint) -> SegmentForm[From]:
    """The form of a segment for an endpoint, with what its `message` settings change in it."""
    limits = limits_of(table.name, endpoint.message)
    # The first field of MSH is the field separator itself, the second the encoding characters (HL7 v2.5.1, 2.15.9.1).
    parts, written = ([f"MSH|{ENCODING_CHARACTERS}"], 2) if table.name == "MSH" else ([table.name], 0)
    sources: list[Callable[[From], str]] = []
    checked = []
    for field in adjusted(table, endpoint.message).fields:
        parts.append("|" * (field.number - written))
        written = field.number
        text, limit = _known(field, endpoint), limits.get(field.number)
        if text is not None and (limit is None or len(text) <= limit.longest):
            parts.append(text.replace("%", "%%"))
            continue
        if limit is not None:
            checked.append((limit.longest, len(sources), limit))
        parts.append("%s")
        sources.append(_source(field, endpoint))
    return SegmentForm(
        sent=table.sent, template="".join(parts), sources=tuple(sources), limits=tuple(sorted(checked))
    )


def _known(field: Field[From], endpoint: EhrEndpoint) -> str | None:
    return field.source.read(endpoint) if isinstance(field.source, Setting) else None


def _source(field: Field[From], endpoint: EhrEndpoint) -> Callable[[From], str]:
    source = field.source
    if isinstance(source, Setting):
        # Too long for the endpoint's version: each message is to say so, and not the endpoint as a whole.
        text = source.read(endpoint)
        return lambda _: text
    return source
