"""Times on the EHR's wall clock, and an OBR-22 that never goes back."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from butterfly_gitops.hl7.refusal import RenderingRefused
from butterfly_gitops.hl7.timestamp import WallClock, later_status_time

NEW_YORK = WallClock(zone=ZoneInfo("America/New_York"))
NEW_YORK_OFFSET = WallClock(zone=ZoneInfo("America/New_York"), prints_offset=True)
KOLKATA = WallClock(zone=ZoneInfo("Asia/Kolkata"), prints_offset=True)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("clock", "instant", "printed"),
    [
        pytest.param(NEW_YORK, "2026-11-24T14:03:11Z", "20261124090311", id="winter"),
        pytest.param(NEW_YORK, "2026-07-01T14:03:11Z", "20260701100311", id="summer"),
        pytest.param(NEW_YORK, "2026-11-24T14:03:11.999999Z", "20261124090311", id="to the second, cut"),
        pytest.param(NEW_YORK, "2026-11-25T02:00:00+01:00", "20261124200000", id="from another zone"),
        pytest.param(NEW_YORK_OFFSET, "2026-11-24T14:03:11Z", "20261124090311-0500", id="offset, west"),
        pytest.param(KOLKATA, "2026-11-24T14:03:11Z", "20261124193311+0530", id="offset, east, half hour"),
        pytest.param(
            WallClock(zone=ZoneInfo("UTC"), prints_offset=True), "2026-11-24T14:03:11Z", "20261124140311+0000",
            id="offset, none",
        ),
    ],
)  # fmt: skip
def test_printing(clock: WallClock, instant: str, printed: str):
    assert clock.prints(at(instant)) == printed


@pytest.mark.parametrize(
    ("clock", "occurred_at", "last", "printed"),
    [
        pytest.param(NEW_YORK, "2026-11-24T14:03:11Z", None, "20261124090311", id="first"),
        pytest.param(NEW_YORK, "2026-11-24T14:03:12Z", "20261124090311", "20261124090312", id="later"),
        pytest.param(NEW_YORK, "2026-11-24T14:03:11Z", "20261124090311", "20261124090312", id="same second"),
        pytest.param(NEW_YORK, "2026-11-24T14:03:11Z", "20261124090330", "20261124090331", id="earlier"),
        pytest.param(NEW_YORK, "2026-11-24T04:59:59Z", "20261123235959", "20261124000000", id="over midnight"),
        pytest.param(NEW_YORK, "2026-03-08T06:59:59Z", "20260308015959", "20260308030000", id="over spring's gap"),
        pytest.param(NEW_YORK, "2026-11-01T06:10:00Z", "20261101004000", "20261101011000", id="autumn, still later"),
        pytest.param(NEW_YORK, "2026-11-01T06:10:00Z", "20261101011000", "20261101011001", id="autumn, same second"),
        pytest.param(
            NEW_YORK_OFFSET, "2026-11-01T06:10:00Z", "20261101015000-0400", "20261101011000-0500",
            id="autumn, with offset",
        ),
        pytest.param(
            NEW_YORK_OFFSET, "2026-11-24T14:03:11Z", "20261124090311-0500", "20261124090312-0500",
            id="same second, with offset",
        ),
        pytest.param(
            NEW_YORK_OFFSET, "2026-11-24T14:03:11Z", "20261124090311", "20261124090312-0500",
            id="the offset is new",
        ),
        pytest.param(
            NEW_YORK, "2026-11-24T14:03:11Z", "20261124090311-0500", "20261124090312", id="the offset is gone"
        ),
    ],
)  # fmt: skip
def test_a_revision_is_later_as_printed(clock: WallClock, occurred_at: str, last: str | None, printed: str):
    assert later_status_time(clock, at(occurred_at), last) == printed


@pytest.mark.parametrize(
    ("occurred_at", "last"),
    [
        pytest.param("2026-11-01T06:10:00Z", "20261101015000", id="the second 01:10 after the first 01:50"),
        pytest.param("2026-11-01T05:59:59Z", "20261101015959", id="a second more would be 01:00:00 again"),
    ],
)
def test_a_clock_that_runs_backwards_is_refused(occurred_at: str, last: str):
    with pytest.raises(RenderingRefused) as refused:
        later_status_time(NEW_YORK, at(occurred_at), last)
    assert refused.value.field == "OBR-22"


INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
STEPS = st.integers(-7200, 7200).map(lambda s: timedelta(seconds=s))


def test_a_time_outside_the_calendar_is_refused():
    with pytest.raises(RenderingRefused) as refused:
        NEW_YORK.prints(datetime.min.replace(tzinfo=UTC))
    assert refused.value.field == "TS"


AUTUMN = (datetime(2026, 11, 1, 6, tzinfo=UTC), datetime(2027, 11, 7, 6, tzinfo=UTC))
NEAR_AUTUMN = st.tuples(st.sampled_from(AUTUMN), st.integers(-7200, 7200)).map(
    lambda t: t[0] + timedelta(seconds=t[1])
)


def printed_or_refused(occurred_at: datetime, last: str) -> str | None:
    try:
        return later_status_time(NEW_YORK, occurred_at, last)
    except RenderingRefused:
        return None


@given(INSTANTS | NEAR_AUTUMN, STEPS)
def test_a_revision_is_later_or_refused_and_refused_in_autumn_only(first: datetime, step: timedelta):
    last = NEW_YORK.prints(first)
    printed = printed_or_refused(first + step, last)
    if printed is None:
        assert any(abs(first + step - change) <= timedelta(hours=1) for change in AUTUMN)
    else:
        assert printed > last


@given(INSTANTS, STEPS)
def test_with_offsets_nothing_is_refused(first: datetime, step: timedelta):
    last = NEW_YORK_OFFSET.prints(first)
    new = later_status_time(NEW_YORK_OFFSET, first + step, last)
    assert NEW_YORK_OFFSET.reads(new).astimezone(UTC) > NEW_YORK_OFFSET.reads(last).astimezone(UTC)
