"""Two messages of the same study, field by field: what another configuration makes of it.

Values are given only where they come from the configuration or say nothing of a patient; of all other fields it is
said that they change, and no more.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

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

    `place` is `MSH-4`, or `OBX` for a whole segment; then `old` or `new` is its OBX-3, if it has one. Both are as they
    stand in the message, and empty where there is nothing or where it must not be shown.
    """

    place: str
    kind: Kind
    old: str = ""
    new: str = ""


def alterations(before: str, after: str) -> tuple[Alteration, ...]:
    """What leads from one message to the other, in the order of segments; each as often as it is there."""
    old, new = ([line.split("|") for line in text.split("\r") if line] for text in (before, after))
    found: list[Alteration] = []
    matcher = SequenceMatcher(
        None, [_identity(each) for each in old], [_identity(each) for each in new], autojunk=False
    )
    for _, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        found += _between(old[old_from:old_to], new[new_from:new_to])
    return tuple(found)


def _identity(fields: Sequence[str]) -> tuple[str, ...]:
    """What makes a segment the same one in another message: its name, and of an OBX what it tells of."""
    return (fields[0], *fields[3:5]) if fields[0] == "OBX" else (fields[0],)


def _between(old: Sequence[list[str]], new: Sequence[list[str]]) -> Iterator[Alteration]:
    """Segments that stand in each other's place are compared if they are of one name, from the first on."""
    remaining = list(new)
    for before in old:
        after = next((each for each in remaining if each[0] == before[0]), None)
        if after is None:
            yield Alteration(place=before[0], kind="removed", old=_of_segment(before))
        else:
            remaining.remove(after)
            yield from _of_fields(before, after)
    for after in remaining:
        yield Alteration(place=after[0], kind="added", new=_of_segment(after))


def _of_segment(fields: Sequence[str]) -> str:
    return _short(fields[3]) if fields[0] == "OBX" and len(fields) > 3 else ""


def _of_fields(before: Sequence[str], after: Sequence[str]) -> Iterator[Alteration]:
    name = before[0]
    first = 1 if name == "MSH" else 0
    for index in range(1, max(len(before), len(after))):
        number = index + first
        old, new = (side[index] if index < len(side) else "" for side in (before, after))
        if old == new or (name, number) == _NUMBERING:
            continue
        kind: Kind = "added" if not old else "removed" if not new else "changed"
        yield Alteration(
            place=f"{name}-{number}", kind=kind, old=_shown(name, number, old), new=_shown(name, number, new)
        )


def _shown(segment: str, number: int, value: str) -> str:
    is_open = value == NULL or number in SHOWN.get(segment, frozenset())
    return _short(value) if is_open else ""


def _short(value: str) -> str:
    return value if len(value) <= _LONGEST else f"{value[: _LONGEST - 1]}…"
