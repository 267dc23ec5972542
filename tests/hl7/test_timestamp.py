"""Times on the EHR's wall clock, and an OBR-22 that never goes back."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from butterfly_gitops.hl7.refusal import RenderingRefused
from butterfly_gitops.hl7.timestamp import WallClock, later_instant, remembered
from tests.hl7.samples import endpoint, field_of, rendered, study
from tests.table import in_one_test

NEW_YORK = WallClock(zone=ZoneInfo("America/New_York"))
NEW_YORK_OFFSET = WallClock(zone=ZoneInfo("America/New_York"), prints_offset=True)
KOLKATA = WallClock(zone=ZoneInfo("Asia/Kolkata"), prints_offset=True)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def later_as_printed(clock: WallClock, occurred_at: datetime, last: str | None) -> str:
    return clock.prints(later_instant(clock, occurred_at, last))


@in_one_test(
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


@in_one_test(
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
    assert later_as_printed(clock, at(occurred_at), last) == printed


@pytest.mark.parametrize(
    ("occurred_at", "last"),
    [
        pytest.param("2026-11-01T06:10:00Z", "20261101015000", id="the second 01:10 after the first 01:50"),
        pytest.param("2026-11-01T05:59:59Z", "20261101015959", id="a second more would be 01:00:00 again"),
    ],
)
def test_a_clock_that_runs_backwards_is_refused(occurred_at: str, last: str):
    with pytest.raises(RenderingRefused) as refused:
        later_as_printed(NEW_YORK, at(occurred_at), last)
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
        return later_as_printed(NEW_YORK, occurred_at, last)
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
    new = later_as_printed(NEW_YORK_OFFSET, first + step, last)
    assert NEW_YORK_OFFSET.reads(new).astimezone(UTC) > NEW_YORK_OFFSET.reads(last).astimezone(UTC)


@given(INSTANTS | NEAR_AUTUMN)
def test_what_is_remembered_prints_alike_by_the_same_clock_and_true_by_another(instant: datetime):
    for clock in (NEW_YORK, NEW_YORK_OFFSET):
        known = clock.reads(remembered(clock, instant))
        assert [one.prints(known) for one in (NEW_YORK, NEW_YORK_OFFSET, KOLKATA)] == [
            one.prints(instant) for one in (NEW_YORK, NEW_YORK_OFFSET, KOLKATA)
        ]


@pytest.mark.parametrize("offset", [False, True])
def test_over_a_move_of_the_clock_westward_digits_without_an_offset_go_on(offset: bool):
    chicago = WallClock(zone=ZoneInfo("America/Chicago"), prints_offset=offset)
    last = remembered(NEW_YORK, at("2026-11-24T14:03:11Z"))
    new = later_as_printed(chicago, at("2026-11-24T14:10:00Z"), last)
    assert new == ("20261124081000-0600" if offset else "20261124090312")


@in_one_test(
    ("zone", "instants", "local", "with_offset"),
    [
        pytest.param(
            "America/New_York",
            ["2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"],
            ["20261101013000", "20261101013000"],
            ["20261101013000-0400", "20261101013000-0500"],
            id="the repeated hour, west",
        ),
        pytest.param(
            "Europe/Berlin",
            ["2026-10-25T00:59:59Z", "2026-10-25T01:00:00Z"],
            ["20261025025959", "20261025020000"],
            ["20261025025959+0200", "20261025020000+0100"],
            id="the repeated hour, east",
        ),
        pytest.param(
            "Australia/Lord_Howe",
            ["2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z"],
            ["20260405014500", "20260405014500"],
            ["20260405014500+1100", "20260405014500+1030"],
            id="a repeated half hour",
        ),
        pytest.param(
            "America/New_York",
            ["2026-03-08T06:59:59Z", "2026-03-08T07:00:00Z"],
            ["20260308015959", "20260308030000"],
            ["20260308015959-0500", "20260308030000-0400"],
            id="the missing hour, west",
        ),
        pytest.param(
            "Europe/Berlin",
            ["2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z"],
            ["20260329015959", "20260329030000"],
            ["20260329015959+0100", "20260329030000+0200"],
            id="the missing hour, east",
        ),
        pytest.param(
            "Asia/Kathmandu",
            ["2026-11-24T18:14:59Z", "2026-11-24T18:15:00Z"],
            ["20261124235959", "20261125000000"],
            ["20261124235959+0545", "20261125000000+0545"],
            id="an offset of quarters, over midnight",
        ),
    ],
)
def test_around_a_change_of_the_clock(
    zone: str, instants: list[str], local: list[str], with_offset: list[str]
):
    plain, exact = (WallClock(zone=ZoneInfo(zone), prints_offset=offset) for offset in (False, True))
    assert [plain.prints(at(instant)) for instant in instants] == local
    assert [exact.prints(at(instant)) for instant in instants] == with_offset
    assert [exact.reads(text).astimezone(UTC) for text in with_offset] == [at(text) for text in instants]
    folds = [at(instant).astimezone(plain.zone).fold for instant in instants]
    read = [plain.reads(text, fold=fold).astimezone(UTC) for text, fold in zip(local, folds, strict=True)]
    assert read == [at(text) for text in instants]


@in_one_test(
    ("offset", "occurred_at", "last", "printed"),
    [
        pytest.param(False, "2026-11-24T14:03:59Z", None, "202611240903", id="cut, not rounded"),
        pytest.param(False, "2026-11-24T14:03:59Z", "202611240903", "202611240904", id="same minute"),
        pytest.param(False, "2026-11-24T14:04:00Z", "202611240903", "202611240904", id="next minute"),
        pytest.param(False, "2026-11-24T04:59:30Z", "202611232359", "202611240000", id="over midnight"),
        pytest.param(False, "2026-03-08T06:59:30Z", "202603080159", "202603080300", id="over spring's gap"),
        pytest.param(
            False,
            "2026-11-24T14:03:11Z",
            "20261124090311",
            "202611240904",
            id="seconds are no longer printed",
        ),
        pytest.param(
            True,
            "2026-11-24T14:03:59Z",
            "202611240903-0500",
            "202611240904-0500",
            id="same minute, with offset",
        ),
        pytest.param(
            True, "2026-11-01T06:00:00Z", "202611010159-0400", "202611010100-0500", id="autumn, with offset"
        ),
    ],
)
def test_to_the_minute(offset: bool, occurred_at: str, last: str | None, printed: str):
    clock = WallClock(zone=ZoneInfo("America/New_York"), prints_offset=offset, prints_seconds=False)
    assert later_as_printed(clock, at(occurred_at), last) == printed


def test_to_the_minute_the_second_pass_of_an_hour_is_refused():
    clock = WallClock(zone=ZoneInfo("America/New_York"), prints_seconds=False)
    with pytest.raises(RenderingRefused) as refused:
        later_as_printed(clock, at("2026-11-01T06:10:00Z"), "202611010150")
    assert refused.value.field == "OBR-22"


@in_one_test("zone", ["Pacific/Kiritimati", "America/New_York", "Etc/GMT+12"])
@in_one_test("birth_date", ["1980-02-29", "1980-02", "1980", "1900-01-01"])
def test_a_date_without_a_time_is_never_shifted(zone: str, birth_date: str):
    event = study("efast.json", patient={"birth_date": birth_date})
    message = rendered(event, endpoint(time_zone=zone, message={"times": "local_with_offset"}))
    assert field_of(message, "PID-7") == birth_date.replace("-", "")


@given(INSTANTS | NEAR_AUTUMN, STEPS)
def test_to_the_minute_a_revision_is_later_or_refused_too(first: datetime, step: timedelta):
    clock = WallClock(zone=ZoneInfo("America/New_York"), prints_seconds=False)
    last = clock.prints(first)
    try:
        assert later_as_printed(clock, first + step, last) > last
    except RenderingRefused:
        assert any(abs(first + step - change) <= timedelta(hours=1, minutes=2) for change in AUTUMN)
