"""How long the next try waits: growing, capped, and anywhere below the cap."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from butterfly_gitops.delivery.backoff import next_due, wait_cap
from butterfly_gitops.model.endpoint import Retry
from tests.delivery.rows import T0
from tests.table import in_one_test

DAY_MS = 24 * 60 * 60 * 1000
waits = st.integers(0, DAY_MS).map(lambda ms: timedelta(milliseconds=ms))
retries = st.builds(Retry, first=waits, factor=st.integers(1, 10), longest=waits)
failures = st.integers(1, 10**9)
jitters = st.floats(0, 1, exclude_max=True)


@in_one_test(
    ("failed", "seconds"),
    [(1, 5), (2, 10), (3, 20), (7, 320), (8, 600), (9, 600), (10**9, 600)],
)
def test_by_default_the_cap_doubles_from_five_seconds_to_ten_minutes(failed, seconds):
    assert wait_cap(failed, Retry()) == timedelta(seconds=seconds)


def test_a_factor_of_one_keeps_the_first_wait():
    retry = Retry(first=timedelta(seconds=7), factor=1)
    assert {wait_cap(failed, retry) for failed in range(1, 200)} == {timedelta(seconds=7)}


def test_a_first_wait_over_the_longest_is_cut():
    retry = Retry(first=timedelta(minutes=20), longest=timedelta(minutes=1))
    assert wait_cap(1, retry) == timedelta(minutes=1)


def test_no_jitter_means_no_wait():
    assert next_due(5, Retry(), at=T0, jitter=0.0) == T0


def test_jitter_spreads_over_the_whole_cap():
    assert next_due(2, Retry(), at=T0, jitter=0.5) == T0 + timedelta(seconds=5)


@given(failures, retries, jitters)
def test_a_wait_never_exceeds_its_cap(failed, retry, jitter):
    wait = next_due(failed, retry, at=T0, jitter=jitter) - T0
    assert timedelta(0) <= wait <= wait_cap(failed, retry) <= retry.longest


@given(st.integers(1, 200), retries)
def test_a_cap_never_shrinks_with_more_failures(failed, retry):
    assert wait_cap(failed, retry) <= wait_cap(failed + 1, retry)
