"""Comments that speak to this program: found among all that looks like one, without reading the text as YAML again.

What such a comment means is left to `silencing`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from butterfly_gitops.config.tree import Place, Remark, Source

SAYS = "bgo:"
"""What no remark is without, in any spelling that is read as one."""

# What opens a comment: the sign at the start of a line or behind a space (YAML 1.2.2, 6.6).
_START = re.compile(r"(?:^|(?<= ))#(?=\s*bgo:)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """Where a quoted or block value stands, as the parser counts: line and column from 0, the end excluded."""

    start: tuple[int, int]
    end: tuple[int, int]
    is_block: bool


def find_remarks(source: Source, quoted: Sequence[Quoted]) -> Iterator[Remark]:
    """Each remark of a file whose quoted and block values are known; plain ones end where a comment begins."""
    for number, line in enumerate(source.lines):
        if SAYS not in line:
            continue
        starts = (found.start() for found in _START.finditer(line))
        outside = (
            at for at in starts if not any(_holds(each, (number, at), source.lines) for each in quoted)
        )
        if (start := next(outside, None)) is not None:
            text = line[start:].rstrip()
            place = Place(source=source, line=number + 1, column=start + 1, length=len(text))
            yield Remark(place=place, text=text, line=_line_meant(source.lines, number))


def _holds(value: Quoted, at: tuple[int, int], lines: Sequence[str]) -> bool:
    if not value.is_block:
        return value.start < at < value.end
    # The two parsers end a block differently; its indentation does not lie.
    first, number = value.start[0] + 1, at[0]
    within = [_indentation(line) for line in lines[first : number + 1] if line.strip()]
    return number >= first and min(within) >= within[0] > _indentation(lines[value.start[0]])


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _line_meant(lines: Sequence[str], number: int) -> int:
    """The line itself, or the first below a block of comments; counted from 1, 0 where that says nothing."""
    for line_number, line in enumerate(lines[number:], start=number + 1):
        if not line.lstrip(" ").startswith("#"):
            return line_number if line.strip() else 0
    return 0
