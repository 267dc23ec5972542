"""Lists and mappings in brackets: read with the lines that they have, printed in one line or in these lines."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from butterfly_gitops.config.formatting.scalars import continued
from butterfly_gitops.config.formatting.written import (
    Bracketed,
    Line,
    LineEnd,
    Part,
    Row,
    Value,
)
from butterfly_gitops.config.key_order import KeyOrder
from butterfly_gitops.config.text.comments import Comment
from butterfly_gitops.config.text.yaml_events import Piece, PieceKind, Verbatim, verbatim

_SIGNS = re.compile(r"#[^\n]*|[\n\[\]{},:?]")
_CLOSERS = ("]", "}")
_OPENERS = ("[", "{")
_COLON, _LINE_END = ":", "\n"
# A key behind a question mark may be longer than one without.
_UNTIDY = ("?",)


def read_brackets(
    text: str, pieces: Sequence[Piece], at: int, comments: Mapping[int, Comment]
) -> tuple[Bracketed, int]:
    """Read what begins with a piece, with the comments by their offsets; also tells which piece comes after its end."""
    value, after = _read(text, pieces, at)
    rows = tuple(_rows(_tokens(text, pieces[at:after]), comments))
    is_tidy = not any(
        row.end or any(token in _UNTIDY or "\n" in token for token in row.tokens) for row in rows
    )
    return replace(value, rows=rows, is_tidy=is_tidy), after


def line_end(comment: Comment) -> LineEnd:
    """A comment as the end of its line."""
    return LineEnd(comment=comment.text, column=comment.column, is_near=comment.text_of is not None)


def in_one_line(value: Value, order: KeyOrder) -> str:
    """What is tidy, printed in one line, its settings in their order."""
    if isinstance(value, Verbatim):
        return value.written
    parts = ", ".join(_in_one_line(part, order) for part in sorted_parts(value.parts, order))
    return f"{{{parts}}}" if value.is_mapping else f"[{parts}]"


def in_its_lines(rows: Sequence[Row], indent: int) -> Iterator[Line]:
    """What is not tidy, in the lines that it has; all but the first are indented.

    YAML wants each of them deeper than the key that they belong to, closing brackets too (YAML 1.2.2, 7.4).
    """
    depth = 0
    for number, row in enumerate(rows):
        closers = next((at for at, token in enumerate(row.tokens) if token not in _CLOSERS), len(row.tokens))
        pad = " " * (indent + 2 * max(1, depth - closers))
        if row.end and not row.tokens:
            yield Line(text=pad + row.end.comment)
            continue
        *lines, last = continued(_spaced(row.tokens), pad + "  ")
        start = pad if number else ""
        for line in lines:
            yield Line(text=start + line)
            start = ""
        yield Line(text=start + last, end=row.end)
        depth += sum((token in _OPENERS) - (token in _CLOSERS) for token in row.tokens)


def sorted_parts(parts: Sequence[Part], order: KeyOrder) -> list[Part]:
    """The parts in the order of settings; items, and entries that no model knows, keep the writer's."""
    return sorted(parts, key=lambda part: order.rank(part.key.text) if part.key else 0)


def order_below(part: Part, order: KeyOrder) -> KeyOrder:
    """The order of what stands below one part: the items of a list are all of one kind."""
    return order.below(part.key.text) if part.key else order


def _in_one_line(part: Part, order: KeyOrder) -> str:
    value = in_one_line(part.value, order_below(part, order))
    if part.key is None:
        return value
    return f"{part.key.written}: {value}" if value else part.key.written


def _read(text: str, pieces: Sequence[Piece], at: int) -> tuple[Bracketed, int]:
    is_mapping = pieces[at].kind is PieceKind.MAPPING
    at += 1
    parts: list[Part] = []
    while pieces[at].kind is not PieceKind.END:
        key = None
        if is_mapping:
            key, at = verbatim(text, pieces[at]), at + 1
        value: Value
        if pieces[at].kind is PieceKind.SCALAR:
            value, at = verbatim(text, pieces[at]), at + 1
        else:
            value, at = _read(text, pieces, at)
        parts.append(Part(key=key, value=value))
    return Bracketed(parts=tuple(parts), is_mapping=is_mapping, is_tidy=True), at + 1


def _rows(tokens: Iterator[tuple[int, str]], comments: Mapping[int, Comment]) -> Iterator[Row]:
    """The lines from the first token to the last; blank ones are left out."""
    row: list[str] = []
    for offset, token in tokens:
        if token.startswith("#"):
            yield Row(tokens=tuple(row), end=line_end(comments[offset]))
            row = []
        elif token != _LINE_END:
            row.append(token)
        elif row:
            yield Row(tokens=tuple(row))
            row = []
    yield Row(tokens=tuple(row))


def _tokens(text: str, pieces: Sequence[Piece]) -> Iterator[tuple[int, str]]:
    """Scalars, signs, comments and line ends, each with its offset."""
    cursor = pieces[0].start
    for piece in (*pieces[:-1], replace(pieces[-1], start=pieces[-1].end)):
        if (piece.kind is PieceKind.SCALAR and piece.end > piece.start) or piece.kind is PieceKind.END:
            for found in _SIGNS.finditer(text, cursor, piece.start):
                yield found.start(), found.group()
            cursor = piece.start
        if piece.kind is PieceKind.SCALAR and piece.end > piece.start:
            yield piece.start, text[piece.start : piece.end]
            cursor = piece.end


def _spaced(tokens: Sequence[str]) -> str:
    line = before = ""
    for token in tokens:
        is_closed = token in (",", *_CLOSERS) and before != _COLON
        is_close = before in ("", *_OPENERS) or token == _COLON or is_closed
        line += token if is_close else f" {token}"
        before = token
    return line
