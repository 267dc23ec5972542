"""Scalars that more than one model shares: names, durations, ports, hosts, zones."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PlainSerializer, PlainValidator, StringConstraints, WithJsonSchema

NAME_PATTERN = r"^[a-z0-9-]{1,63}$"

Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
Port = Annotated[int, Field(ge=1, le=65535)]

_DURATION = re.compile(r"(?P<count>0|[1-9][0-9]{0,5})(?P<unit>ms|s|m|h)")
_UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000}
_DURATION_PATTERN = rf"^{_DURATION.pattern.replace('?P<count>', '').replace('?P<unit>', '')}$"


def parse_duration(text: str) -> timedelta:
    """Read `30s`, `10m`, `2h` or `250ms`. Raises ValueError, with the mend, for anything else."""
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


Duration = Annotated[
    timedelta,
    PlainValidator(_duration),
    PlainSerializer(print_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": _DURATION_PATTERN, "examples": ["30s", "10m"]}),
]
TimeOut = Annotated[Duration, _between("1s", "300s")]
Wait = Annotated[Duration, _between("0s", "24h")]
