"""Lays out what was read: indentation, order of settings, spaces, blank lines, and where comments stand."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from butterfly_gitops.config.formatting.attachment import Page
from butterfly_gitops.config.formatting.written import (
    Block,
    Bracketed,
    Comments,
    Line,
    LineEnds,
    PagePart,
    in_its_lines,
    in_one_line,
    lines_of,
    order_below,
    sorted_parts,
)
from butterfly_gitops.config.key_order import KeyOrder
from butterfly_gitops.config.text.yaml_events import Verbatim

WIDTH = 100
"""How long a line may become when several are joined, and how long one in brackets may be before it is broken."""
COMMENT_COLUMN = 39
"""Where the comment at the end of a line starts, counted from 0."""
GAP = 4
"""How far it is from the end of a longer line."""

# A plain value that says the same within brackets.
_PLAIN_ANYWHERE = re.compile(r"[\w./+][^,\[\]{}:#?\n]*")


def print_page(page: Page, order: KeyOrder) -> str:
    """The text of a file, laid out."""
    head = _without_blank_start(page.head)
    lines = [*_alone(head, 0), *_block(page.root, 0, order)]
    return "".join(f"{line}\n" for line in _with_ends(lines))


def _with_ends(lines: Iterable[Line]) -> Iterator[str]:
    """The lines with the comments at their ends; neighbours that stood in one column stand in one again."""
    for column, run in groupby(lines, key=_column_of_end):
        if column is None:
            yield from (line.text for line in run)
            continue
        together = list(run)
        if column < 0:
            yield from _near(together)
            continue
        start = max(COMMENT_COLUMN, *(len(line.text) + GAP for line in together))
        yield from (f"{line.text:<{start}}{line.end.text}" for line in together if line.end)


def _column_of_end(line: Line) -> int | None:
    """The column of the comment at a line's end: those of one column stay together.

    -1 where it stays near: what may be text would look more like a comment farther away.
    """
    if line.end is None:
        return None
    return -1 if line.end.text_of else line.end.column


def _near(lines: Iterable[Line]) -> Iterator[str]:
    """Lines whose comments stay one space behind them, and those that go on below in the same column."""
    start = 0
    for line in lines:
        start = len(line.text) + 1 if line.text else start
        yield f"{line.text:<{start}}{line.end.text if line.end else ''}"


def _block(block: Block, indent: int, order: KeyOrder) -> Iterator[Line]:
    for number, part in enumerate(sorted_parts(block.parts, order)):
        lead = part.lead if number else _without_blank_start(part.lead)
        yield from _alone(lead, indent)
        yield from _part(_settled(part, indent, order), indent, order)
    yield from _alone(block.tail, indent)


def _part(part: PagePart, indent: int, order: KeyOrder) -> Iterator[Line]:
    first = " " * indent + _head(part)
    stays_below = bool(part.opening or part.below) or (part.is_pinned and part.starts_below)
    if not isinstance(part.value, Block):
        value = in_its_lines(part.value.written) if isinstance(part.value, Bracketed) else part.value
        yield from _leaf(part, value, indent, stays_below=stays_below)
        return
    inner = _block(part.value, indent + 2, order_below(part, order))
    second = next(inner)
    if part.key is None and not stays_below and not second.text.lstrip(" ").startswith("#"):
        yield replace(second, text=f"{first} {second.text[indent + 2 :]}")
    else:
        yield from _ended(Line(text=first), part.opening)
        yield second
    yield from inner


def _leaf(part: PagePart, value: Verbatim, indent: int, *, stays_below: bool) -> Iterator[Line]:
    first = " " * indent + _head(part)
    lines = [Line(text=line) for line in lines_of(value, indent + 2)] if value.written else []
    if stays_below or not lines:
        yield from _ended(Line(text=first), part.opening)
        yield from _alone(part.below, indent + 2)
        first = " " * indent + " "
    for number, line in enumerate(lines):
        whole = line if number else replace(line, text=f"{first} {line.text}")
        yield from _ended(whole, part.closing if number == len(lines) - 1 else ())


def _ended(line: Line, ends: LineEnds) -> Iterator[Line]:
    """A line with the comment at its end, and those that go on below it."""
    if not ends:
        yield line
        return
    yield replace(line, end=ends[0])
    yield from (Line(text="", end=end) for end in ends[1:])


def _alone(comments: Comments, indent: int) -> Iterator[Line]:
    yield from (Line(text=" " * indent + comment if comment else "") for comment in comments)


def _settled(part: PagePart, indent: int, order: KeyOrder) -> PagePart:
    """The part with a list or mapping in brackets, or as a block, as the layout has it."""
    value, room = part.value, WIDTH - indent - len(_head(part)) - 1
    if isinstance(value, Bracketed):
        if part.is_pinned and "\n" in value.written:
            return replace(part, value=in_its_lines(value.written))
        line = in_one_line(value, order_below(part, order))
        is_held = part.is_pinned or part.opening or part.below
        if len(line) <= room or is_held or not value.reads_without:
            return replace(part, value=in_its_lines(line))
        block = Block(parts=value.parts, is_mapping=value.is_mapping)
        return replace(part, value=block, opening=part.closing, closing=())
    if isinstance(value, Block) and not part.is_pinned and _may_be_joined(value):
        line = in_one_line(value, order)
        if len(line) <= room:
            return replace(part, value=in_its_lines(line), opening=(), closing=part.opening)
    return part


def _may_be_joined(value: Block) -> bool:
    """Whether it is a list of names or the like, with nothing between them."""
    if value.is_mapping or any(value.tail):
        return False
    return all(
        isinstance(part.value, Verbatim) and _reads_in_brackets(part.value) and part.is_bare
        for part in value.parts
    )


def _reads_in_brackets(value: Verbatim) -> bool:
    if not value.is_one_line:
        return False
    return _PLAIN_ANYWHERE.fullmatch(value.written) is not None if value.is_plain else True


def _head(part: PagePart) -> str:
    return f"{part.key.written}:" if part.key else "-"


def _without_blank_start(comments: Comments) -> Comments:
    return comments[1:] if comments and not comments[0] else comments
