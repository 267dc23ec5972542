"""What somebody meant who wrote a duration in another notation: with two units, a point, colons, or by ISO 8601."""

import re
from collections.abc import Iterator
from datetime import timedelta

_COUNT = r"([0-9]{1,6}(?:\.[0-9]{1,3})?)"
_UNITS_S = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
# Possessive, since a long row of parts that can be read in two ways would take for ever.
_ONE_PART = re.compile(rf"{_COUNT}\s*+((?>ms|s|m|h))[a-z]*+\s*+")
# ISO 8601, 5.5.2, as far as hours; the small letters of a text that was lowered.
_ISO = re.compile(rf"pt(?:{_COUNT}h)?(?:{_COUNT}m)?(?:{_COUNT}s)?")
_CLOCK = re.compile(r"(?:([0-9]{1,2}):)?([0-9]{1,2}):([0-9]{2})")


def durations_meant(text: str) -> Iterator[timedelta]:
    """All durations that the text may mean, the likeliest first; none if it is nothing like a duration."""
    lowered = text.strip().lower()
    if re.fullmatch(r"[0-9]{1,6}", lowered):
        yield timedelta(seconds=int(lowered))
        yield timedelta(milliseconds=int(lowered))
    elif found := _ISO.fullmatch(lowered):
        hours, minutes, seconds = (float(part or 0) for part in found.groups())
        yield timedelta(hours=hours, minutes=minutes, seconds=seconds)
    elif found := _CLOCK.fullmatch(lowered):
        hours, minutes, seconds = (int(part or 0) for part in found.groups())
        yield timedelta(hours=hours, minutes=minutes, seconds=seconds)
        if found[1] is None:
            yield timedelta(hours=minutes, minutes=seconds)
    elif re.fullmatch(f"(?:{_ONE_PART.pattern})+", lowered):
        parts = _ONE_PART.finditer(lowered)
        yield sum((timedelta(seconds=float(part[1]) * _UNITS_S[part[2]]) for part in parts), timedelta())
