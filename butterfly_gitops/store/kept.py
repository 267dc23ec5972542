"""Rows that were read or written lately, kept by the one writer, so that it need not ask for them again.

Nobody else writes, so what is kept is what is stored; after a rollback everything is forgotten.
"""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Row = TypeVar("Row")


class Kept(Generic[Key, Row]):
    """One table's rows by key, at most `most` of them; the reader of a state keeps none."""

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._rows: dict[Key, Row] = {}

    def get(self, key: Key, read: Callable[[Key], Row | None]) -> Row | None:
        """Return the row, read where it is not kept; a row that is not there is asked for each time."""
        row = self._rows.get(key)
        if row is None:
            row = read(key)
            if row is not None:
                self.put(key, row)
        return row

    def put(self, key: Key, row: Row) -> None:
        """Keep a row as it was written."""
        if self._most == 0:
            return
        if len(self._rows) >= self._most:
            # Those that are needed soon are read again; looking for the oldest would cost more.
            self._rows.clear()
        self._rows[key] = row

    def forget(self) -> None:
        """Keep nothing."""
        self._rows.clear()
