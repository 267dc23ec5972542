"""The parts of a file as the layout moves them about: each value as it stands in the text, with its own comments.

How these are found in a text belongs to `attachment` and `brackets`, how they are laid out to `page`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from butterfly_gitops.config.key_order import KeyOrder
from butterfly_gitops.config.text.comments import SAYS, Comment
from butterfly_gitops.config.text.yaml_events import Piece, PieceKind, Verbatim, verbatim


class UnmovableError(Exception):
    """The text holds what cannot be laid out anew; it is left as it is."""


Comments = tuple[str, ...]
"""Comments from their sign on, in the order of their lines; an empty one is a blank line."""


LineEnds = tuple[Comment, ...]
"""The comment at the end of a line, if there is one, and those below it with which it goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line as it is laid out, but for the place of the comment at its end."""

    text: str
    end: Comment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracketed:
    """A list or mapping in brackets that can be laid out anew; the outermost one knows how it was written."""

    parts: tuple["PagePart", ...]
    is_mapping: bool
    written: str = ""

    @property
    def reads_without(self) -> bool:
        """Whether its parts say the same as a block; an empty one cannot be a block."""
        scalars = [
            each for part in self.parts for each in (part.key, part.value) if isinstance(each, Verbatim)
        ]
        return bool(self.parts) and not any(
            each.is_plain and each.written.startswith(("-", "?", ":")) for each in scalars
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A list with dashes, or a mapping by lines; `tail` are the comments below its last part."""

    parts: tuple["PagePart", ...]
    is_mapping: bool
    tail: Comments = ()


Written = Verbatim | Bracketed | Block


@dataclass(frozen=True, slots=True, kw_only=True)
class PagePart:
    """One entry of a mapping, or one item of a list (without a key).

    `lead` stands above it, `opening` behind its key or dash where the value comes below, `below` between that line and
    the value, `closing` behind the value's end. Blank lines are told in `lead` and `below` only.
    """

    key: Verbatim | None
    value: Written
    lead: Comments = ()
    opening: LineEnds = ()
    below: Comments = ()
    closing: LineEnds = ()
    starts_below: bool = False
    """Whether the value begins in another line than its key or dash."""

    @property
    def is_pinned(self) -> bool:
        """Whether a comment to this program speaks of its line, so that no other may join it."""
        ends = (end.text for end in (*self.opening, *self.closing))
        return any(SAYS in comment for comment in (*self.lead, *self.below, *ends))

    @property
    def is_bare(self) -> bool:
        """Whether no comment goes with it."""
        return not (any(self.lead) or self.opening or self.below or self.closing)


def read_brackets(
    text: str, pieces: Sequence[Piece], at: int, *, comment: int
) -> tuple[Bracketed | Verbatim, int]:
    """Read what begins with a piece, where the next `comment` has an offset; also tells which piece comes after its end."""
    value, after = _read(text, pieces, at)
    written = text[pieces[at].start : pieces[after - 1].end]
    if comment < pieces[after - 1].end or _needs_its_lines(text, pieces[at:after]):
        return in_its_lines(written), after
    return Bracketed(parts=value.parts, is_mapping=value.is_mapping, written=written), after


def in_its_lines(written: str) -> Verbatim:
    """Keep brackets as they were written."""
    return Verbatim(text="", written=written, is_plain=False)


def in_one_line(value: Written, order: KeyOrder) -> str:
    """Print a value in one line, its settings in their order."""
    if isinstance(value, Verbatim):
        return value.written
    parts = ", ".join(_in_one_line(part, order) for part in sorted_parts(value.parts, order))
    return f"{{{parts}}}" if value.is_mapping else f"[{parts}]"


def sorted_parts(parts: Sequence[PagePart], order: KeyOrder) -> list[PagePart]:
    """The parts in the order of settings; items, and entries that no model knows, keep the writer's."""
    return sorted(parts, key=lambda part: order.rank(part.key.text) if part.key else 0)


def order_below(part: PagePart, order: KeyOrder) -> KeyOrder:
    """The order of what stands below one part: the items of a list are all of one kind."""
    return order.below(part.key.text) if part.key else order


def _in_one_line(part: PagePart, order: KeyOrder) -> str:
    value = in_one_line(part.value, order_below(part, order))
    if part.key is None:
        return value
    return f"{part.key.written}: {value}" if value else part.key.written


def _needs_its_lines(text: str, pieces: Sequence[Piece]) -> bool:
    """Whether a value has several lines, or a key stands behind a question mark, and may be longer than one without."""
    cursor = pieces[0].start
    for piece in pieces:
        if "?" in text[cursor : piece.start] or (
            piece.kind is PieceKind.SCALAR and "\n" in text[piece.start : piece.end]
        ):
            return True
        if piece.kind is PieceKind.SCALAR:
            cursor = max(cursor, piece.end)
    return False


def _read(text: str, pieces: Sequence[Piece], at: int) -> tuple[Bracketed, int]:
    is_mapping = pieces[at].kind is PieceKind.MAPPING
    at += 1
    parts: list[PagePart] = []
    while pieces[at].kind is not PieceKind.END:
        key = None
        if is_mapping:
            key, at = verbatim(text, pieces[at]), at + 1
        value: Written
        if pieces[at].kind is PieceKind.SCALAR:
            value, at = verbatim(text, pieces[at]), at + 1
        else:
            value, at = _read(text, pieces, at)
        parts.append(PagePart(key=key, value=value))
    return Bracketed(parts=tuple(parts), is_mapping=is_mapping), at + 1


def lines_of(value: Verbatim, indent: int) -> list[str]:
    """The lines of what is written, all but the first indented; brackets keep the steps among theirs."""
    first, *rest = value.written.split("\n")
    columns = [_indentation(line) for line in rest if line.strip(" ")]
    least = min(columns, default=0)
    return [
        _trimmed(first),
        *(" " * indent + _trimmed(line[min(least, _indentation(line)) :]) for line in rest),
    ]


def _trimmed(line: str) -> str:
    trimmed = line.rstrip(" ")
    backslashes = len(trimmed) - len(trimmed.rstrip("\\"))
    # Between double quotes an escaped space is no space to be folded.
    return f"{trimmed} " if backslashes % 2 and trimmed != line else trimmed


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
