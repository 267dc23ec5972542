"""Changes that an endpoint makes in any segment: fixed values, `""` for an empty field, and coded units."""

from collections.abc import Callable, Collection
from operator import attrgetter

from butterfly_gitops.hl7.escape import escape
from butterfly_gitops.hl7.own_field import fixable_at, split_place
from butterfly_gitops.hl7.segment_map import Attribute, Constant, Field, From, SegmentMap, Source, fixed
from butterfly_gitops.hl7.ucum import as_ce
from butterfly_gitops.model.message import Message

_NULL = '""'  # delete what you have (2.5.3.2)


def adjusted(table: SegmentMap[From], options: Message) -> SegmentMap[From]:
    """Change the table of a segment as an endpoint's settings say."""
    if table.name == "OBX" and options.unit_system == "UCUM":
        unit = _field(table, 6)
        table = table.laid_over(unit._replace(source=_mapped(unit.source, as_ce)))
    # A part of a component goes into what is fixed as the whole of it.
    for place, text in sorted(options.fields.items(), key=lambda each: each[0].count(".")):
        name, number, *_ = split_place(place)
        if name == table.name:
            field = _field(table, int(number))
            table = table.laid_over(field._replace(source=_fixed(field.source, place, text)))
    for place in options.empty_as_null:
        name, number = split_place(place)
        if name == table.name:
            field = _field(table, int(number))
            table = table.laid_over(
                field._replace(source=_mapped(field.source, lambda value: value or _NULL))
            )
    return table


def _field(table: SegmentMap[From], number: int) -> Field[From]:
    """Find the field of a number; an empty one where the table has none."""
    nothing: Field[From] = Field(number, "", fixed(""), "")
    return next((field for field in table.fields if field.number == number), nothing)


def _mapped(source: Source[From], change: Callable[[str], str]) -> Source[From]:
    """Change the text of a source."""
    if isinstance(source, Constant):
        return Constant(lambda endpoint: change(source.read(endpoint)))
    read = attrgetter(source.name) if isinstance(source, Attribute) else source
    return lambda given: change(read(given))


def _fixed(source: Source[From], place: str, text: str) -> Source[From]:
    """Put a text in place of a source, or of a component or subcomponent of it in each repetition."""
    _, _, *parts = split_place(place)
    if not parts:
        return fixed(escape(text))
    numbers, of_ours = list(map(int, parts)), fixable_at(place)

    def placed(one: str) -> str:
        if of_ours is not None and not _holds(one, of_ours.beside):
            return one
        return _within(one, numbers, text, "^&")

    return _mapped(source, lambda value: "~".join(map(placed, value.split("~"))))


def _holds(value: str, components: Collection[int]) -> bool:
    return any(part for number, part in enumerate(value.split("^"), start=1) if number in components)


def _within(value: str, parts: list[int], text: str, separators: str) -> str:
    first, *rest = parts
    found = value.split(separators[0])
    found += [""] * (first - len(found))
    found[first - 1] = _within(found[first - 1], rest, text, separators[1:]) if rest else escape(text)
    return separators[0].join(found)
