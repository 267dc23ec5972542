"""The comments of a text: where each stands, whether it may be meant as text, and whether it speaks to this program."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from butterfly_gitops.config.text.yaml_events import BLOCK_SIGNS, Piece, PieceKind, verbatim
from butterfly_gitops.config.tree import Place, Remark, SourceFile
from butterfly_gitops.model.message import PLACE_PATTERN

SAYS = "bgo:"
"""The word that every remark holds that may be understood."""

_COMMENT = re.compile(r"#[^\n]*")
# A comment that nearly speaks to this program silences nothing, which its writer should hear.
_SPEAKS = re.compile(r"(?:^|(?<= ))#(?=\s*(?:bgo:|(?i:bgo:?\s*ignore\b)))", re.MULTILINE)
# YAML takes a # behind a space for the begin of a comment; people write a space behind it, too. Those that speak to a
# program, `#bgo: …` and `#!…`, and rows of # are meant as comments.
_MAY_BE_TEXT = re.compile(r"#(?!bgo)[^\s#!]")
MAY_HOLD_TEXT = re.compile(rf"(?<=[^\s#]) +(?={_MAY_BE_TEXT.pattern})")
"""Finds lines where a comment behind a value may be text; quick, and right where it finds nothing."""
# A value without quotes, in a line of its own or within brackets, and the key that it stands behind.
_KEY_AND_VALUE = re.compile(
    r"(?:.*[\s{,])?[\"']?(?P<key>[\w.-]{1,63})[\"']?: +(?P<value>[^\s\"'\[{|>](?:.*[^\s\]},])?) *"
)
# What takes words and signs as its writer likes; names, choices, hosts and the like have no # in them.
_TEXTS = frozenset({
    *("display_name", "reason"),
    *("sending_application", "sending_facility", "receiving_application", "receiving_facility"),
    *("namespace", "universal_id", "authority"),
    *("code", "display", "system"),
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """One comment as it is laid out, and where it was; line and column count from 0."""

    text: str
    offset: int
    line: int
    column: int
    is_alone: bool
    is_below_blank: bool
    text_of: tuple[str, str] | None
    """Key and value before it that it may be more of: Epic #1."""


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
    """Find each comment of a text, in order: whatever begins with their sign outside of values."""
    for offset, written in _comments_outside(text, pieces):
        line = lines.line(offset)
        text_of = _text_before(text[offset - lines.column(offset) : offset], written)
        yield Comment(
            text=written.rstrip(" \t") if text_of else comment_as_laid_out(written),
            offset=offset,
            line=line,
            column=lines.column(offset),
            is_alone=lines.is_first(offset),
            is_below_blank=lines.is_below_blank(line),
            text_of=text_of,
        )


def comment_as_laid_out(written: str) -> str:
    """Write a comment with a space behind its sign, and none at its end; the rest is the writer's."""
    comment = written.rstrip(" \t")
    has_space = len(comment) == 1 or comment[1].isspace() or comment[1] in "#!"
    return comment if has_space else f"# {comment[1:]}"


def may_have_remarks(text: str) -> bool:
    """Whether any remark can be in a text; quick to say, and right where it says no."""
    return _SPEAKS.search(text) is not None


def find_remarks(source: SourceFile, text: str, pieces: Sequence[Piece]) -> Iterator[Remark]:
    """Find each comment that speaks to this program, with the line that it speaks of."""
    below, lines = _lines_below(source.lines), Lines(text)
    for offset, written in _comments_outside(text, pieces):
        if found := _SPEAKS.search(written):
            start, words = offset + found.start(), written[found.start() :].rstrip()
            line, column = lines.line(start), lines.column(start)
            place = Place(source=source, line=line + 1, column=column + 1, length=len(words))
            yield Remark(place=place, text=words, line=below[line])


def _lines_below(lines: Sequence[str]) -> list[int]:
    """For each line itself, or the first below a block of comments; counted from 1, 0 where that says nothing."""
    meant: list[int] = []
    below = 0
    for number in range(len(lines), 0, -1):
        line = lines[number - 1]
        if not line.lstrip(" ").startswith("#"):
            below = number if line.strip() else 0
        meant.append(below)
    return meant[::-1]


def _text_before(line: str, comment: str) -> tuple[str, str] | None:
    """Return the key and value before a comment that may have been meant as text; never after a number."""
    found = _KEY_AND_VALUE.fullmatch(line) if _MAY_BE_TEXT.match(comment) else None
    if found is None or not (found["key"] in _TEXTS or re.fullmatch(PLACE_PATTERN, found["key"])):
        return None
    return None if found["value"].isdecimal() else (found["key"], found["value"])


def _comments_outside(text: str, pieces: Iterable[Piece]) -> Iterator[tuple[int, str]]:
    """Where each comment begins, and what it says."""
    cursor = 0
    for piece in pieces:
        if piece.kind is PieceKind.SCALAR and piece.start < piece.end:
            start, end = piece.start, piece.end
            if piece.style in BLOCK_SIGNS:
                # The first line of a block scalar is none of its text.
                written = verbatim(text, piece).written
                start, end = start + len(written.partition("\n")[0]), start + len(written)
            yield from _comments_between(text, cursor, start)
            cursor = end
    yield from _comments_between(text, cursor, len(text))


def _comments_between(text: str, begin: int, end: int) -> Iterator[tuple[int, str]]:
    if "#" in text[begin:end]:
        yield from ((found.start(), found.group()) for found in _COMMENT.finditer(text, begin, end))
