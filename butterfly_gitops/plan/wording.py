"""Small words that every sentence needs: numbers with nouns and verbs, lists with `and`, moments, and lines that fit."""

import textwrap
from collections.abc import Sequence
from datetime import UTC, datetime

from butterfly_gitops.model.printable import printable


def print_moment(at: datetime, *, today: datetime | None = None) -> str:
    """`13:10Z`, with the date where that is not today's."""
    moment = at.astimezone(UTC)
    if today is not None and today.astimezone(UTC).date() == moment.date():
        return f"{moment:%H:%MZ}"
    return f"{moment:%Y-%m-%d %H:%MZ}"


def many(count: int, one: str, more: str) -> str:
    """`1 endpoint`, `2 endpoints`."""
    return f"{count} {agreed(count, one, more)}"


def agreed(count: int, one: str, more: str) -> str:
    """The form that agrees with a number."""
    return one if count == 1 else more


def all_of(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


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
