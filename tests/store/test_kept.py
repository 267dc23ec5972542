"""What the writer keeps of the rows is bounded, in rows and in bytes."""

from collections.abc import Callable

from butterfly_gitops.store.kept import MOST_BYTES, Kept

LARGE = "x" * (MOST_BYTES // 2 - 1)


def reading(asked: list[int]) -> Callable[[int], str]:
    """A table whose every row is small, and which notes what was asked of it."""

    def read(key: int) -> str:
        asked.append(key)
        return "read"

    return read


def test_a_row_that_is_kept_is_not_asked_for_again() -> None:
    asked: list[int] = []
    kept: Kept[int, str] = Kept(most=2, size=len)
    assert [kept.get(1, reading(asked)) for _ in range(3)] == ["read"] * 3
    assert asked == [1]


def test_no_more_rows_are_kept_than_may_be() -> None:
    asked: list[int] = []
    kept: Kept[int, str] = Kept(most=2)
    for key in (1, 2, 3):
        kept.put(key, "put")
    assert [kept.get(key, reading(asked)) for key in (3, 1)] == ["put", "read"]


def test_no_more_bytes_are_kept_than_may_be() -> None:
    asked: list[int] = []
    kept: Kept[int, str] = Kept(most=1000, size=len)
    for key in (1, 2, 3):
        kept.put(key, LARGE)
    assert kept.get(3, reading(asked)) is LARGE
    assert [kept.get(key, reading(asked)) for key in (1, 2)] == ["read", "read"]
    assert kept.get(3, reading(asked)) is LARGE


def test_what_was_forgotten_weighs_nothing() -> None:
    asked: list[int] = []
    kept: Kept[int, str] = Kept(most=1000, size=len)
    for _ in range(5):
        kept.put(1, LARGE)
        kept.put(2, LARGE)
        assert kept.get(1, reading(asked)) is LARGE
        kept.forget()
    assert asked == []
