"""Differences between two messages of one study, field by field.

Values are given only where they come from the configuration or say nothing of a patient; of all other fields it is
said that they change, and no more.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Literal

from butterfly_gitops.hl7.field_type import TYPE_OF_FIELD

Kind = Literal["changed", "added", "removed"]

# What may be shown of a message, whoever reads: who sends what to whom in which form, and codes. MSH-7 is the time of
# the comparison. Neither a time of the study, nor a number of an order or a visit, nor a name is among them.
SHOWN: dict[str, frozenset[int]] = {
    "MSH": frozenset(range(1, 22)),
    "PID": frozenset({1}),
    "PV1": frozenset({1}),
    "ORC": frozenset({1, 5}),
    "TQ1": frozenset({1, 9}),
    "OBR": frozenset({1, 4, 24, 25, 44}),
    "OBX": frozenset({1, 2, 3, 6, 11}),
    "ZDS": frozenset(),
}
NULL = '""'
# Numbers the OBX; it follows from what is added and removed.
_NUMBERING = ("OBX", 1)
_LONGEST = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Alteration:
    """One field or one segment that differs.

    `place` is `MSH-4`, `PV1-19.4` for a component of a field that is not shown, or `OBX` for a whole segment; then
    `old` or `new` is its OBX-3, if it has one. Both are as they stand in the message, and empty where there is nothing
    or where it must not be shown. `row` is the OBX-3 beside any other field of an OBX.
    """

    place: str
    kind: Kind
    old: str = ""
    new: str = ""
    row: str = ""


_Segment = list[str]


def alterations(before: str, after: str, *, is_same_layout: bool = True) -> tuple[Alteration, ...]:
    """List the differences in the order of segments, each as often as it occurs.

    Two OBX are the same one by what they tell of, OBX-3 and OBX-4; in the same layout also by what they say. Nothing is
    concluded from where they stand.
    """
    old, new = (_by_name(text) for text in (before, after))
    found: list[Alteration] = []
    for name in SHOWN:
        if name == "OBX":
            found += _of_rows(old.get(name, []), new.get(name, []), is_same_layout=is_same_layout)
        else:
            for one, other in zip_longest(old.get(name, []), new.get(name, [])):
                found += _of_segments(name, one, other)
    return tuple(found)


def _by_name(text: str) -> dict[str, list[_Segment]]:
    found: dict[str, list[_Segment]] = {}
    for line in text.split("\r"):
        if line:
            found.setdefault(line[:3], []).append(line.split("|"))
    return found


def _of_segments(name: str, before: _Segment | None, after: _Segment | None) -> Iterator[Alteration]:
    if before and after:
        yield from _of_fields(before, after)
    elif before:
        yield Alteration(place=name, kind="removed", old=_told_by(before))
    elif after:
        yield Alteration(place=name, kind="added", new=_told_by(after))


def _of_rows(
    old: Sequence[_Segment], new: Sequence[_Segment], *, is_same_layout: bool
) -> Iterator[Alteration]:
    """List differences within the OBX of both sides, then the removed and the added ones."""
    pairs, leaving, coming = _paired(old, new, _SAME if is_same_layout else _SAME[:2])
    for before, after in pairs:
        for one in _of_fields(before, after):
            yield one if one.place == "OBX-3" else replace(one, row=_told_by(after))
    for before in leaving:
        yield from _of_segments("OBX", before, None)
    for after in coming:
        yield from _of_segments("OBX", None, after)


_Key = Callable[[_Segment], Sequence[str]]
# By what two OBX are the same one, the surest first.
_SAME: tuple[_Key, ...] = (lambda row: row[3:5], lambda row: row[3:4], lambda row: row[5:6])


def _paired(
    old: Sequence[_Segment], new: Sequence[_Segment], keys: Sequence[_Key]
) -> tuple[list[tuple[_Segment, _Segment]], list[_Segment], list[_Segment]]:
    """Match the OBX of both sides: pairs in the order of the new ones, then the rest of each side.

    Of several with the same key the first goes with the first.
    """
    partners: dict[int, int] = {}
    for key in keys:
        free = defaultdict[tuple[str, ...], deque[int]](deque)
        taken = set(partners.values())
        for number, row in enumerate(old):
            # Nothing is no value that two of them could share.
            if number not in taken and any(values := key(row)):
                free[tuple(values)].append(number)
        for number, row in enumerate(new):
            if number not in partners and (numbers := free.get(tuple(key(row)))):
                partners[number] = numbers.popleft()
    taken = set(partners.values())
    return (
        [(old[partners[number]], row) for number, row in enumerate(new) if number in partners],
        [row for number, row in enumerate(old) if number not in taken],
        [row for number, row in enumerate(new) if number not in partners],
    )


def _told_by(fields: Sequence[str]) -> str:
    return _short(fields[3]) if fields[0] == "OBX" and len(fields) > 3 else ""


def _of_fields(before: Sequence[str], after: Sequence[str]) -> Iterator[Alteration]:
    name = before[0]
    first = 1 if name == "MSH" else 0
    for index in range(1, max(len(before), len(after))):
        number = index + first
        old, new = (side[index] if index < len(side) else "" for side in (before, after))
        if old == new or (name, number) == _NUMBERING:
            continue
        place = f"{name}-{number}"
        if place in TYPE_OF_FIELD and number not in SHOWN.get(name, ()) and _is_comparable(old, new):
            yield from _of_components(place, old, new)
        else:
            yield Alteration(
                place=place,
                kind=_kind(old, new),
                old=_shown(name, number, old),
                new=_shown(name, number, new),
            )


def _is_comparable(old: str, new: str) -> bool:
    """Tell whether two values can be compared component by component."""
    return all(value and value != NULL and "~" not in value for value in (old, new)) and "^" in old + new


def _of_components(place: str, old: str, new: str) -> Iterator[Alteration]:
    """List the components that differ, without their values."""
    for number, (one, other) in enumerate(zip_longest(old.split("^"), new.split("^"), fillvalue=""), start=1):
        if one != other:
            yield Alteration(place=f"{place}.{number}", kind=_kind(one, other))


def _kind(old: str, new: str) -> Kind:
    return "added" if not old else "removed" if not new else "changed"


def _shown(segment: str, number: int, value: str) -> str:
    is_open = value == NULL or number in SHOWN.get(segment, frozenset())
    return _short(value) if is_open else ""


def _short(value: str) -> str:
    return value if len(value) <= _LONGEST else f"{value[: _LONGEST - 1]}…"
