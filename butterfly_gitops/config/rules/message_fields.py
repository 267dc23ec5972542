"""Fields that fixed values and `""` may be said of: those that `message.fields` and `message.empty_as_null` name."""

from collections.abc import Iterator
from typing import NamedTuple

from butterfly_gitops.config.reading import EndpointReading, FleetReading
from butterfly_gitops.config.tree import Mapping, Place, problem_at, scalars_at
from butterfly_gitops.config.values.unknown_keys import setting_of
from butterfly_gitops.hl7.field_type import LAST_FIELDS, components_of
from butterfly_gitops.hl7.layouts.catalog import segments_sent
from butterfly_gitops.hl7.own_field import (
    FIXABLE,
    NEVER_NULL,
    OWN_FIELDS,
    fixable_at,
    listed,
    split_place,
)
from butterfly_gitops.model.message import Message
from butterfly_gitops.model.problem import Problem, Severity

_DEEPEST = 2  # a component and a subcomponent
_CANNOT = {
    "fields": "be fixed: the study or another setting decides it",
    "empty_as_null": 'be sent as "": it says who, what or in which state',
}
_EQUAL = {"ORC-2": "OBR-2", "ORC-3": "OBR-3", "OBR-2": "ORC-2", "OBR-3": "ORC-3"}
_REFUSED = {"fields": OWN_FIELDS, "empty_as_null": NEVER_NULL}


class _Named(NamedTuple):
    """A place in a message that an endpoint names in one of the two settings."""

    endpoint: EndpointReading
    setting: str
    text: str

    @property
    def parts(self) -> tuple[str, int, int]:
        """Segment, field and component; 0 where the whole field is named."""
        segment, field, component, *_ = (*split_place(self.text), "0")
        return segment, int(field), int(component)

    @property
    def is_refused(self) -> bool:
        is_part = self.setting == "fields" and fixable_at(self.text) is not None
        segment, field, _ = self.parts
        is_own = field in _REFUSED[self.setting][segment]
        return is_own and not is_part and not self.is_too_deep

    @property
    def is_too_deep(self) -> bool:
        """Whether it is a part of a component that can be fixed, and no part itself that can."""
        if self.setting != "fields" or self.text.count(".") != _DEEPEST:
            return False
        return fixable_at(self.text) is None and fixable_at(self.text.rpartition(".")[0]) is not None

    @property
    def place(self) -> Place:
        """Where the endpoint itself names it; its key where another layer does."""
        return self._in(self.endpoint.own)

    @property
    def written(self) -> Place:
        """Where it is named, by whichever layer."""
        return self._in(self.endpoint.merged.tree)

    def _in(self, tree: Mapping) -> Place:
        if entry := tree.entry("message", self.setting, self.text):
            return entry.key.place
        items = {item.text: item.place for item in scalars_at(tree, "message", self.setting)}
        return items.get(self.text, self.endpoint.key.place)


def check_message_fields(reading: FleetReading) -> Iterator[Problem]:
    """All rules of this module, for each endpoint with all its layers."""
    for _, endpoint in reading.endpoints:
        if endpoint.value is not None:
            message = endpoint.value.message
            sent = segments_sent(message)
            for named in _named(endpoint, message):
                yield from _of_place(named, message, sent)
            yield from _overlaps(endpoint, message)
            yield from _separators(endpoint, message)
            if {"ORC", "OBR"} <= sent:
                yield from _unequal_numbers(endpoint, message)


def _named(endpoint: EndpointReading, message: Message) -> Iterator[_Named]:
    for setting, places in (("fields", message.fields), ("empty_as_null", message.empty_as_null)):
        for text in places:
            yield _Named(endpoint, setting, text)


def _of_place(named: _Named, message: Message, sent: frozenset[str]) -> Iterator[Problem]:
    """Fields that we write ourselves, that no segment has, and of segments that the layout does not have."""
    segment, number, component = named.parts
    last, field = LAST_FIELDS[segment], f"{segment}-{number}"
    most = (number <= last and components_of(segment, number)) or component
    if named.is_refused:
        says, hint = f"{named.text} cannot {_CANNOT[named.setting]}", _instead_of(field, named.setting)
        yield problem_at(named.place, "own-field", says, hint)
    elif named.is_too_deep:
        whole = named.text.rpartition(".")[0]
        found = fixable_at(whole)
        parts = found.parts if found else 0
        can = f"only parts 1 to {parts} of {whole} can" if parts else f"{whole} has no parts that can"
        hint = f"write {whole}" + (f", or {whole}.1 to {whole}.{parts}" if parts else "")
        yield problem_at(named.place, "own-field", f"{named.text} cannot be fixed: {can}", hint)
    elif number > last:
        says = f"{segment} has no field {number}: its last is {segment}-{last}"
        yield problem_at(named.place, "no-such-field", says, "write the field that is meant, or take it out")
    elif component > most:
        says = f"{field} has no component {component}: {f'it has {most}' if most > 1 else 'it is one text'}"
        yield problem_at(
            named.place, "no-such-field", says, "write the component that is meant, or take it out"
        )
    elif segment not in sent:
        says = f"{named.endpoint.name} sends no {segment} in the layout {message.layout}"
        yield problem_at(named.place, "not-of-this-layout", says, "take it out", severity=Severity.WARNING)


def _overlaps(endpoint: EndpointReading, message: Message) -> Iterator[Problem]:
    """Places of which one would be lost, however the file orders them."""
    for text in message.fields:
        if holder := next((each for each in _holders(text) if each in message.fields), None):
            yield _overlap(
                _Named(endpoint, "fields", text),
                _Named(endpoint, "fields", holder),
                says=f"lies in {holder}, which is fixed as a whole",
                hint=f"take one of them out; all that {holder} holds can be fixed part by part",
            )
    for field in dict.fromkeys(message.empty_as_null):
        # A part of a field of ours stands beside a value only.
        fixed = (each for each in message.fields if field in (each, *_holders(each)) and not fixable_at(each))
        if part := next(fixed, None):
            yield _overlap(
                _Named(endpoint, "empty_as_null", field),
                _Named(endpoint, "fields", part),
                says=f"is never empty: {'it' if part == field else part} is fixed",
                hint="take one of them out",
            )


def _holders(place: str) -> Iterator[str]:
    """`PV1-3.4` and `PV1-3`: what `PV1-3.4.1` lies in."""
    while "." in place:
        place = place.rpartition(".")[0]
        yield place


def _overlap(named: _Named, other: _Named, *, says: str, hint: str) -> Problem:
    """Said where the endpoint itself names one of the two, with the place of the other."""
    is_own = named.place != named.endpoint.key.place
    at, beside = (named, other) if is_own else (other, named)
    return problem_at(
        at.place,
        "overlapping-places",
        f"{named.text} of {named.endpoint.name} {says}",
        hint,
        related=((f"{beside.setting} names {beside.text}", beside.written.origin),),
    )


def _instead_of(field: str, setting: str) -> str:
    """Say what to write where a field of ours is named."""
    decides = setting_of(field)
    hint = f"take it out, and write {decides}" if decides else "take it out"
    if setting == "fields" and field in FIXABLE:
        return f"{hint}; what may be fixed is {listed(field, FIXABLE[field])}"
    return hint


def _separators(endpoint: EndpointReading, message: Message) -> Iterator[Problem]:
    """Fixed values that look like several components; each is written as one text."""
    for named, text in message.fields.items():
        if found := next((each for each in "^&~|" if each in text), None):
            parts = "" if named.count(".") == _DEEPEST else f"{named}.1 and {named}.2, or "
            says = f"{named} has a {found} in its value, which is sent as a character of the text"
            hint, at = f"write {parts}the value without it", _Named(endpoint, "fields", named)
            yield problem_at(at.place, "separator-in-value", says, hint, severity=Severity.WARNING)


def _unequal_numbers(endpoint: EndpointReading, message: Message) -> Iterator[Problem]:
    """Parts of the order numbers, which stand in ORC and in OBR (HL7 v2.5.1, 4.5.1.2 and 4.5.1.3)."""
    for field, other in _EQUAL.items():
        for component in FIXABLE[field]:
            place, twin = f"{field}.{component.number}", f"{other}.{component.number}"
            text = message.fields.get(place)
            if text is None or message.fields.get(twin) == text:
                continue
            # Where both are fixed it is said of one of them.
            if field.startswith("OBR") and twin in message.fields:
                continue
            says = (
                f"{place} of {endpoint.name} is fixed, and {twin}, which must be equal to it, is not the same"
            )
            at = _Named(endpoint, "fields", place)
            yield problem_at(at.place, "at-odds", says, f"fix {twin} alike", severity=Severity.WARNING)
