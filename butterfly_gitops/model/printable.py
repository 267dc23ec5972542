"""Text of other people where a person reads it, with nothing in it that acts there or hides."""

import re

from butterfly_gitops.model.hidden import HIDDEN

_HIDDEN = re.compile(f"[{HIDDEN}]")


def printable(text: str) -> str:
    r"""The text with `\x1b` or `\u202e` in place of each character that a terminal obeys, or that nobody sees; of one line.

    The ends of lines count: nobody's name or reason begins a line of its own.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        one.encode("unicode_escape").decode("ascii") if not one.isprintable() or _HIDDEN.match(one) else one
        for one in text
    )


def printable_lines(text: str) -> str:
    """A text of several lines, each made printable."""
    return "\n".join(map(printable, text.split("\n")))
