"""A table of cases as one test: where a row costs less than a test of its own would."""

import functools
import inspect
import itertools
from collections.abc import Callable, Iterable
from typing import Any


def in_one_test(
    names: str | tuple[str, ...], rows: Iterable[Any], *, ids: Callable[[Any], object] | Iterable[str] = ()
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Call a test for each row as `pytest.mark.parametrize` would, with the same fixtures; tell all rows that fail.

    A row must leave the fixtures as it found them.
    """
    columns = (names,) if isinstance(names, str) else names
    values = [(row,) if isinstance(names, str) else tuple(row) for row in rows]
    assert values, "a table without rows"
    labels = [str(ids(row[0])) for row in values] if callable(ids) else list(ids)
    labelled = itertools.zip_longest(labels or [repr(row)[:100] for row in values], values)
    cases = [(label, dict(zip(columns, row, strict=True))) for label, row in labelled]

    def decorate(test: Callable[..., Any]) -> Callable[..., Any]:
        def run(**fixtures: Any) -> None:
            failed: dict[str, Exception] = {}
            for label, case in cases:
                try:
                    test(**fixtures, **case)
                except Exception as error:  # noqa: BLE001
                    failed[label] = error
            _tell(failed)

        async def run_async(**fixtures: Any) -> None:
            failed: dict[str, Exception] = {}
            for label, case in cases:
                try:
                    await test(**fixtures, **case)
                except Exception as error:  # noqa: BLE001
                    failed[label] = error
            _tell(failed)

        whole = functools.wraps(test)(run_async if inspect.iscoroutinefunction(test) else run)
        signature = inspect.signature(test)
        others = [each for name, each in signature.parameters.items() if name not in columns]
        whole.__signature__ = signature.replace(parameters=others)  # type: ignore[attr-defined]
        return whole

    return decorate


def _tell(failed: dict[str, Exception]) -> None:
    for label, error in failed.items():
        error.add_note(f"in the row {label}")
    if failed:
        raise ExceptionGroup(f"{len(failed)} rows: {'; '.join(failed)}", list(failed.values()))
