"""Longest values by version: the tables of the segments' chapters (HL7 v2.3 to v2.5.1, 2, 3, 4 and 7).

Fields that hold one code of a table are not among them: they cannot be longer. Nor is OBX-5: its lengths in the tables
are no limits (7.4.2.5), and what a receiver takes is `message.max_value_bytes`.
"""

from typing import NamedTuple

from butterfly_gitops.hl7.refusal import RenderingRefused
from butterfly_gitops.model.message import Message

_SENDERS = {3: 227, 4: 227, 5: 227, 6: 227, 10: 20}
_ORDER = {2: 22, 3: 22}
_INTERPRETERS = {32: 200, 33: 200, 34: 200, 35: 200}
_NOW = {
    "MSH": _SENDERS,
    "PID": {3: 250, 5: 250, 18: 250},
    "PV1": {3: 80, 7: 250, 19: 250},
    "ORC": _ORDER,
    "OBR": {**_ORDER, 4: 250, 16: 250, 18: 60, 31: 250, **_INTERPRETERS, 44: 250},
    "OBX": {3: 250, 4: 20, 6: 250},
}
_EARLIER_SENDERS = {3: 180, 4: 180, 5: 180, 6: 180, 10: 20}
_BEFORE_2_4 = {
    "MSH": _EARLIER_SENDERS,
    "PID": {3: 20, 5: 48, 18: 20},
    "PV1": {3: 80, 7: 60, 19: 20},
    "ORC": _ORDER,
    "OBR": {**_ORDER, 4: 200, 16: 120, 18: 60, 31: 300, **_INTERPRETERS},
    "OBX": {3: 80, 4: 20, 6: 60},
}
LENGTHS: dict[str, dict[str, dict[int, int]]] = {
    "2.3": _BEFORE_2_4,
    "2.3.1": _BEFORE_2_4,
    "2.4": {**_NOW, "MSH": _EARLIER_SENDERS},
    "2.5.1": _NOW,
}
# Before v2.4 the length of these is that of their first component: the authority and the type of an identifier would
# not fit beside it.
_BY_FIRST_COMPONENT = {("PID", 3), ("PID", 18), ("PV1", 7), ("PV1", 19), ("OBR", 16)}
_OLD = frozenset({"2.3", "2.3.1"})


class Limit(NamedTuple):
    """The longest value of a field, each repetition for itself (2.5.3.3); or of the first component of each."""

    place: str
    longest: int
    version: str
    by_first_component: bool

    def check(self, value: str) -> None:
        """Raise RenderingRefused naming the field, where the value is longer."""
        repetitions = value.split("~")
        if self.by_first_component:
            repetitions = [one.partition("^")[0] for one in repetitions]
        if max(map(len, repetitions)) > self.longest:
            raise RenderingRefused(
                self.place,
                f"is longer than the {self.longest} characters that v{self.version} allows",
                settings=("message.too_long",),
            )


def limits_of(segment: str, options: Message) -> dict[int, Limit]:
    """The limits of a segment's fields by number; none where the endpoint takes what is longer."""
    if options.too_long == "send":
        return {}
    version = options.hl7_version
    return {
        number: Limit(
            place=f"{segment}-{number}",
            longest=longest,
            version=version,
            by_first_component=version in _OLD and (segment, number) in _BY_FIRST_COMPONENT,
        )
        for number, longest in LENGTHS[version].get(segment, {}).items()
    }
