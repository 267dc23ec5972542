"""Which lines left the column of their block, where the parser only tells the line at which nothing fits any more.

The parser stops at the first line that it cannot place; the one that is to mend often stands above it, or others below
it left with it. All of them are named at once, with the column that they should have.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from butterfly_gitops.config.layout.key_order import setting_names

_KEY = re.compile(r"(?P<indent> *)(?P<key>[\w.-]{1,63}):(?P<value>(?: .*)?)")
_COMMENT = re.compile(r"(?:^| )#.*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """Lines from `first` to `last`, counted from 1, that should all have `column`, as the line `like` has it."""

    first: int
    last: int
    column: int
    like: int

    @property
    def mend(self) -> str:
        """What to do, in words."""
        lines = f"lines {self.first} to {self.last}" if self.last > self.first else "it"
        spaces = {0: "no spaces", 1: "1 space"}.get(self.column, f"{self.column} spaces")
        beside = {1: "the line above", -1: "the line below"}.get(self.first - self.like, f"line {self.like}")
        return f"indent {lines} by {spaces}, like {beside}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A line with a key, and whether the value stands in it or below it."""

    number: int
    column: int
    key: str
    has_value: bool

    @property
    def is_name(self) -> bool:
        """Whether it begins a thing that bears a name of the writer's choice."""
        return not self.has_value and self.key not in setting_names()


def lines_that_left(lines: tuple[str, ...], stopped: int) -> Left | None:
    """What left its column, where the parser stopped at a line, counted from 1; None where that is not sure."""
    above = list(_keys_above(lines, stopped))
    if not above or (at := _read(lines, stopped)) is None:
        return None
    if at.column > above[0].column:
        return _left_before(lines, above, at) or _too_deep(lines, above[0], at)
    return _between(lines, above, at)


def _read(lines: tuple[str, ...], number: int) -> _Line | None:
    found = _KEY.fullmatch(lines[number - 1].rstrip())
    if found is None:
        return None
    value = _COMMENT.sub("", found["value"]).strip()
    return _Line(number=number, column=len(found["indent"]), key=found["key"], has_value=bool(value))


def _is_empty(line: str) -> bool:
    return not line.strip() or line.lstrip(" ").startswith("#")


def _keys_above(lines: tuple[str, ...], number: int) -> Iterator[_Line]:
    """The lines above, from the nearest one up to the first that is not a key with or without a value."""
    for each in range(number - 1, 0, -1):
        if _is_empty(lines[each - 1]):
            continue
        if (line := _read(lines, each)) is None:
            return
        yield line


def _left_before(lines: tuple[str, ...], above: list[_Line], at: _Line) -> Left | None:
    """The lines just above that stand less deep than those around them, or than those below the same name."""
    if not above[0].has_value:
        return None
    first = above[0]
    for line in above:
        if line.column >= at.column:
            is_back = line.column == at.column
            return _left(first, above[0], at) if is_back else None
        if not line.has_value:
            # Below a name the fewer lines are off, unless they could not belong to it at all.
            before, behind = above[0].number - first.number, _last_beside(lines, at) - at.number
            return _left(first, above[0], at) if before < behind or first.column <= line.column else None
        if line.column != above[0].column:
            return None
        first = line
    return None


def _left(first: _Line, last: _Line, at: _Line) -> Left:
    return Left(first=first.number, last=last.number, column=at.column, like=at.number)


def _too_deep(lines: tuple[str, ...], above: _Line, at: _Line) -> Left | None:
    if not above.has_value:
        return None
    return Left(first=at.number, last=_last_beside(lines, at), column=above.column, like=above.number)


def _last_beside(lines: tuple[str, ...], at: _Line) -> int:
    """The last line of those that follow at the same column; blank lines and comments may stand between them."""
    last = at.number
    for number in range(at.number + 1, len(lines) + 1):
        if _is_empty(lines[number - 1]):
            continue
        line = _read(lines, number)
        if line is None or line.column != at.column:
            break
        last = number
    return last


def _between(lines: tuple[str, ...], above: list[_Line], at: _Line) -> Left | None:
    """Lines at a column between two that are open: deeper than the name above them, less deep than what is below it."""
    open_lines = list(_open(above))
    outer = next((line for line in open_lines if line.column < at.column), None)
    inner = next((line for line in reversed(open_lines) if line.column > at.column), None)
    if outer is None or inner is None:
        return None
    block = [line for line in above if line.number > outer.number and line.column == inner.column]
    last = _last_beside(lines, at)
    if not at.is_name and len(block) == 1 and block[0].number == at.number - 1 and last > at.number:
        # One line alone is rather off than all those below it.
        return _left(block[0], block[0], at)
    like = outer if at.is_name and outer.is_name else inner
    # What stands below a name is not moved by a number of lines.
    last = at.number if not at.has_value else last
    return Left(first=at.number, last=last, column=like.column, like=like.number)


def _open(above: list[_Line]) -> Iterator[_Line]:
    """The lines of the blocks that are open, from the innermost out; of each block its last line."""
    column: int | None = None
    for line in above:
        if column is None or line.column < column:
            column = line.column
            yield line
