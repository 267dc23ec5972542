"""The comments of a text, with where they stand; whatever begins with their sign outside of values is one."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from butterfly_gitops.config.comment_or_text import may_be_text
from butterfly_gitops.config.formatting.scalars import BLOCK_SIGNS, verbatim
from butterfly_gitops.config.yaml_pieces import Piece, PieceKind

_COMMENT = re.compile(r"#[^\n]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """One comment as it is laid out, and where it was; line and column count from 0."""

    text: str
    offset: int
    line: int
    column: int
    is_alone: bool
    is_below_blank: bool
    is_text: bool
    """Whether it may be more of the value before it."""


class Lines:
    """The lines of a text, found by offsets in characters."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._offsets = [0, *(found.end() for found in re.finditer("\n", text))]

    def line(self, offset: int) -> int:
        """The line that an offset is in, from 0."""
        return bisect_right(self._offsets, offset) - 1

    def column(self, offset: int) -> int:
        """How far an offset is from the start of its line; -1 at the text's end, where nothing is indented less."""
        return offset - self._offsets[self.line(offset)] if offset < len(self._text) else -1

    def is_below_blank(self, line: int) -> bool:
        """Whether there is nothing in the line above."""
        above = self._text[self._offsets[line - 1] : self._offsets[line]] if line else "#"
        return not above.strip(" \n")

    def is_first(self, offset: int) -> bool:
        """Whether nothing stands before an offset in its line."""
        return not self._text[self._offsets[self.line(offset)] : offset].strip(" ")


def find_comments(text: str, pieces: Sequence[Piece], lines: Lines) -> Iterator[Comment]:
    """Each comment of a sound text, in order."""
    for offset, written, value in _comments_outside(text, pieces):
        line = lines.line(offset)
        is_text = value is not None and may_be_text(value.text, written, key=value.key)
        yield Comment(
            text=written.rstrip(" \t") if is_text else comment_as_laid_out(written),
            offset=offset,
            line=line,
            column=lines.column(offset),
            is_alone=lines.is_first(offset),
            is_below_blank=lines.is_below_blank(line),
            is_text=is_text,
        )


def comment_as_laid_out(written: str) -> str:
    """A comment with a space behind its sign, and none at its end; the rest is the writer's.

    One that may be meant as more of the value before it stays as it is, for a rule warns of that.
    """
    comment = written.rstrip(" \t")
    has_space = len(comment) == 1 or comment[1].isspace() or comment[1] in "#!"
    return comment if has_space else f"# {comment[1:]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _PlainValue:
    """A value without quotes, and the key that it stands behind."""

    key: str
    text: str


def _with_keys(pieces: Iterable[Piece]) -> Iterator[tuple[Piece, str]]:
    """Each piece, a value with the key that it or its list stands behind, all else with none."""
    # Of each open mapping or list: its key, and whether one comes next; a list has the key before it for all items.
    opened: list[tuple[str, bool | None]] = []
    for piece in pieces:
        key, awaits_key = opened[-1] if opened else ("", None)
        match piece.kind:
            case PieceKind.SCALAR:
                yield piece, "" if awaits_key else key
                if opened and awaits_key is not None:
                    opened[-1] = ("" if not awaits_key else piece.text, not awaits_key)
                continue
            case PieceKind.MAPPING:
                opened.append(("", True))
            case PieceKind.SEQUENCE:
                opened.append((key, None))
            case PieceKind.END:
                opened.pop()
                if opened and opened[-1][1] is not None:
                    opened[-1] = ("", not opened[-1][1])
        yield piece, ""


def _comments_outside(text: str, pieces: Sequence[Piece]) -> Iterator[tuple[int, str, _PlainValue | None]]:
    """Where each comment begins, what it says, and the value without quotes that it stands behind."""
    cursor, value = 0, None
    for piece, key in _with_keys(pieces):
        if piece.kind is not PieceKind.SCALAR or piece.start == piece.end:
            continue
        start, end = piece.start, piece.end
        if piece.style in BLOCK_SIGNS:
            # The first line of a block scalar is none of its text.
            written = verbatim(text, piece).written
            start, end = start + len(written.partition("\n")[0]), start + len(written)
        yield from _comments_between(text, cursor, start, value)
        cursor, value = end, None if piece.style or not key else _PlainValue(key=key, text=piece.text)
    yield from _comments_between(text, cursor, len(text), value)


def _comments_between(
    text: str, begin: int, end: int, value: _PlainValue | None
) -> Iterator[tuple[int, str, _PlainValue | None]]:
    if "#" in text[begin:end]:
        for found in _COMMENT.finditer(text, begin, end):
            is_behind = not text[begin : found.start()].strip(" ")
            yield found.start(), found.group(), value if is_behind else None
