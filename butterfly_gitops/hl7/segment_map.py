"""Segments as tables: each field with its number, its name in the standard, its source and the words that document it.

A layout is made of such tables; the conformance statement is printed from the same ones.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, NamedTuple, TypeVar

from butterfly_gitops.model.endpoint import EhrEndpoint

From = TypeVar("From")


class Constant(NamedTuple):
    """A source that nothing but the endpoint decides: it is read once for an endpoint, not for each message."""

    read: Callable[[EhrEndpoint], str]


class Attribute(NamedTuple):
    """A source that is an attribute as it stands; those of a whole segment are read at once."""

    name: str


# Gives the text of a field, escaped already, or nothing where it stays empty.
Source = Callable[[From], str] | Constant | Attribute


class Field(NamedTuple, Generic[From]):
    """One field of a segment: its number, its name in the standard, the source of its text, and a line for the statement."""

    number: int
    name: str
    source: Source[From]
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentMap(Generic[From]):
    """One segment: its fields in ascending order, and when it is sent at all; always, where nothing is said."""

    name: str
    title: str
    fields: tuple[Field[From], ...]
    sent: Callable[[From], bool] | None = None
    sent_says: str = "always"

    def laid_over(self, *fields: Field[From]) -> "SegmentMap[From]":
        """The same segment with these fields in place of its own of the same numbers, or beside them."""
        merged = {field.number: field for field in (*self.fields, *fields)}
        return replace(self, fields=tuple(merged[number] for number in sorted(merged)))


def fixed(text: str) -> Constant:
    """A source that is the same in every message."""
    return Constant(lambda _: text)
