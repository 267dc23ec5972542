"""Readers of plain values: each by its own pattern, so that raw text never meets pydantic's lax mode.

Pydantic only checks limits here; which reader reads which setting is decided in `decode`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter, ValidationError

from butterfly_gitops.config.context import FAILED, Context, Failed, scalar_for, shown
from butterfly_gitops.config.hl7_settings import place_meant
from butterfly_gitops.config.tree import Node, Scalar
from butterfly_gitops.config.written_choices import choice_meant, listed_choices, one_of
from butterfly_gitops.config.written_durations import durations_meant
from butterfly_gitops.config.written_names import hint_spelling
from butterfly_gitops.model.field_place import FIELD_PATTERN, PLACE_PATTERN
from butterfly_gitops.model.meaning import PATTERN_HINT
from butterfly_gitops.model.scalar import NAME_PATTERN, parse_duration, print_duration

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_FRACTION = re.compile(r"([0-9]{1,17})\.(?!0+$)[0-9]+")
_GROUPED = re.compile("[ ,'\u2019]")
_IN_THOUSANDS = re.compile(rf"[0-9]{{1,3}}({_GROUPED.pattern}[0-9]{{3}})+")
_PLACES = {FIELD_PATTERN: "field", PLACE_PATTERN: "place in a message"}
_ONE_NUMBER = re.compile(r"[^0-9-]*([0-9]{1,18})[^0-9]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class BooleanReader:
    """Reads `true` and `false`, without quotes, and no other words for them."""

    wants: str = "true or false"

    def read(self, node: Node, at: Scalar, context: Context) -> Any:
        scalar = scalar_for(node, at, self.wants, context)
        if scalar is None:
            return FAILED
        if scalar.is_plain and scalar.text in ("true", "false"):
            return scalar.text == "true"
        lower = scalar.text.lower()
        meant = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(lower, lower)
        hint = f"write {meant}, without quotes" if meant in ("true", "false") else f"write {self.wants}"
        message = f"{at.text} is {self.wants}, not {shown(scalar)}"
        return context.refuse(scalar.place, rule="wrong-type", message=message, hint=hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegerReader:
    """Reads a decimal whole number without quotes or leading zeros."""

    adapter: TypeAdapter[Any]
    wants: str = "a whole number"

    def read(self, node: Node, at: Scalar, context: Context) -> Any:
        scalar = scalar_for(node, at, self.wants, context)
        if scalar is None:
            return FAILED
        if not (scalar.is_plain and _INTEGER.fullmatch(scalar.text)):
            message = f"{at.text} is {self.wants}, not {shown(scalar)}"
            return context.refuse(scalar.place, rule="wrong-type", message=message, hint=self._hint(scalar))
        try:
            return self.adapter.validate_python(int(scalar.text))
        except ValidationError:
            limits = self._limits()
            message = f"{at.text} is {scalar.text}; it must be {limits}"
            return context.refuse(
                scalar.place, rule="out-of-range", message=message, hint=f"write a whole number {limits}"
            )

    def _hint(self, scalar: Scalar) -> str:
        """The number that stands there with something around it, such as a comma, if it is one alone and may be."""
        if found := _FRACTION.fullmatch(scalar.text):
            whole = int(found[1])
            around = [number for number in (whole, whole + 1) if self._is_within(number)]
            return (
                f"write {' or '.join(map(str, around))}"
                if around
                else f"write a whole number {self._limits()}"
            )
        text = _GROUPED.sub("", scalar.text) if _IN_THOUSANDS.fullmatch(scalar.text) else scalar.text
        found = _ONE_NUMBER.fullmatch(text.replace("_", "").removesuffix(".0"))
        if found is None:
            return "write digits only"
        if not self._is_within(int(found[1])):
            return f"write a whole number {self._limits()}"
        return f"write {int(found[1])}" + ("" if scalar.is_plain else ", without quotes")

    def _is_within(self, number: int) -> bool:
        try:
            self.adapter.validate_python(number)
        except ValidationError:
            return False
        return True

    def _limits(self) -> str:
        schema = self.adapter.json_schema()
        if "maximum" in schema:
            return f"from {schema.get('minimum', 0)} to {schema['maximum']}"
        return f"at least {schema.get('minimum', 0)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DurationReader:
    """Reads `250ms`, `30s`, `10m` or `2h`."""

    adapter: TypeAdapter[Any]
    wants: str = "a duration such as 30s"

    def read(self, node: Node, at: Scalar, context: Context) -> Any:
        scalar = scalar_for(node, at, self.wants, context)
        if scalar is None:
            return FAILED
        try:
            duration = parse_duration(scalar.text)
        except ValueError:
            message = f"{at.text} is {shown(scalar)}; a duration is a whole number and a unit"
            return context.refuse(scalar.place, rule="bad-duration", message=message, hint=self._hint(scalar))
        try:
            return self.adapter.validate_python(duration)
        except ValidationError as error:
            limits = str(error.errors(include_url=False, include_input=False)[0]["ctx"]["error"])
            message = f"{at.text} is {scalar.text}; it {limits}"
            hint = f"write a duration {limits.removeprefix('must be ')}"
            return context.refuse(scalar.place, rule="out-of-range", message=message, hint=hint)

    def _hint(self, scalar: Scalar) -> str:
        """What was meant, as far as it may stand here: seconds, or milliseconds where so many seconds may not be."""
        meant = list(durations_meant(scalar.text))
        fitting = [print_duration(each) for each in meant if self._is_within(each)]
        if fitting:
            is_clock = ":" in scalar.text
            quoted = [f'"{text}"' for text in (fitting if is_clock else fitting[:1])]
            return f"write {' or '.join(quoted)}"
        return f"write {self._limits(meant[0])}" if meant else "write 250ms, 30s, 10m or 2h"

    def _limits(self, duration: timedelta) -> str:
        try:
            self.adapter.validate_python(duration)
        except ValidationError as error:
            limits = str(error.errors(include_url=False, include_input=False)[0]["ctx"]["error"])
            return f"a duration {limits.removeprefix('must be ')}"
        return "whole milliseconds"

    def _is_within(self, duration: timedelta) -> bool:
        try:
            self.adapter.validate_python(duration)
            return parse_duration(print_duration(duration)) == duration
        except ValueError:
            return False


@dataclass(frozen=True, slots=True, kw_only=True)
class TextReader:
    """Reads any scalar as the text that was written, within the limits of its type."""

    adapter: TypeAdapter[Any]
    wants: str = "text"

    def read(self, node: Node, at: Scalar, context: Context) -> Any:
        scalar = scalar_for(node, at, self.wants, context)
        if scalar is None:
            return FAILED
        try:
            return self.adapter.validate_python(scalar.text)
        except ValidationError:
            return self._refuse(scalar, at, context)

    def _refuse(self, scalar: Scalar, at: Scalar, context: Context) -> Failed:
        schema = self.adapter.json_schema()
        if schema.get("pattern") == NAME_PATTERN:
            message = f"{shown(scalar)} is no name: small letters, digits and hyphens, at most 63"
            return context.refuse(
                scalar.place, rule="bad-name", message=message, hint=hint_spelling(scalar.text)
            )
        least, most = schema.get("minLength", 0), schema.get("maxLength", len(scalar.text))
        if not least <= len(scalar.text) <= most:
            return self._refuse_length(scalar, at, context, least=least, most=schema.get("maxLength"))
        message = (
            f"a key cannot be {shown(scalar)}" if scalar is at else f"{at.text} cannot be {shown(scalar)}"
        )
        hint = schema.get(PATTERN_HINT, f"it must match {schema.get('pattern')}")
        if what := _PLACES.get(schema.get("pattern", "")):
            message = f"{shown(scalar)} is no {what} that can stand here"
            place = place_meant(scalar.text)
            if place and re.fullmatch(schema["pattern"], place):
                message, hint = f"{shown(scalar)} is not how a {what} is written", f'write "{place}"'
        return context.refuse(scalar.place, rule="wrong-value", message=message, hint=hint)

    def _refuse_length(
        self, scalar: Scalar, at: Scalar, context: Context, *, least: int, most: int | None
    ) -> Failed:
        limits = f"at least {least}" if most is None else f"{least} to {most}"
        long = f"has {len(scalar.text)} characters" if scalar.text else "is empty"
        is_short = len(scalar.text) < least
        characters = " characters" if not scalar.text else ""
        message = f"{at.text} {long}; it must have {limits}{characters}"
        hint = f"write {self.wants} of {limits} characters" if is_short else "write it shorter"
        return context.refuse(scalar.place, rule="out-of-range", message=message, hint=hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceReader:
    """Reads one of a few words or numbers."""

    choices: tuple[Any, ...]
    meanings: Mapping[str, str] = field(default_factory=dict)

    @property
    def wants(self) -> str:
        return one_of([str(choice) for choice in self.choices])

    def read(self, node: Node, at: Scalar, context: Context) -> Any:
        scalar = scalar_for(node, at, self.wants, context)
        if scalar is None:
            return FAILED
        for choice in self.choices:
            if scalar.text == str(choice) and (isinstance(choice, str) or scalar.is_plain):
                return choice
        words = [str(choice) for choice in self.choices]
        # A number that looks alike, of a version or an edition, is another one, not the one that was meant.
        is_of_numbers = all(word[:1].isdigit() for word in words)
        meant = None if is_of_numbers else choice_meant(scalar.text, words)
        is_hint = meant is not None and meant != scalar.text
        hint = f'write "{meant}"' if is_hint else f"write {listed_choices(words, self.meanings)}"
        message = f"{at.text} is {shown(scalar)}; it can be {self.wants}"
        return context.refuse(scalar.place, rule="wrong-value", message=message, hint=hint)
