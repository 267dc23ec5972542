"""Segments as tables: each field with its number, its name in the standard, its source and the words that document it.

A layout is made of such tables; the conformance statement is printed from the same ones.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, NamedTuple, TypeVar

From = TypeVar("From")


class Field(NamedTuple, Generic[From]):
    """One field of a segment: `source` gives its text, escaped already, or nothing where it stays empty."""

    number: int
    name: str
    source: Callable[[From], str]
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentMap(Generic[From]):
    """One segment: its fields in ascending order, and when it is sent at all."""

    name: str
    title: str
    fields: tuple[Field[From], ...]
    sent: Callable[[From], bool] = lambda _: True
    sent_says: str = "always"

    def values(self, given: From) -> list[tuple[int, str]]:
        """The fields that hold something, with their numbers, in ascending order."""
        return [(field[0], text) for field in self.fields if (text := field[2](given))]

    def laid_over(self, *fields: Field[From]) -> "SegmentMap[From]":
        """The same segment with these fields in place of its own of the same numbers, or beside them."""
        merged = {field.number: field for field in (*self.fields, *fields)}
        return replace(self, fields=tuple(merged[number] for number in sorted(merged)))


def fixed(text: str) -> Callable[[object], str]:
    """A source that is the same in every message."""
    return lambda _: text
