"""The rows that the writer caches are bounded, in number and in bytes."""

from collections.abc import Callable

from butterfly_gitops.store.row_cache import MOST_BYTES, RowCache

LARGE = "x" * (MOST_BYTES // 2 - 1)


def reading(asked: list[int]) -> Callable[[int], str]:
    """A table whose every row is small, and which notes what was asked of it."""

    def read(key: int) -> str:
        asked.append(key)
        return "read"

    return read


def test_a_row_that_is_kept_is_not_asked_for_again() -> None:
    asked: list[int] = []
    cache = RowCache[int, str](reading(asked), most=2, size=len)
    assert [cache.get(1) for _ in range(3)] == ["read"] * 3
    assert asked == [1]


def test_no_more_rows_are_kept_than_may_be() -> None:
    asked: list[int] = []
    cache = RowCache[int, str](reading(asked), most=2)
    for key in (1, 2, 3):
        cache.put(key, "put")
    assert [cache.get(key) for key in (3, 1)] == ["put", "read"]


def test_no_more_bytes_are_kept_than_may_be() -> None:
    asked: list[int] = []
    cache = RowCache[int, str](reading(asked), most=1000, size=len)
    for key in (1, 2, 3):
        cache.put(key, LARGE)
    assert cache.get(3) is LARGE
    assert [cache.get(key) for key in (1, 2)] == ["read", "read"]
    assert cache.get(3) is LARGE


def test_what_was_forgotten_weighs_nothing() -> None:
    asked: list[int] = []
    cache = RowCache[int, str](reading(asked), most=1000, size=len)
    for _ in range(5):
        cache.put(1, LARGE)
        cache.put(2, LARGE)
        assert cache.get(1) is LARGE
        cache.forget()
    assert asked == []
