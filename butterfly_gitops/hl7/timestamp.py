"""Times as an EHR's wall clock shows them (HL7 v2.5.1, 2.A.77: TS), to the second or to the minute.

Only printing, reading back, and the rule that each revision's OBR-22 is later than the last one; which moment goes
into which field is the layout's.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from butterfly_gitops.hl7.refusal import RenderingRefused
from butterfly_gitops.model.endpoint import EhrEndpoint

_DIGITS = len("YYYYMMDDHHMMSS")
_TO_THE_MINUTE = len("YYYYMMDDHHMM")
_TWO_DIGITS = tuple(f"{number:02}" for number in range(100))


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
        at = self.shows(instant)
        digits = _written(at)
        if not self.prints_seconds:
            digits = digits[:_TO_THE_MINUTE]
        return digits + _offset(at.utcoffset()) if self.prints_offset else digits

    def shows(self, instant: datetime) -> datetime:
        """An aware instant in the zone of this clock."""
        try:
            return instant.astimezone(self.zone)
        except OverflowError:
            raise RenderingRefused(
                "TS", "a time has no place in the calendar of the endpoint's zone"
            ) from None

    def reads(self, printed: str, *, fold: int = 0) -> datetime:
        """Read what `prints` printed; `fold` 1 takes the later of two in autumn's repeated hour."""
        digits = _digits(printed)
        offset = printed.removeprefix(digits)
        # A target may have changed its precision since it was printed.
        digits = digits.ljust(_DIGITS, "0")
        if offset:
            return datetime.strptime(digits + offset, "%Y%m%d%H%M%S%z")
        # The zone follows with `replace`: the text itself carries none.
        naive = datetime.strptime(digits, "%Y%m%d%H%M%S")  # noqa: DTZ007
        return naive.replace(tzinfo=self.zone, fold=fold)


def clock_of(endpoint: EhrEndpoint) -> WallClock:
    """Return the clock by which an endpoint's messages show times."""
    return WallClock(
        zone=ZoneInfo(endpoint.time_zone),
        prints_offset=endpoint.message.times == "local_with_offset",
        prints_seconds=endpoint.message.time_precision == "second",
    )


def remembered(clock: WallClock, instant: datetime) -> str:
    """Write down an instant so that any clock can print it anew: as this one shows it, and exact."""
    at = clock.shows(instant)
    return _written(at) + _offset(at.utcoffset())


def later_instant(clock: WallClock, occurred_at: datetime, last: str | None) -> datetime:
    """Find OBR-22 for a new revision: when it occurred, or a step after the last one where that is not later.

    `last` is as `remembered` wrote it, or as a clock printed it. A receiver replaces a result only on an OBR-22 that
    is later as printed. Raises RenderingRefused where only an hour's lie could make it so: in autumn's repeated hour
    a clock without offsets runs backwards.
    """
    if last is None:
        return occurred_at
    fold = occurred_at.astimezone(clock.zone).fold
    known = clock.reads(last, fold=fold)
    printed = clock.prints(occurred_at)
    if clock.prints_offset:
        # Both are exact instants, so the digits need not grow.
        bumped = clock.reads(clock.prints(known)).astimezone(UTC) + clock.step
        return occurred_at if clock.reads(printed) >= bumped else bumped
    last_printed = clock.prints(known)
    # Another zone's digits may be ahead of this one's, and digits are all that the receiver sees.
    as_shown = clock.reads(_digits(last), fold=fold)
    if clock.prints(as_shown) > last_printed:
        known, last_printed = as_shown, clock.prints(as_shown)
    if printed > last_printed:
        return occurred_at
    bumped = known.astimezone(UTC) + clock.step
    runs_backwards = (fold == 1 and printed < last_printed) or clock.prints(bumped) <= last_printed
    if runs_backwards:
        raise RenderingRefused(
            "OBR-22",
            "would run backwards in the repeated hour of autumn; set message.times to local_with_offset",
            settings=("message.times",),
        )
    return bumped


def _written(at: datetime) -> str:
    """A wall clock's time as YYYYMMDDHHMMSS."""
    # From a table: several times quicker than strftime, and twice as quick as a format of numbers.
    two = _TWO_DIGITS
    century, year = divmod(at.year, 100)
    return (
        f"{two[century]}{two[year]}{two[at.month]}{two[at.day]}{two[at.hour]}{two[at.minute]}{two[at.second]}"
    )


@lru_cache(maxsize=256)
def _offset(from_utc: timedelta | None) -> str:
    """The offset of an aware time as ±HHMM; one with seconds, of long ago, is cut to minutes."""
    offset = from_utc or timedelta()
    hours, minutes = divmod(abs(offset) // timedelta(minutes=1), 60)
    return f"{'-' if offset < timedelta() else '+'}{hours:02}{minutes:02}"


def _digits(printed: str) -> str:
    return printed[:-5] if printed[-5:-4] in ("+", "-") else printed
