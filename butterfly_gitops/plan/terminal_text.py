"""Text of other people on a terminal: wrapped, and with nothing in it that would steer one."""

import textwrap

from butterfly_gitops.model.printable import printable

WIDTH = 78


def wrapped(text: str, *, indent: int = 0, first: str | None = None) -> list[str]:
    """The text as lines; `first` stands before the first of them in place of the indent."""
    return textwrap.wrap(
        printable(text),
        width=WIDTH,
        initial_indent=" " * indent if first is None else first,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
