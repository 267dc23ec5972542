"""A pattern of a range takes the numbers of that range, and no other text."""

import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from butterfly_gitops.model.scalar import TimeOut, Wait, digits_between, parse_duration, print_duration

NUMBERS = st.integers(0, 10**7)


@given(NUMBERS, NUMBERS, st.data())
def test_it_takes_what_lies_between(one: int, another: int, data: st.DataObject):
    low, high = sorted((one, another))
    near = st.sampled_from([low, high]).flatmap(lambda end: st.integers(max(0, end - 11), end + 11))
    number = data.draw(NUMBERS | near | st.integers(low, high))
    assert bool(re.fullmatch(digits_between(low, high), str(number))) == (low <= number <= high)


@given(NUMBERS)
def test_leading_zeros_are_refused(high: int):
    assert re.fullmatch(digits_between(0, high), "00") is None
    assert re.fullmatch(digits_between(0, high), f"0{high}") is None


def test_a_range_without_numbers_is_refused():
    with pytest.raises(ValueError, match="from 3 to 2"):
        digits_between(3, 2)


@pytest.mark.parametrize("duration", [TimeOut, Wait], ids=["time-out", "wait"])
@given(st.from_regex(r"[0-9]{1,7}(ms|s|m|h)", fullmatch=True))
def test_the_pattern_of_a_duration_says_what_the_model_says(duration: Any, text: str):
    adapter: TypeAdapter[timedelta] = TypeAdapter(duration)
    try:
        adapter.validate_python(parse_duration(text))
        is_taken = True
    except ValueError:
        is_taken = False
    assert bool(re.search(adapter.json_schema()["pattern"], text)) == is_taken


@given(st.integers(0, 24 * 3_600_000))
def test_what_the_program_writes_the_pattern_takes(total_ms: int):
    text = print_duration(timedelta(milliseconds=total_ms))
    # A count has at most six digits.
    if len(re.sub("[a-z]", "", text)) <= 6:
        assert re.search(TypeAdapter(Wait).json_schema()["pattern"], text)
