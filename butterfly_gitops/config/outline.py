"""How well lines of keys fit below one another, by their columns and by what the models know below each key.

It reads no YAML: lists, blocks of text and what goes on below a value are passed over.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple, Self

from butterfly_gitops.config.key_order import FILE_NAMES, KeyOrder, order_of, setting_names

_KEY = re.compile(r"(?P<indent> *)(?P<key>[\w.-]{1,63}):(?P<value>(?: .*)?)")
_COMMENT = re.compile(r"(?:^| )#.*")
# They begin a value that may hold more than one, or another one in its place.
_MAY_BE_MORE = ("{", "&", "*", "!")


class Line(NamedTuple):
    """A line with text, counted from 1; without a key, where it begins an item of a list or is of any other kind."""

    number: int
    column: int
    key: str
    has_value: bool
    may_be_more: bool
    is_item: bool


class Misfits(NamedTuple):
    """How many lines stand at a column where none can stand, and how many where no model knows them."""

    columns: int = 0
    keys: int = 0


def lines_of(texts: tuple[str, ...]) -> list[Line]:
    """Those that are neither blank nor a comment."""
    return [
        _line(number, text.rstrip())
        for number, text in enumerate(texts, start=1)
        if text.strip() and not text.lstrip(" ").startswith("#")
    ]


def _line(number: int, text: str) -> Line:
    found = _KEY.fullmatch(text)
    column = len(text) - len(text.lstrip(" "))
    value = _COMMENT.sub("", found["value"]).strip() if found else ""
    return Line(
        number=number,
        column=column,
        key=found["key"] if found else "",
        has_value=bool(value),
        may_be_more=value.startswith(_MAY_BE_MORE),
        is_item=text.startswith("- ", column),
    )


def order_for(file: str, lines: list[Line]) -> KeyOrder | None:
    """What the models know of a file, by its name or else by what stands in it; None where they know nothing."""
    name = file.rpartition("/")[2]
    if name in FILE_NAMES:
        return order_of(name)
    keys = {line.key for line in lines if line.key and line.column == 0}
    known = {each: len(keys & order_of(each).known.keys()) for each in FILE_NAMES}
    likely = max(FILE_NAMES, key=lambda each: known[each])
    return order_of(likely) if 2 * known[likely] > len(keys) else None


@dataclass(slots=True, kw_only=True)
class _Block:
    """A mapping that is open."""

    column: int
    order: KeyOrder | None
    last: Line
    seen: set[str]
    # Those of before, which no copy adds to.
    seen_before: frozenset[str] = frozenset()


@dataclass(slots=True, kw_only=True)
class Outline:
    """What is open at a line, and what did not fit so far. Lines are added to it one by one."""

    order: KeyOrder | None
    open_blocks: list[_Block]
    # Lines that are deeper belong to a list or a value.
    passed_over: int | None = None
    # Where the items stand of the list that is open.
    items: int | None = None
    # A key without a value, until it has something below it.
    empty: Line | None = None
    columns: int = 0
    keys: int = 0

    @classmethod
    def new(cls, order: KeyOrder | None) -> Self:
        """Before the first line of a file."""
        return cls(order=order, open_blocks=[])

    @property
    def depth(self) -> int:
        """How many mappings are open."""
        return len(self.open_blocks)

    def keep_for_copies(self) -> None:
        """Make what is known so far one for all copies, so that they cost the same in a long file."""
        for block in self.open_blocks:
            block.seen_before |= block.seen
            block.seen.clear()

    def copy(self) -> Self:
        """The same, to go on from in another way."""
        blocks = [
            _Block(
                column=each.column,
                order=each.order,
                last=each.last,
                seen=set(each.seen),
                seen_before=each.seen_before,
            )
            for each in self.open_blocks
        ]
        return type(self)(
            order=self.order,
            open_blocks=blocks,
            passed_over=self.passed_over,
            items=self.items,
            empty=self.empty,
            columns=self.columns,
            keys=self.keys,
        )

    @property
    def misfits(self) -> Misfits:
        """Of the lines so far."""
        return Misfits(self.columns, self.keys)

    def add(self, line: Line) -> None:
        """Go on by a line."""
        if self.passed_over is not None and line.column > self.passed_over:
            # Below another item it would be more of its text.
            self.keys += line.is_item and self.passed_over == self.items
            return
        self.passed_over = None
        if not line.key:
            if line.is_item:
                self._tell_item(line)
            self.passed_over, self.empty = line.column, None
            return
        self.items = None
        block = self._block_for(line)
        self._end_empty(line.column)
        self._tell(block, line)
        block.last = line
        block.seen.add(line.key)
        self.empty = None if line.has_value else line

    def _tell_item(self, line: Line) -> None:
        is_first = self.empty is not None and line.column >= self.empty.column
        self.columns += not is_first and line.column != self.items
        self.items = line.column

    def end(self) -> None:
        """Nothing follows."""
        self._end_empty(-1)

    def _end_empty(self, column: int) -> None:
        if self.empty is not None and column <= self.empty.column:
            self.keys += self.order is not None
        self.empty = None

    def _block_for(self, line: Line) -> _Block:
        blocks = self.open_blocks
        if not blocks:
            blocks.append(_Block(column=line.column, order=self.order, last=line, seen=set()))
            return blocks[0]
        is_back = False
        while len(blocks) > 1 and blocks[-1].column > line.column:
            blocks.pop()
            is_back = True
        block = blocks[-1]
        if line.column > block.column and not is_back and not block.last.has_value:
            below = block.order.below(block.last.key) if block.order else None
            blocks.append(_Block(column=line.column, order=below, last=line, seen=set()))
        elif line.column != block.column:
            self.columns += 1
        return blocks[-1]

    def _tell(self, block: _Block, line: Line) -> None:
        self.keys += line.key in block.seen or line.key in block.seen_before
        order = block.order
        if order is None or line.key in order.known:
            return
        if order.others is None:
            self.keys += 1
        elif order.others.known or order.others.others:
            # A name stands there, with more below it; a setting that is unknown is likelier.
            self.keys += 2 * (line.has_value and not line.may_be_more)
            self.keys += line.key in setting_names()
