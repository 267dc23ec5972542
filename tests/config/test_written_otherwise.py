"""What people write for a name and for a duration, and what they mean."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from butterfly_gitops.config.written_durations import durations_meant
from butterfly_gitops.config.written_names import (
    foreign_letter,
    hint_spelling,
    name_meant,
    names_written_as_one,
)
from butterfly_gitops.model.scalar import print_duration

KNOWN = ("epic-prod", "registry")


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("90", [90, 0.09]),
        ("1m30s", [90]),
        ("1h 30m", [5400]),
        ("0.5s", [0.5]),
        ("2 hours", [7200]),
        ("PT1M30S", [90]),
        ("00:00:30", [30]),
        ("00:30", [30, 1800]),
        ("soon", []),
        ("-5s", []),
        ("1ms" * 3000 + "!", []),
    ],
)
def test_a_duration_in_another_notation(written: str, seconds: list[float]):
    assert list(durations_meant(written)) == [timedelta(seconds=each) for each in seconds]


@given(st.integers(1, 999_999_999))
def test_a_duration_as_we_print_it_means_itself(milliseconds: int):
    duration = timedelta(milliseconds=milliseconds)
    printed = print_duration(duration)
    if len(printed.rstrip("hms")) <= 6:
        assert next(durations_meant(printed)) == duration


@pytest.mark.parametrize("written", ["epic-prod registry", "epic-prod; registry", "epic-prod ;registry"])
def test_names_without_a_comma(written: str):
    assert names_written_as_one(written, KNOWN) == KNOWN


@pytest.mark.parametrize(
    "written", ["Epic Bridges", "st-elsewhere/epic-prod", "\u0435pic-prod", "EPIC-PROD", " epic-prod "]
)
def test_one_name_written_otherwise(written: str):
    assert name_meant(written, KNOWN, {"Epic Bridges": "epic-prod"}) == "epic-prod"


@given(st.text(max_size=40))
def test_any_text_has_a_hint(written: str):
    assert hint_spelling(written)
    assert names_written_as_one(written, ()) == ()


def test_an_accent_is_no_other_alphabet():
    assert foreign_letter("Générale") == ""
    assert hint_spelling("Générale") == 'write "generale"'
    assert foreign_letter("\u0435pic") == 'the "\u0435" is no Latin letter but a Cyrillic small letter ie'
