"""Comments that speak to this program: found among all that looks like one, without reading the text as YAML again.

What such a comment means is left to `silencing`.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from butterfly_gitops.config.tree import Place, Remark, Source

SAYS = "bgo:"
"""What no remark is without that may be understood."""

# What opens a comment: the sign at the start of a line or behind a space (YAML 1.2.2, 6.6).
# A comment that nearly speaks to this program silences nothing, which its writer should hear.
_SPEAKS = r"#(?=\s*(?:bgo:|(?i:bgo:?\s*ignore\b)))"
_START = re.compile(rf"(?:^|(?<= )){_SPEAKS}")
_MAY_START = re.compile(_SPEAKS)

_Position = tuple[int, int]
_Span = tuple[_Position, _Position]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """Where a quoted or block value stands, as the parser counts: line and column from 0, the end excluded."""

    start: tuple[int, int]
    end: tuple[int, int]
    is_block: bool


def may_have_remarks(text: str) -> bool:
    """Whether any remark can be in a text, or in a line; quick to say, and right where it says no."""
    return _MAY_START.search(text) is not None


def find_remarks(source: Source, quoted: Sequence[Quoted]) -> Iterator[Remark]:
    """Each remark of a file whose quoted and block values are known; plain ones end where a comment begins."""
    spans = sorted(_span(each, source.lines) for each in quoted)
    meant = _lines_meant(source.lines)
    for number, line in enumerate(source.lines):
        if not may_have_remarks(line):
            continue
        starts = (found.start() for found in _START.finditer(line))
        if (start := next((at for at in starts if not _is_within(spans, (number, at))), None)) is not None:
            text = line[start:].rstrip()
            place = Place(source=source, line=number + 1, column=start + 1, length=len(text))
            yield Remark(place=place, text=text, line=meant[number])


def _is_within(spans: Sequence[_Span], at: _Position) -> bool:
    # Values do not overlap, so the last one that begins before it is the one to ask.
    before = bisect_left(spans, (at, at)) - 1
    return before >= 0 and at < spans[before][1]


def _span(value: Quoted, lines: Sequence[str]) -> _Span:
    if not value.is_block:
        return value.start, value.end
    # The two parsers end a block differently; its indentation does not lie.
    head = value.start[0]
    number, indentation = head + 1, 0
    while number < len(lines):
        if (line := lines[number]).strip():
            indentation = indentation or _indentation(line)
            if _indentation(line) < indentation or indentation <= _indentation(lines[head]):
                break
        number += 1
    return (head + 1, -1), (number, 0)


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _lines_meant(lines: Sequence[str]) -> list[int]:
    """For each line itself, or the first below a block of comments; counted from 1, 0 where that says nothing."""
    meant: list[int] = []
    below = 0
    for number in range(len(lines), 0, -1):
        line = lines[number - 1]
        if not line.lstrip(" ").startswith("#"):
            below = number if line.strip() else 0
        meant.append(below)
    return meant[::-1]
