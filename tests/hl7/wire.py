"""A message as a receiver sees it, read without the product's own readers: segments, fields, components."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wire:
    """The segments of a message, each with its fields; field n stands at index n, in MSH too."""

    segments: tuple[tuple[str, ...], ...]

    @classmethod
    def read(cls, text: str) -> "Wire":
        """Read text whose segments end in CR or in line feeds."""
        lines = text.replace("\r", "\n").removesuffix("\n").split("\n")
        return cls(tuple(_fields(line) for line in lines))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(segment[0] for segment in self.segments)

    def all(self, name: str) -> list[tuple[str, ...]]:
        return [segment for segment in self.segments if segment[0] == name]

    def __getitem__(self, place: str) -> str:
        """`OBR-3`, or `OBX-5` of the first OBX; empty where there is none."""
        values = self.each(place)
        return values[0] if values else ""

    def each(self, place: str) -> list[str]:
        """A field of each such segment."""
        name, _, number = place.partition("-")
        return [field(segment, int(number)) for segment in self.all(name)]

    def with_field(self, place: str, value: str) -> "Wire":
        """The same message with another value in a field of the first such segment, or in the nth: `OBX-5#2`."""
        where, _, nth = place.partition("#")
        name, _, number = where.partition("-")
        at = [n for n, segment in enumerate(self.segments) if segment[0] == name][int(nth or 1) - 1]
        fields = [*self.segments[at], *[""] * (int(number) + 1 - len(self.segments[at]))]
        fields[int(number)] = value
        return Wire((*self.segments[:at], tuple(fields), *self.segments[at + 1 :]))

    def without(self, name: str) -> "Wire":
        return Wire(tuple(segment for segment in self.segments if segment[0] != name))

    def with_segment(self, *fields: str) -> "Wire":
        return Wire((*self.segments, fields))


def field(segment: tuple[str, ...], number: int) -> str:
    return segment[number] if number < len(segment) else ""


def _fields(line: str) -> tuple[str, ...]:
    name, *fields = line.split("|")
    return (name, "|", *fields) if name == "MSH" else (name, *fields)
