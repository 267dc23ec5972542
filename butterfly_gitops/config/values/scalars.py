"""Readers of plain values: each by its own pattern, so that raw text never meets pydantic's lax mode.

Pydantic only checks limits here; which reader reads which setting is decided in `models`.
"""

import re
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from butterfly_gitops.config import secrets
from butterfly_gitops.config.tree import Node, Scalar
from butterfly_gitops.config.typos import slug_of, typo_of
from butterfly_gitops.config.values.context import FAILED, Context, scalar_for, shown
from butterfly_gitops.model.meaning import PATTERN_HINT
from butterfly_gitops.model.message import FIELD_PATTERN, PLACE_PATTERN
from butterfly_gitops.model.printable import HIDDEN
from butterfly_gitops.model.scalar import NAME_PATTERN, parse_duration

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_MEANT_BOOLEANS = {
    "yes": "true",
    "on": "true",
    "no": "false",
    "off": "false",
    "true": "true",
    "false": "false",
}
_COUNT_AND_WORD = re.compile(r"([0-9]{1,6})\s*([a-z]+)")
_UNITS = {
    **dict.fromkeys(("ms", "msec", "msecs", "milliseconds"), "ms"),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
}
_PLACES = {FIELD_PATTERN: "field", PLACE_PATTERN: "place in a message"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalarReader:
    """Reads a plain value; each kind says which texts it takes."""

    wants: str = "text"

    def read(self, node: Node, at: Scalar, context: Context) -> Any:
        scalar = scalar_for(node, at, self.wants, context)
        return FAILED if scalar is None else self.value_of(scalar, at, context)

    def value_of(self, scalar: Scalar, at: Scalar, context: Context) -> Any:
        """Return the value of a text, or FAILED after its problem was noted."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitedReader(ScalarReader):
    """Reads a plain value within the limits of its type."""

    adapter: TypeAdapter[Any]

    def valid(self, value: Any) -> Any:
        """The value within the limits, or FAILED."""
        try:
            return self.adapter.validate_python(value)
        except ValidationError:
            return FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class BooleanReader(ScalarReader):
    """Reads `true` and `false`, without quotes, and no other words for them."""

    wants: str = "true or false"

    def value_of(self, scalar: Scalar, at: Scalar, context: Context) -> Any:
        if scalar.is_plain and scalar.text in ("true", "false"):
            return scalar.text == "true"
        meant = _MEANT_BOOLEANS.get(scalar.text.lower())
        hint = f"write {meant}, without quotes" if meant else f"write {self.wants}"
        message = f"{at.text} is {self.wants}, not {shown(scalar)}"
        return context.refuse(scalar.place, "wrong-type", message, hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegerReader(LimitedReader):
    """Reads a decimal whole number without quotes or leading zeros."""

    wants: str = "a whole number"

    def value_of(self, scalar: Scalar, at: Scalar, context: Context) -> Any:
        rule, message = "wrong-type", f"{at.text} is {self.wants}, not {shown(scalar)}"
        if scalar.is_plain and _INTEGER.fullmatch(scalar.text):
            if self.valid(int(scalar.text)) is not FAILED:
                return int(scalar.text)
            rule, message = "out-of-range", f"{at.text} is {scalar.text}; it must be {self._limits()}"
        return context.refuse(scalar.place, rule, message, self._hint(scalar))

    def _hint(self, scalar: Scalar) -> str:
        """Say the same number without its quotes or leading zeros, or which numbers there are."""
        bare = scalar.text.strip().lstrip("0")
        is_other = bare != scalar.text or not scalar.is_plain
        if is_other and _INTEGER.fullmatch(bare) and self.valid(int(bare)) is not FAILED:
            return f"write {bare}" + ("" if scalar.is_plain else ", without quotes")
        return f"write a whole number {self._limits()}"

    def _limits(self) -> str:
        schema = self.adapter.json_schema()
        if "maximum" in schema:
            return f"from {schema.get('minimum', 0)} to {schema['maximum']}"
        return f"at least {schema.get('minimum', 0)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DurationReader(LimitedReader):
    """Reads `250ms`, `30s`, `10m` or `2h`."""

    wants: str = "a duration such as 30s"

    def value_of(self, scalar: Scalar, at: Scalar, context: Context) -> Any:
        try:
            duration = parse_duration(scalar.text)
        except ValueError:
            message = f"{at.text} is {shown(scalar)}; a duration is a whole number and a unit"
            return context.refuse(scalar.place, "bad-duration", message, self._hint(scalar))
        if limits := self._fault(scalar.text):
            message = f"{at.text} is {scalar.text}; it {limits}"
            hint = f"write a duration {limits.removeprefix('must be ')}"
            return context.refuse(scalar.place, "out-of-range", message, hint)
        return duration

    def _hint(self, scalar: Scalar) -> str:
        """Say the same with its unit as it is written here, where that may stand."""
        found = _COUNT_AND_WORD.fullmatch(scalar.text.strip().lower())
        if found and (unit := _UNITS.get(found[2])) and not self._fault(f"{int(found[1])}{unit}"):
            return f'write "{int(found[1])}{unit}"'
        return str(self.adapter.json_schema().get(PATTERN_HINT, "write a whole number and ms, s, m or h"))

    def _fault(self, text: str) -> str:
        """The limits that a duration breaks, in words; empty for one that may stand here."""
        try:
            self.adapter.validate_python(parse_duration(text))
        except ValidationError as error:
            return str(error.errors(include_url=False, include_input=False)[0]["ctx"]["error"])
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextReader(LimitedReader):
    """Reads any scalar as the text that was written, within the limits of its type."""

    def value_of(self, scalar: Scalar, at: Scalar, context: Context) -> Any:
        if (value := self.valid(scalar.text)) is not FAILED:
            return value
        schema = self.adapter.json_schema()
        pattern, least, most = schema.get("pattern", ""), schema.get("minLength", 0), schema.get("maxLength")
        rule, hint = "wrong-value", schema.get(PATTERN_HINT, f"it must match {pattern}")
        if pattern == NAME_PATTERN:
            rule, message = "bad-name", f"{shown(scalar)} is no name: {NAME_RULE}"
            slug = slug_of(scalar.text)
            hint = f'write "{slug}"' if slug else "write a name such as epic-prod"
        elif not least <= len(scalar.text) <= (most or len(scalar.text)):
            limits = f"at least {least}" if most is None else f"{least} to {most}"
            says = f"has {len(scalar.text)} characters" if scalar.text else "is empty"
            rule, message = "out-of-range", f"{at.text} {says}; it must have {limits} characters"
            hint = f"write {self.wants} of {limits} characters"
        elif what := _PLACES.get(pattern):
            message = f"{shown(scalar)} is no {what} that can stand here"
        elif scalar is at:
            message = f"a key cannot be {shown(scalar)}"
        else:
            message = f"{at.text} cannot be {shown(scalar)}"
        return context.refuse(scalar.place, rule, message, hint)


NAME_RULE = "small letters a to z, digits and hyphens, at most 63"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceReader(ScalarReader):
    """Reads one of a few words or numbers."""

    choices: tuple[Any, ...]

    def value_of(self, scalar: Scalar, at: Scalar, context: Context) -> Any:
        for choice in self.choices:
            if scalar.text == str(choice) and (isinstance(choice, str) or scalar.is_plain):
                return choice
        words = [str(choice) for choice in self.choices]
        meant = typo_of(scalar.text, words)
        hint = f'write "{meant}"' if meant and meant != scalar.text else f"write {self.wants}"
        message = f"{at.text} is {shown(scalar)}; it can be {self.wants}"
        return context.refuse(scalar.place, "wrong-value", message, hint)


_PARTS_OF_8859 = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "15")
# By letters and digits alone; each is surely another name of the same encoding.
_ENCODINGS_MEANT = {
    **{f"8859{part}": f"ISO-8859-{part}" for part in _PARTS_OF_8859},
    **dict.fromkeys(("unicodeutf8", "utf8bom", "unicode", "cp65001"), "UTF-8"),
    **dict.fromkeys(("ascii", "ansix341968", "7bit"), "US-ASCII"),
    **dict.fromkeys(("cp1252", "win1252", "ansi"), "windows-1252"),
    "latin1": "ISO-8859-1",
    "latin2": "ISO-8859-2",
    "latin9": "ISO-8859-15",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodingReader(ScalarReader):
    """Reads one of the offered character encodings, by the one name that it has here."""

    offered: tuple[str, ...]
    wants: str = "the name of an encoding, such as UTF-8"

    def value_of(self, scalar: Scalar, at: Scalar, context: Context) -> Any:
        if scalar.text in self.offered:
            return scalar.text
        meant = _ENCODINGS_MEANT | {_letters_of(name): name for name in self.offered}
        name = meant.get(_letters_of(scalar.text))
        message = f"{at.text} is {shown(scalar)}, which is not " + ("its name here" if name else "offered")
        hint = "write UTF-8, or one of US-ASCII, ISO-8859-1 to 9, ISO-8859-15 and windows-1252"
        return context.refuse(scalar.place, "unknown-encoding", message, f'write "{name}"' if name else hint)


def _letters_of(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


_IDENTITY_FIELDS = {
    "sending_application": "MSH-3", "sending_facility": "MSH-4", "receiving_application": "MSH-5",
    "receiving_facility": "MSH-6", "namespace": "HD.1", "universal_id": "HD.2",
}  # fmt: skip
_DELETES = '""'  # HL7 v2.5.1, 2.5.3
_UNSEEN = re.compile(f"[\x00-\x1f\x7f-\x9f{HIDDEN}]")
_WITHOUT_SEPARATORS = "leave out | ^ ~ \\ and &; all parts of an HD are written {namespace: …, universal_id: …, universal_id_type: ISO}"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityReader(LimitedReader):
    """Reads one name of MSH-3 to MSH-6, which goes into a message as it stands (HL7 v2.5.1, HD, 2.A.33)."""

    wants: str = "a name that the EHR knows"

    def value_of(self, scalar: Scalar, at: Scalar, context: Context) -> Any:
        is_hidden = scalar.text == _DELETES or _UNSEEN.search(scalar.text)
        if not is_hidden and self.valid(scalar.text) is not FAILED:
            return scalar.text
        called = f"{_IDENTITY_FIELDS[at.text]} ({at.text})" if at.text in _IDENTITY_FIELDS else at.text
        says, hint = self._fault(scalar)
        return context.refuse(scalar.place, "bad-identity", f"{called} {says}", hint)

    def _fault(self, scalar: Scalar) -> tuple[str, str]:
        """Say behind the name of the field what is wrong, and what to write."""
        text, bare = scalar.text, scalar.text.strip()
        if bare in ("", _DELETES):
            why = ", which tells the receiver to delete what it has" if bare else ""
            return f"is {shown(scalar)}{why}", f"write {self.wants}"
        if text != bare:
            return f"is {shown(scalar)}, and spaces at its ends become part of the name", f'write "{bare}"'
        if separator := next((one for one in "|^~\\&" if one in text), ""):
            return f'holds "{separator}", which separates parts of a message', _WITHOUT_SEPARATORS
        if unseen := _UNSEEN.search(text):
            return f"holds a character that nobody sees (U+{ord(unseen[0]):04X})", "take it out"
        most = self.adapter.json_schema()["maxLength"]
        says = f"has {len(text)} characters; HL7 v2.5.1 allows {most}"
        return says, f"write {self.wants}, of at most {most} characters"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceReader(LimitedReader):
    """Reads where a secret is kept, and never repeats what is written there instead: it may be the secret itself."""

    wants: str = "where the secret is kept"

    def value_of(self, scalar: Scalar, at: Scalar, context: Context) -> Any:
        value = self.valid(scalar.text)
        if value is FAILED:
            hint = str(self.adapter.json_schema()[PATTERN_HINT])
            context.problems.append(secrets.refused_reference(scalar, name=at.text, hint=hint))
        return value
