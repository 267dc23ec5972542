"""Times as an EHR's wall clock shows them (HL7 v2.5.1, 2.A.77: TS), to the second or to the minute.

Only printing, reading back, and the rule that each revision's OBR-22 is later than the last one; which moment goes
into which field is the layout's.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from butterfly_gitops.hl7.refusal import RenderingRefused
from butterfly_gitops.model.endpoint import EhrEndpoint

_DIGITS = len("YYYYMMDDHHMMSS")
_TO_THE_MINUTE = len("YYYYMMDDHHMM")
_PRINTED = "%04d%02d%02d%02d%02d%02d"  # several times quicker than strftime


@dataclass(frozen=True, slots=True, kw_only=True)
class WallClock:
    """An EHR's zone, and whether the offset from UTC is printed beside the time."""

    zone: ZoneInfo
    prints_offset: bool = False
    prints_seconds: bool = True

    @property
    def step(self) -> timedelta:
        """The least by which two printed times differ."""
        return timedelta(seconds=1) if self.prints_seconds else timedelta(minutes=1)

    def prints(self, instant: datetime) -> str:
        """Print an aware instant as YYYYMMDDHHMMSS, with ±HHMM where the offset is wanted."""
        try:
            at = instant.astimezone(self.zone)
        except OverflowError:
            raise RenderingRefused(
                "TS", "a time has no place in the calendar of the endpoint's zone"
            ) from None
        digits = _PRINTED % (at.year, at.month, at.day, at.hour, at.minute, at.second)
        if not self.prints_seconds:
            digits = digits[:_TO_THE_MINUTE]
        return digits + at.strftime("%z")[:5] if self.prints_offset else digits

    def reads(self, printed: str, *, fold: int = 0) -> datetime:
        """Read what `prints` printed; `fold` 1 takes the later of two in autumn's repeated hour."""
        digits, offset = (printed[:-5], printed[-5:]) if printed[-5:-4] in ("+", "-") else (printed, "")
        # A target may have changed its precision since it was printed.
        digits = digits.ljust(_DIGITS, "0")
        if offset:
            return datetime.strptime(digits + offset, "%Y%m%d%H%M%S%z")
        # The zone follows with `replace`: the text itself carries none.
        naive = datetime.strptime(digits, "%Y%m%d%H%M%S")  # noqa: DTZ007
        return naive.replace(tzinfo=self.zone, fold=fold)


def clock_of(endpoint: EhrEndpoint) -> WallClock:
    """The clock by which this endpoint's messages show times."""
    return WallClock(
        zone=ZoneInfo(endpoint.time_zone),
        prints_offset=endpoint.message.times == "local_with_offset",
        prints_seconds=endpoint.message.time_precision == "second",
    )


def later_status_time(clock: WallClock, occurred_at: datetime, last: str | None) -> str:
    """Print OBR-22 for a new revision: when it occurred, or a step after the last one where that is not later.

    A receiver replaces a result only on an OBR-22 that is later as printed. Raises RenderingRefused where only
    an hour's lie could make it so: in autumn's repeated hour a clock without offsets runs backwards.
    """
    printed = clock.prints(occurred_at)
    if last is None:
        return printed
    if clock.prints_offset:
        # Both are exact instants, so the digits need not grow.
        bumped = clock.reads(last).astimezone(UTC) + clock.step
        return printed if clock.reads(printed) >= bumped else clock.prints(bumped)
    fold = occurred_at.astimezone(clock.zone).fold
    last_instant = clock.reads(last, fold=fold)
    last_printed = clock.prints(last_instant)
    if printed > last_printed:
        return printed
    bumped_print = clock.prints(last_instant.astimezone(UTC) + clock.step)
    runs_backwards = (fold == 1 and printed < last_printed) or bumped_print <= last_printed
    if runs_backwards:
        raise RenderingRefused(
            "OBR-22",
            "would run backwards in the repeated hour of autumn; set message.times to local_with_offset",
            settings=("message.times",),
        )
    return bumped_print
