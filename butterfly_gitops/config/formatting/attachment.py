"""Reads a sound text into what was written, and gives each comment to what it speaks of.

How the outcome looks belongs to `page`.
"""

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from butterfly_gitops.config.formatting.written import (
    Block,
    Bracketed,
    Comments,
    LineEnds,
    PagePart,
    UnmovableError,
    Written,
    read_brackets,
)
from butterfly_gitops.config.text.comments import SAYS, Comment, Lines, find_comments
from butterfly_gitops.config.text.yaml_events import BLOCK_SIGNS, Piece, PieceKind, Verbatim, verbatim

# A parser takes no longer key without a `?` (YAML 1.2.2, 7.4.2, says 1024 with what is around it).
_LONGEST_KEY = 1000
_MODELINE = re.compile(r"#\s*yaml-language-server\s*:")
_COMMENT_OR_SIGN = re.compile(r"#[^\n]*|[-?]")
_DOCUMENT_START = re.compile(r"^---(?=[ \n])", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A whole file: what stays at its top, and its mapping."""

    head: Comments
    root: Block


def read_page(text: str, pieces: Sequence[Piece]) -> Page:
    """Read a file. Raises UnmovableError where it must be left as it is."""
    if not pieces or pieces[0].kind is not PieceKind.MAPPING:
        raise UnmovableError
    return _Reader(_without_document_start(text, pieces[0].start), pieces).page()


def _without_document_start(text: str, until: int) -> str:
    start = _DOCUMENT_START.search(text, 0, until)
    return f"{text[: start.start()]}   {text[start.end() :]}" if start else text


class _Reader:
    """Walks the pieces in their order, and the comments beside them."""

    def __init__(self, text: str, pieces: Sequence[Piece]) -> None:
        self._text = text
        self._pieces = pieces
        self._at = 0
        self._cursor = 0
        self._lines = Lines(text)
        self._comments = deque(find_comments(text, pieces, self._lines))

    def page(self) -> Page:
        """The file: its top, its mapping, and all comments that are left as the tail."""
        if self._pieces[0].is_flow:
            return self._page_in_brackets()
        root = self._block()
        head, lead = _split_head(root.parts[0].lead)
        first = replace(root.parts[0], lead=lead)
        tail = (*root.tail, *self._take(until=len(self._text)))
        return Page(head=head, root=Block(parts=(first, *root.parts[1:]), is_mapping=True, tail=tail))

    def _page_in_brackets(self) -> Page:
        head = self._take(until=self._pieces[0].start)
        value = self._value()
        if not isinstance(value, Bracketed) or not value.reads_without:
            raise UnmovableError
        tail = self._take(until=len(self._text))
        return Page(head=head, root=Block(parts=value.parts, is_mapping=True, tail=tail))

    def _value(self, *, below: int = -1) -> Written:
        """The next value, whose key or dash stands in the column `below`."""
        piece = self._pieces[self._at]
        if piece.style in BLOCK_SIGNS:
            raise UnmovableError
        if piece.kind is PieceKind.SCALAR:
            self._at += 1
            scalar = verbatim(self._text, piece)
            if scalar.written:
                self._cursor = piece.start + len(scalar.written)
            return scalar
        if not piece.is_flow:
            return self._block(below=below)
        comment = self._comments[0].offset if self._comments else len(self._text)
        value, self._at = read_brackets(self._text, self._pieces, self._at, comment=comment)
        self._cursor = self._pieces[self._at - 1].end
        # It is written with its comments.
        self._take(until=self._cursor)
        return value

    def _block(self, *, below: int = -1) -> Block:
        piece = self._pieces[self._at]
        column, is_mapping = self._lines.column(piece.start), piece.kind is PieceKind.MAPPING
        self._at += 1
        parts: list[PagePart] = []
        while self._pieces[self._at].kind is not PieceKind.END:
            parts.append(self._entry() if is_mapping else self._item())
        self._at += 1
        # The dashes of a list may stand no deeper than its key; a comment that does neither is not its own.
        tail = self._take_deeper(max(column - 1, below))
        return Block(parts=tuple(parts), is_mapping=is_mapping, tail=tail)

    def _entry(self) -> PagePart:
        piece = self._pieces[self._at]
        column = self._lines.column(self._next_stop())
        lead = self._take_lead(until=piece.start)
        key = self._value()
        if not isinstance(key, Verbatim) or not key.is_one_line or len(key.written) > _LONGEST_KEY:
            raise UnmovableError
        return self._part(key, lead, column)

    def _item(self) -> PagePart:
        dash = self._next_stop()
        lead = self._take_lead(until=dash)
        self._cursor = dash + 1
        return self._part(None, lead, self._lines.column(dash))

    def _part(self, key: Verbatim | None, lead: Comments, column: int) -> PagePart:
        """Read what stands behind a key or a dash that stands in a column."""
        piece = self._pieces[self._at]
        line = self._lines.line(self._cursor)
        if piece.kind is PieceKind.SCALAR and piece.start == piece.end and not piece.style:
            value = self._value()
            opening = self._take_line_end(line, beyond=self._lines.column(self._next_stop()))
            return PagePart(key=key, value=value, lead=lead, opening=opening, below=self._take_deeper(column))
        starts_below = self._lines.line(piece.start) > line
        opening = self._take_line_end(line, beyond=self._lines.column(piece.start)) if starts_below else ()
        is_block = piece.kind is not PieceKind.SCALAR and not piece.is_flow
        below = () if is_block else self._take(until=piece.start)
        value = self._value(below=column)
        end = self._lines.line(self._cursor)
        closing = () if is_block else self._take_line_end(end, beyond=self._lines.column(self._next_stop()))
        return PagePart(
            key=key,
            value=value,
            lead=lead,
            opening=opening,
            below=tuple(comment for comment in below if comment),
            closing=closing,
            starts_below=starts_below,
        )

    def _take_lead(self, *, until: int) -> Comments:
        lead = self._take(until=until)
        return (*lead, "") if self._lines.is_below_blank(self._lines.line(until)) else lead

    def _take(self, *, until: int) -> Comments:
        """The comments up to an offset, with the blank lines above them."""
        taken: list[str] = []
        while self._comments and self._comments[0].offset < until:
            comment = self._comments.popleft()
            taken += ["", comment.text] if comment.is_below_blank and comment.is_alone else [comment.text]
        return tuple(taken)

    def _take_line_end(self, line: int, *, beyond: int) -> LineEnds:
        """The comment in a line, with those that stand exactly below it and so go on."""
        if not self._comments or self._comments[0].line != line:
            return ()
        first = last = self._comments.popleft()
        taken = [first]
        while self._comments and _goes_on(self._comments[0], last) and first.column > beyond:
            last = self._comments.popleft()
            # It stands below a comment that stays near, and stays below it.
            taken.append(replace(last, text_of=first.text_of))
        return tuple(taken)

    def _take_deeper(self, column: int) -> Comments:
        """The comments that are indented more than a column and than what comes next: they belong to what ends here."""
        limit = max(column, self._lines.column(self._next_stop()))
        until = next(
            (
                each.offset
                for each in self._comments
                if not each.is_alone or each.column <= limit or SAYS in each.text
            ),
            len(self._text),
        )
        return self._take(until=min(until, self._next_stop()))

    def _next_stop(self) -> int:
        """Where the next key, dash or value begins; the text's end after the last."""
        at = self._at
        while at < len(self._pieces) and self._pieces[at].kind is PieceKind.END:
            at += 1
        until = self._pieces[at].start if at < len(self._pieces) else len(self._text)
        if at == len(self._pieces):
            return until
        signs = _COMMENT_OR_SIGN.finditer(self._text, self._cursor, until)
        return next((found.start() for found in signs if found.group() in "-?"), until)


def _goes_on(comment: Comment, last: Comment) -> bool:
    return (
        comment.is_alone
        and (comment.line, comment.column) == (last.line + 1, last.column)
        and SAYS not in comment.text
    )


def _split_head(lead: Comments) -> tuple[Comments, Comments]:
    """Split the comments that stay at the top of the file from those that go with its first key."""
    blank = max((at for at, comment in enumerate(lead) if not comment), default=-1) + 1
    modeline = max((at for at, comment in enumerate(lead) if _MODELINE.match(comment)), default=-1) + 1
    spoken = next((at for at in range(blank, len(lead)) if SAYS in lead[at]), len(lead))
    at = max(blank, min(modeline, spoken))
    return lead[:at], lead[at:]
