"""A table of cases as one test: where a row costs less than a test of its own would."""

import functools
import inspect
import itertools
from collections.abc import Callable, Iterable
from typing import Any

import pytest

# `pytest.raises` fails with what is no Exception.
FAILURES = (Exception, pytest.fail.Exception)
_Row = type(pytest.param())


def in_one_test(
    names: str | tuple[str, ...],
    rows: Iterable[Any],
    *,
    ids: Callable[[Any], object] | Iterable[object] | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Call a test for each row as `pytest.mark.parametrize` would, with the same fixtures; tell all rows that fail.

    A row must leave the fixtures as it found them.
    """
    columns = tuple(names.replace(" ", "").split(",")) if isinstance(names, str) else tuple(names)
    cases = [(label, dict(zip(columns, row, strict=True))) for label, row in _labelled(columns, rows, ids)]
    assert cases, "a table without rows"

    def decorate(test: Callable[..., Any]) -> Callable[..., Any]:
        def run(**fixtures: Any) -> None:
            failed: dict[str, BaseException] = {}
            for label, case in cases:
                try:
                    test(**fixtures, **case)
                except FAILURES as error:
                    failed[label] = error
            _tell(failed)

        async def run_async(**fixtures: Any) -> None:
            failed: dict[str, BaseException] = {}
            for label, case in cases:
                try:
                    await test(**fixtures, **case)
                except FAILURES as error:
                    failed[label] = error
            _tell(failed)

        whole = functools.wraps(test)(run_async if inspect.iscoroutinefunction(test) else run)
        signature = inspect.signature(test)
        others = [each for name, each in signature.parameters.items() if name not in columns]
        whole.__signature__ = signature.replace(parameters=others)  # type: ignore[attr-defined]
        return whole

    return decorate


def _labelled(
    columns: tuple[str, ...], rows: Iterable[Any], ids: Callable[[Any], object] | Iterable[object] | None
) -> Iterable[tuple[str, tuple[Any, ...]]]:
    given = iter(()) if ids is None or callable(ids) else iter(ids)
    for row, label in itertools.zip_longest(rows, given):
        assert not (isinstance(row, _Row) and row.marks), "a row of a table cannot be marked"
        values = row.values if isinstance(row, _Row) else row if len(columns) > 1 else (row,)
        own = row.id if isinstance(row, _Row) else None
        found = own or label or (ids(values[0]) if callable(ids) else None)
        yield str(found or repr(values)[:100]), tuple(values)


def _tell(failed: dict[str, BaseException]) -> None:
    for label, error in failed.items():
        error.add_note(f"in the row {label}")
    if failed:
        raise BaseExceptionGroup(f"{len(failed)} rows: {'; '.join(failed)}", list(failed.values()))
