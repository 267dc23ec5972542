"""A mistake in what an operator wrote, as a value that knows its place and its fix."""

from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """The weight of a problem: an error keeps its site as it runs; a warning and a note do not."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Origin:
    """The place of a value: a path as the user gave it, line and column counted from 1."""

    file: str
    line: int
    column: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing to fix.

    `origin.line` 0 means the whole file or folder. `length` is the number of characters under the caret.
    `site` is the site that stays as it runs because of it; None means the whole fleet does.
    `pointer` is the JSON pointer (RFC 6901) that stands for line and column in events over HTTP.
    `reaches` names the first endpoints that a wrong value of a preset or of endpoint defaults reaches, `reaches_more`
    counts the others. `silenced` is the reason that a comment in the file gives for living with it; empty for what is to fix.
    """

    rule: str
    message: str
    origin: Origin
    severity: Severity = Severity.ERROR
    length: int = 1
    excerpt: str = ""
    hint: str = ""
    related: tuple[tuple[str, Origin], ...] = field(default=())
    site: str | None = None
    pointer: str | None = None
    reaches: tuple[str, ...] = ()
    reaches_more: int = 0
    silenced: str = ""
