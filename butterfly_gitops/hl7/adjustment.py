"""What an endpoint changes in the fields of any segment: fixed values, `""` for nothing, and limits of length."""

from functools import lru_cache

from butterfly_gitops.hl7.escape import escape
from butterfly_gitops.hl7.length import check_lengths
from butterfly_gitops.hl7.refusal import RenderingRefused
from butterfly_gitops.hl7.result import Result
from butterfly_gitops.model.message import Message

_NULL = '""'  # delete what you have (2.5.3.2)

# What says who sends what of whom, in which state, and how it is read: no fixed value may stand there.
OWN_FIELDS: dict[str, frozenset[int]] = {
    "MSH": frozenset({1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 15, 16, 18}),
    "PID": frozenset({3, 5, 7, 8}),
    "PV1": frozenset({2, 19}),
    "ORC": frozenset({1, 2, 3, 5}),
    "TQ1": frozenset(),
    "OBR": frozenset({2, 3, 4, 7, 22, 24, 25}),
    "OBX": frozenset({1, 2, 3, 4, 5, 6, 11}),
}


def adjusted(segment: str, values: list[tuple[int, str]], result: Result) -> list[tuple[int, str]]:
    """The fields of one segment as this endpoint wants them. Raises RenderingRefused naming one that is too long."""
    options = result.options
    if options.fields or options.empty_as_null:
        values = sorted(_changed(segment, dict(values), options).items())
    if options.too_long == "refuse":
        check_lengths(segment, values, result.version.id)
    if options.max_value_bytes and segment == "OBX":
        _check_size(dict(values).get(5, ""), options.max_value_bytes, result)
    return values


def _changed(segment: str, values: dict[int, str], options: Message) -> dict[int, str]:
    for place, text in options.fields.items():
        name, number, *parts = split_place(place)
        if name == segment:
            values[int(number)] = _placed(values.get(int(number), ""), [int(part) for part in parts], text)
    for place in options.empty_as_null:
        name, number = split_place(place)
        if name == segment and not values.get(int(number)):
            values[int(number)] = _NULL
    return values


@lru_cache(maxsize=1024)
def split_place(place: str) -> tuple[str, ...]:
    """`PV1-3.4` as `("PV1", "3", "4")`."""
    segment, _, rest = place.partition("-")
    return (segment, *rest.split("."))


def _placed(value: str, parts: list[int], text: str) -> str:
    """A field with a text as its component or subcomponent, or as a whole; in each repetition."""
    if not parts:
        return escape(text)
    return "~".join(_within(one, parts, text, "^&") for one in value.split("~"))


def _within(value: str, parts: list[int], text: str, separators: str) -> str:
    first, *rest = parts
    found = value.split(separators[0])
    found += [""] * (first - len(found))
    found[first - 1] = _within(found[first - 1], rest, text, separators[1:]) if rest else escape(text)
    return separators[0].join(found)


def _check_size(value: str, most: int, result: Result) -> None:
    # No encoding of ours takes more than four bytes for a character.
    if len(value) * 4 <= most:
        return
    size = len(value.encode("utf-8")) if result.endpoint.encoding == "UTF-8" else len(value)
    if size > most:
        raise RenderingRefused(
            "OBX-5",
            f"has {size} bytes; message.max_value_bytes allows {most}",
            settings=("message.max_value_bytes",),
        )
