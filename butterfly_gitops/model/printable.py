"""Text of other people as a person may read it: with nothing in it that acts or hides, or as no more than a digest."""

import hashlib
import re

# Spaces that are no plain ones, and signs that steer how others are shown.
HIDDEN = (
    # Format signs and separators of Unicode (Cf, Zs, Zl, Zp, NEL), less the plain space.
    r"\u0085\u00a0\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890-\u0891\u08e2\u1680\u180e\u2000-\u200f\u2028-\u202f"
    r"\u205f-\u206f\u3000\ufeff\ufff9-\ufffb"
    # Those of other categories that show nothing: joiners, fillers, and what varies the sign before.
    r"\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
)
"""The inside of a pattern's brackets, as each dialect of patterns reads it; what lies beyond U+FFFF is not in it."""
_DIGITS = 12
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


def short_digest(text: str) -> str:
    """The first digits of the SHA-256 of a text in UTF-8: whoever has the text can tell that it is meant."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
