"""Which zones keep the same time, whatever they are called."""

import zoneinfo
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from butterfly_gitops.config.load import load
from butterfly_gitops.config.rules.zones import MEANT
from tests.config.examples import sound_files
from tests.table import in_one_test


def notes(endpoint: str, site: str, *, setting: str = "") -> list[str]:
    files = sound_files()
    for path, old, new in (
        ("st-elsewhere/site.yaml", "time_zone: America/New_York", f"time_zone: {site}"),
        ("st-elsewhere/ehr-endpoints.yaml", "port: 6661", f"port: 6661\n    time_zone: {endpoint}{setting}"),
    ):
        files[path] = files[path].replace(old.encode(), new.encode())
    return [problem.rule for problem in load(files).problems]


@in_one_test(
    ("one", "other"),
    [
        ("US/Eastern", "America/New_York"),
        ("America/Detroit", "America/New_York"),
        ("Etc/UTC", "UTC"),
        ("GMT", "UTC"),
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("Europe/Berlin", "Europe/Paris"),
    ],
)
def test_two_names_of_one_time_are_no_difference(one: str, other: str):
    assert notes(one, other) == notes(other, one) == []


@in_one_test(
    ("one", "other"),
    [
        ("America/Chicago", "America/New_York"),
        ("America/Phoenix", "America/Denver"),
        ("America/Havana", "America/New_York"),
        ("Europe/London", "UTC"),
        ("Australia/Lord_Howe", "Australia/Sydney"),
        ("Asia/Kathmandu", "Asia/Kolkata"),
    ],
)
def test_another_time_for_a_part_of_the_year_is_one(one: str, other: str):
    assert notes(one, other) == notes(other, one) == ["zone-differs"]


def test_with_offsets_nobody_is_misled():
    assert notes("UTC", "America/New_York", setting="\n    message: {times: local_with_offset}") == []


def test_what_is_no_zone_is_not_compared():
    assert notes("EST", "America/New_York") == ["unknown-zone"]


ZONES = st.sampled_from(sorted(name for name in zoneinfo.available_timezones() if "/" in name))


@given(ZONES, ZONES, st.integers(0, 365 * 96 - 1))
@settings(deadline=None)
def test_zones_that_are_called_alike_agree_at_every_quarter_of_an_hour(one: str, other: str, quarter: int):
    if notes(one, other) == []:
        at = datetime(2037, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * quarter)
        assert (
            at.astimezone(zoneinfo.ZoneInfo(one)).utcoffset()
            == at.astimezone(zoneinfo.ZoneInfo(other)).utcoffset()
        )


def hint_of(zone: str) -> str:
    files = sound_files()
    path = "st-elsewhere/site.yaml"
    files[path] = files[path].replace(b"time_zone: America/New_York", f'time_zone: "{zone}"'.encode())
    (problem,) = load(files).problems
    assert problem.rule == "unknown-zone"
    return problem.hint


@in_one_test(
    ("written", "meant"),
    [
        ("Pacific Standard Time", "America/Los_Angeles"),
        ("Central Daylight Time", "America/Chicago"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("MESZ", "Europe/Berlin"),
        ("New York", "America/New_York"),
        ("America/New York", "America/New_York"),
        ("america/chicago", "America/Chicago"),
        ("Amerika/Denver", "America/Denver"),
        ("America/Boston", "America/New_York"),
        ("America/Houston", "America/Chicago"),
        ("America/Seattle", "America/Los_Angeles"),
        ("America/NY", "America/New_York"),
        ("Asia/Mumbai", "Asia/Kolkata"),
        ("Europe/Munich", "Europe/Berlin"),
    ],
)
def test_what_is_surely_meant_is_hinted(written: str, meant: str):
    assert hint_of(written) == f'write "{meant}"'


@in_one_test(
    "written",
    [
        *("Hospital Time", "EST5", "north", "ZST", "BST", "IST", "America/Portland", "America/Bostn"),
        *("UTC-5", "GMT+01:00", "-0500", "+5", "utc +2", "Etc/GMT+5", "Etc/GMT-14"),
    ],
)
def test_what_may_be_any_zone_is_not_guessed(written: str):
    assert hint_of(written).startswith("write a name of the IANA database")


@in_one_test("zone", sorted(set(MEANT.values())))
def test_each_zone_that_a_hint_names_is_there(zone: str):
    assert zone in zoneinfo.available_timezones()


def test_a_zone_of_this_machine_alone_is_none(tmp_path: Path):
    """Two machines say the same of a file, whatever database each of them has."""
    utc = resources.files("tzdata.zoneinfo").joinpath("UTC").read_bytes()
    (tmp_path / "Here").mkdir()
    (tmp_path / "Here" / "There").write_bytes(utc)
    zoneinfo.reset_tzpath([tmp_path])
    try:
        assert "Here/There" in zoneinfo.available_timezones()
        assert hint_of("Here/There").startswith("write ")
        assert hint_of("America/New_Yorc") == 'write "America/New_York"'
    finally:
        zoneinfo.reset_tzpath()
