"""Rows that the one writer has read or written lately, so that it need not ask for them again.

Nobody else writes, so what is cached is what is stored; after a rollback everything is forgotten.
"""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

MOST_BYTES = 64 * 1024 * 1024
"""Room for one event or message with the largest document, or for a thousand without one."""

Key = TypeVar("Key", bound=Hashable)
Row = TypeVar("Row")


class RowCache(Generic[Key, Row]):
    """One table's rows by key, at most `most` of them, read by `read` where they are not cached.

    Where rows may be large, `size` tells how large one is, and they are at most `MOST_BYTES` together.
    """

    def __init__(
        self, read: Callable[[Key], Row | None], *, most: int, size: Callable[[Row], int] | None = None
    ) -> None:
        self._read = read
        self._most = most
        self._size = size
        self._sizes = 0
        self._rows: dict[Key, Row] = {}

    def get(self, key: Key) -> Row | None:
        """Return the row; one that is not there is asked for each time."""
        row = self._rows.get(key)
        if row is None:
            row = self._read(key)
            if row is not None:
                self.put(key, row)
        return row

    def known(self, key: Key) -> Row:
        """Return a row that must be there. Raises KeyError."""
        row = self.get(key)
        if row is None:
            raise KeyError(key)
        return row

    def peek(self, key: Key) -> Row | None:
        """Return the row if it is cached."""
        return self._rows.get(key)

    def put(self, key: Key, row: Row) -> None:
        """Cache a row as it was written."""
        if self._most == 0:
            return
        if self._size is not None:
            # A row that is put again counts twice, which only empties this a little early.
            self._sizes += self._size(row)
        if len(self._rows) >= self._most or self._sizes > MOST_BYTES:
            # Those that are needed soon are read again; looking for the oldest would cost more.
            self.forget()
            self._sizes = self._size(row) if self._size is not None else 0
        self._rows[key] = row

    def forget(self) -> None:
        """Cache nothing."""
        self._rows.clear()
        self._sizes = 0
