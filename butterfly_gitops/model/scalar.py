"""Scalars that more than one model shares: names, durations, ports, hosts, zones."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PlainSerializer, PlainValidator, StringConstraints, WithJsonSchema

from butterfly_gitops.model.meaning import PATTERN_HINT, PatternHint

NAME_PATTERN = r"^[a-z0-9-]{1,63}$"

Name = Annotated[
    str,
    StringConstraints(pattern=NAME_PATTERN),
    PatternHint("write a name of small letters, digits and hyphens, at most 63"),
]
Port = Annotated[int, Field(ge=1, le=65535)]

_DURATION = re.compile(r"(?P<count>0|[1-9][0-9]{0,5})(?P<unit>ms|s|m|h)")
_MAX_COUNT = 999_999
_UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000}
_DURATION_PATTERN = rf"^{_DURATION.pattern.replace('?P<count>', '').replace('?P<unit>', '')}$"


def parse_duration(text: str) -> timedelta:
    """Read `30s`, `10m`, `2h` or `250ms`. Raises ValueError, with the hint, for anything else."""
    if match := _DURATION.fullmatch(text):
        return timedelta(milliseconds=int(match["count"]) * _UNIT_MS[match["unit"]])
    raise ValueError("a duration is a whole number and a unit: 250ms, 30s, 10m or 2h")


def print_duration(value: timedelta) -> str:
    """Write a duration with the largest unit that holds it whole; the inverse of `parse_duration`."""
    total_ms = value // timedelta(milliseconds=1)
    for unit in ("h", "m", "s"):
        if total_ms and total_ms % _UNIT_MS[unit] == 0:
            return f"{total_ms // _UNIT_MS[unit]}{unit}"
    return "0s" if total_ms == 0 else f"{total_ms}ms"


def _duration(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str):
        return parse_duration(value)
    raise ValueError("a duration is a whole number and a unit: 250ms, 30s, 10m or 2h")


def _between(low: str, high: str) -> AfterValidator:
    least, most = parse_duration(low), parse_duration(high)

    def check(value: timedelta) -> timedelta:
        if not least <= value <= most:
            raise ValueError(f"must be from {low} to {high}")
        return value

    return AfterValidator(check)


def _written_between(low: str, high: str, *, examples: list[str]) -> WithJsonSchema:
    """The schema of the texts of `_between`: for each unit the counts that fit."""
    least, most = (parse_duration(text) // timedelta(milliseconds=1) for text in (low, high))
    units = [
        f"{digits_between(-(-least // unit_ms), min(most // unit_ms, _MAX_COUNT))}{unit}"
        for unit, unit_ms in _UNIT_MS.items()
        if -(-least // unit_ms) <= most // unit_ms
    ]
    return WithJsonSchema(
        {
            "type": "string",
            "pattern": f"^({'|'.join(units)})$",
            PATTERN_HINT: f"write a whole number and a unit, from {low} to {high}: {', '.join(examples)}",
            "examples": examples,
        }
    )


def digits_between(low: int, high: int) -> str:
    """A pattern of the numbers from `low` to `high`, without leading zeros; for 1 and 300 `([1-9]|[1-9][0-9]|…)`.

    It has no anchors, and no more than each dialect of patterns knows. Raises ValueError when there is no such number.
    """
    if not 0 <= low <= high:
        raise ValueError(f"no number is from {low} to {high}")
    blocks: list[str] = []
    while low <= high:
        free = _free_digits(low, high)
        step = 10**free
        head, first = divmod(low // step, 10)
        last = min(9, first + (high - low + 1) // step - 1)
        blocks.append(f"{head or ''}{_digit(first, last)}{_any(free)}")
        low += (last - first + 1) * step
    return f"({'|'.join(blocks)})"


def _free_digits(low: int, high: int) -> int:
    """Count the digits at the end of `low`, all of them 0, that may run to 9 without passing `high`."""
    free = 0
    while low and low % 10 ** (free + 1) == 0 and low + 10 ** (free + 1) - 1 <= high:
        free += 1
    return free


def _digit(first: int, last: int) -> str:
    return str(first) if first == last else f"[{first}-{last}]"


def _any(count: int) -> str:
    return "[0-9]" if count == 1 else f"[0-9]{{{count}}}" if count else ""


Duration = Annotated[
    timedelta,
    PlainValidator(_duration),
    PlainSerializer(print_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": _DURATION_PATTERN, "examples": ["30s", "10m"]}),
]
TimeOut = Annotated[Duration, _between("1s", "300s"), _written_between("1s", "300s", examples=["30s", "2m"])]
Wait = Annotated[
    Duration, _between("0s", "24h"), _written_between("0s", "24h", examples=["250ms", "5s", "10m"])
]
