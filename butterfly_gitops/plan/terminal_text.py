"""Text of other people on a terminal: wrapped, and with nothing in it that would steer one."""

import textwrap

WIDTH = 78


def wrapped(text: str, *, indent: int = 0, first: str | None = None) -> list[str]:
    """The text as lines; `first` stands before the first of them in place of the indent."""
    return textwrap.wrap(
        safe(text),
        width=WIDTH,
        initial_indent=" " * indent if first is None else first,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def safe(text: str) -> str:
    """The text without what would steer a terminal: files are written by many people."""
    return "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in text)
