"""The small agreements of English that every sentence needs: numbers with nouns and verbs, lists with `and`."""

from collections.abc import Sequence


def many(count: int, one: str, more: str) -> str:
    """`1 endpoint`, `2 endpoints`."""
    return f"{count} {agreed(count, one, more)}"


def agreed(count: int, one: str, more: str) -> str:
    """The form that agrees with a number."""
    return one if count == 1 else more


def all_of(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
