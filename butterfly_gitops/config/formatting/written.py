"""The parts of a file as the layout moves them about: each value as it stands in the text, with its own comments.

How these are found in a text belongs to `attachment` and `brackets`, how they are laid out to `page`.
"""

from dataclasses import dataclass

from butterfly_gitops.config.text.comments import SAYS
from butterfly_gitops.config.text.yaml_events import Verbatim


class UnmovableError(Exception):
    """The text holds what cannot be laid out anew; it is left as it is."""


Comments = tuple[str, ...]
"""Comments from their sign on, in the order of their lines; an empty one is a blank line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineEnd:
    """A comment at the end of a line, and the column where it stood, from 0: those of one column stay together."""

    comment: str
    column: int
    is_near: bool = False
    """Whether it stays one space behind its line: what may be text would look more like a comment farther away."""


LineEnds = tuple[LineEnd, ...]
"""The comment at the end of a line, if there is one, and those below it with which it goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line as it is laid out, but for the place of the comment at its end."""

    text: str
    end: LineEnd | None = None


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
        ends = (end.comment for end in (*self.opening, *self.closing))
        return any(SAYS in comment for comment in (*self.lead, *self.below, *ends))

    @property
    def is_bare(self) -> bool:
        """Whether no comment goes with it."""
        return not (any(self.lead) or self.opening or self.below or self.closing)
