"""What an endpoint changes in the fields of any segment: fixed values, and `""` for nothing."""

from collections.abc import Callable
from operator import attrgetter

from butterfly_gitops.hl7.escape import escape
from butterfly_gitops.hl7.segment_map import Column, Field, From, SegmentMap, Setting, Source, fixed
from butterfly_gitops.model.message import Message

_NULL = '""'  # delete what you have (2.5.3.2)

# What says who sends what of whom, in which state, and how it is read: `""` may not stand there.
NEVER_NULL: dict[str, frozenset[int]] = {
    "MSH": frozenset({1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 15, 16, 18}),
    "PID": frozenset({3, 5, 7, 8}),
    "PV1": frozenset({2, 19}),
    "ORC": frozenset({1, 2, 3, 5}),
    "TQ1": frozenset(),
    "OBR": frozenset({2, 3, 4, 7, 22, 24, 25}),
    "OBX": frozenset({1, 2, 3, 4, 5, 6, 11}),
}
_OF_ONE_STUDY: dict[str, frozenset[int]] = {
    # Other identifiers of the patient and of the visit, orders, people, times, and how a value is to be judged.
    "PID": frozenset({2, 4, 18, 19}),
    "PV1": frozenset({7, 50}),
    "ORC": frozenset({4, 8}),
    "OBR": frozenset({8, 16, 18, 29, 32, 33, 34, 35}),
    "OBX": frozenset({7, 8, 9, 10, 14}),
}
# A fixed value would be untrue of most results.
OWN_FIELDS: dict[str, frozenset[int]] = {
    name: numbers | _OF_ONE_STUDY.get(name, frozenset()) for name, numbers in NEVER_NULL.items()
}
LAST_FIELDS = {"MSH": 21, "PID": 39, "PV1": 52, "ORC": 31, "TQ1": 14, "OBR": 50, "OBX": 25}
"""The last field of each segment in v2.5.1; no version of ours has more."""


def adjusted(table: SegmentMap[From], options: Message) -> SegmentMap[From]:
    """The table of a segment as this endpoint wants it."""
    for place, text in options.fields.items():
        name, number, *parts = split_place(place)
        if name == table.name:
            field = _field(table, int(number))
            source = (
                _placed(field.source, [int(part) for part in parts], text) if parts else fixed(escape(text))
            )
            table = table.laid_over(field._replace(source=source))
    for place in options.empty_as_null:
        name, number = split_place(place)
        if name == table.name:
            field = _field(table, int(number))
            table = table.laid_over(
                field._replace(source=_mapped(field.source, lambda value: value or _NULL))
            )
    return table


def split_place(place: str) -> tuple[str, ...]:
    """`PV1-3.4` as `("PV1", "3", "4")`."""
    segment, _, rest = place.partition("-")
    return (segment, *rest.split("."))


def _field(table: SegmentMap[From], number: int) -> Field[From]:
    """The field of a number; one that the table lacks holds nothing."""
    nothing: Field[From] = Field(number, "", fixed(""), "")
    return next((field for field in table.fields if field.number == number), nothing)


def _mapped(source: Source[From], change: Callable[[str], str]) -> Source[From]:
    """A source whose text is changed."""
    if isinstance(source, Setting):
        return Setting(lambda endpoint: change(source.read(endpoint)))
    read = attrgetter(source.name) if isinstance(source, Column) else source
    return lambda given: change(read(given))


def _placed(source: Source[From], parts: list[int], text: str) -> Source[From]:
    """A source with a text as its component or subcomponent; in each repetition."""
    return _mapped(
        source, lambda value: "~".join(_within(one, parts, text, "^&") for one in value.split("~"))
    )


def _within(value: str, parts: list[int], text: str, separators: str) -> str:
    first, *rest = parts
    found = value.split(separators[0])
    found += [""] * (first - len(found))
    found[first - 1] = _within(found[first - 1], rest, text, separators[1:]) if rest else escape(text)
    return separators[0].join(found)
