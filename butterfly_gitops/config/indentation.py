"""Which lines left the column of their block, where the parser only tells the line at which nothing fits any more.

The parser stops at the first line that it cannot place; the one that is to fix often stands above it, or others below
it left with it. So each line around is tried at each column, and the models tell which of what then fits is likely.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from butterfly_gitops.config.outline import Line, Misfits, Outline, lines_of, order_for

# How far from where the parser stopped a line is looked for, and how far from it all is to fit.
_ABOVE, _BELOW, _TO_FIT = 80, 6, 40
# By how much a block is deeper, as fmt writes it.
_STEP = 2
# No setting is that deep; a file that is so is another's, and not worth the search.
_DEEPEST = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """Lines from `first` to `last`, counted from 1, that should all have `column`, as the line `like` has it, if any."""

    first: int
    last: int
    column: int
    like: int | None

    @property
    def hint(self) -> str:
        """What to do, in words."""
        lines = f"lines {self.first} to {self.last}" if self.last > self.first else "it"
        spaces = {0: "no spaces", 1: "1 space"}.get(self.column, f"{self.column} spaces")
        near = {self.first - 1: "the line above", self.last + 1: "the line below"}
        like = f", like {near.get(self.like, f'line {self.like}')}" if self.like is not None else ""
        return f"indent {lines} by {spaces}{like}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Move:
    """Lines, by where they stand in those with text, that all go to another column."""

    first: int
    last: int
    column: int


def lines_that_left(texts: tuple[str, ...], stopped: int, *, file: str) -> Left | None:
    """What left its column, where the parser stopped at a line, counted from 1; None where that is not sure."""
    lines = lines_of(texts)
    at = next((index for index, line in enumerate(lines) if line.number == stopped), None)
    if at is None:
        return None
    start, end = max(0, at - _ABOVE), min(len(lines), at + _TO_FIT)
    before = Outline.new(order_for(file, lines))
    for line in lines[:start]:
        before.add(line)
    before.keep_for_copies()
    near = lines[start:end]
    move = _best(before, near, at - start, is_end=end == len(lines))
    if move is None:
        return None
    first, last = near[move.first].number, near[move.last].number
    return Left(first=first, last=last, column=move.column, like=_like(near, move))


def _best(before: Outline, lines: list[Line], at: int, *, is_end: bool) -> _Move | None:
    """The move after which the most fits; of those alike the shortest one."""
    columns = _columns(lines)
    if before.depth > _DEEPEST or len(columns) > _DEEPEST:
        return None
    as_it_is = _tried(before, lines, is_end=is_end)
    ranked: list[tuple[Misfits, int, int, int, _Move]] = []
    opened = before.copy()
    for first, runs in _runs(lines, at):
        for last in runs:
            for column in columns - {lines[first].column}:
                moved = [each._replace(column=column) for each in lines[first : last + 1]]
                misfits = _tried(opened, moved + lines[last + 1 :], is_end=is_end)
                shift = abs(column - lines[first].column)
                move = _Move(first=first, last=last, column=column)
                ranked.append((misfits, last - first, shift, abs(at - first), move))
        opened.add(lines[first])
    best = min(ranked, key=lambda each: each[:4], default=None)
    if best is None or best[0].columns >= as_it_is.columns:
        return None
    return best[-1]


def _columns(lines: list[Line]) -> set[int]:
    """Those that lines have, and those that they should have."""
    present = {line.column for line in lines if line.key or line.is_item}
    return present | set(range(0, max(present, default=0) + _STEP + 1, _STEP))


def _tried(before: Outline, lines: list[Line], *, is_end: bool) -> Misfits:
    outline = before.copy()
    for line in lines:
        outline.add(line)
    if is_end:
        outline.end()
    return outline.misfits


def _runs(lines: list[Line], at: int) -> Iterator[tuple[int, list[int]]]:
    """For each line up to a few behind the one at which the parser stopped: up to which line it may go with others."""
    for first in range(min(len(lines), at + _BELOW)):
        same = []
        if lines[first].key or lines[first].is_item:
            for last in range(first, len(lines)):
                if not _is_alike(lines[last], lines[first]):
                    break
                same.append(last)
        # More than one are off only where they begin or end at the line that does not fit.
        yield first, [last for last in same if first in (last, at) or last == at - 1]


def _is_alike(line: Line, other: Line) -> bool:
    return line.column == other.column and line.is_item == other.is_item and bool(line.key) == bool(other.key)


def _like(lines: list[Line], move: _Move) -> int | None:
    """The number of a line that has the column already: of the same block, or else the nearest one."""
    moved = lines[move.first]
    above, below = lines[: move.first][::-1], lines[move.last + 1 :]
    for side in (above, below):
        for line in side:
            if line.column < move.column:
                break
            if line.column == move.column and line.is_item == moved.is_item and (line.key or line.is_item):
                return line.number
    others = [
        line.number
        for line in above + below
        if line.column == move.column and line.is_item == moved.is_item and (line.key or line.is_item)
    ]
    return min(others, key=lambda number: abs(number - moved.number), default=None)
