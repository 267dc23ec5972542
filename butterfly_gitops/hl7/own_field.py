"""Fields that only we write, and the components of them that an endpoint may still fix."""

from collections.abc import Iterable
from typing import NamedTuple

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


class Component(NamedTuple):
    """A component that we never write, and that may be the same in every result.

    It says something of what stands in one of the components `beside`, and is left out where they are empty. `parts`
    are its subcomponents in v2.5.1; none where it is one text.
    """

    number: int
    beside: frozenset[int] = frozenset({1})
    parts: int = 0


_HD, _CE, _CWE = 3, 6, 9
_FAMILY_OR_GIVEN = frozenset({1, 2})
# A check digit and dates are those of one identifier, a middle name and a title those of one person.
_CX = (Component(6, parts=_HD), Component(9, parts=_CWE), Component(10, parts=_CWE))
_NUMBER_ALONE = (Component(4, parts=_HD), Component(5), *_CX)
_XCN = (
    Component(8),
    Component(10, beside=frozenset({2, 3})),
    Component(14, parts=_HD),
    Component(22, parts=_CWE),
    Component(23, parts=_CWE),
)
_EI = (Component(2), Component(3), Component(4))
_NDL = (Component(7, parts=_HD),)
FIXABLE: dict[str, tuple[Component, ...]] = {
    "MSH-11": (Component(2),),
    "MSH-12": (Component(2, parts=_CE), Component(3, parts=_CE)),
    "PID-3": _CX,
    "PID-5": (Component(8, beside=_FAMILY_OR_GIVEN), Component(11, beside=_FAMILY_OR_GIVEN)),
    "PID-18": _NUMBER_ALONE,
    "PV1-7": _XCN,
    "PV1-19": _NUMBER_ALONE,
    **dict.fromkeys(("ORC-2", "ORC-3", "OBR-2", "OBR-3"), _EI),
    "OBR-4": (Component(4), Component(5), Component(6)),
    "OBR-16": _XCN,
    **dict.fromkeys(("OBR-32", "OBR-33", "OBR-34", "OBR-35"), _NDL),
}
"""By field of ours, what `message.fields` may fix in it."""


def split_place(place: str) -> tuple[str, ...]:
    """`PV1-3.4` as `("PV1", "3", "4")`."""
    segment, _, rest = place.partition("-")
    return (segment, *rest.split("."))


def fixable_at(place: str) -> Component | None:
    """Find the component that `PV1-19.4`, or its part `PV1-19.4.2`, may fix; None where it may not."""
    field, *parts = place.split(".")
    component, subcomponent = [*map(int, parts), 0, 0][:2]
    for one in FIXABLE.get(field, ()):
        if one.number == component and subcomponent <= one.parts:
            return one
    return None


def listed(field: str, components: Iterable[Component]) -> str:
    """`PV1-19.4, 5 and 6`: the components of a field in words."""
    first, *others = [str(one.number) for one in components]
    last = f" and {others[-1]}" if others else ""
    return f"{field}.{', '.join([first, *others[:-1]])}{last}"
