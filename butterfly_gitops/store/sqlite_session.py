"""One connection to the database: opened with what durability asks for, and opened anew after a failure."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import apsw

from butterfly_gitops.store.interface import NotMarked, StoreUnavailable
from butterfly_gitops.store.mark import Counting, Point, count_commit
from butterfly_gitops.store.migration import migrate, migrations
from butterfly_gitops.store.rows import Undone
from butterfly_gitops.store.sqlite_rows import UNAVAILABLE, SqliteRows
from butterfly_gitops.store.writer import Operation, Raised, Result, Returned

_BUSY_MS = 5000
_SETTINGS = """
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA trusted_schema = OFF;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -65536;
"""


class SqliteSession:
    """A connection that runs batches, each in one transaction; a reader's sees the last commit and writes nothing."""

    def __init__(self, path: Path, *, is_writer: bool, counting: Counting | None = None) -> None:
        """Open the database, which must exist; a writer brings it to this code's schema, and counts its commits.

        Raises StoreUnavailable, StateTooNew.
        """
        self._path = path
        self._is_writer = is_writer
        self._counting = counting
        self._owed: Point | None = None
        self._begin = "BEGIN IMMEDIATE" if is_writer else "BEGIN"
        self._connection: apsw.Connection | None = None
        self._rows: SqliteRows | None = None
        try:
            self._open()
        except UNAVAILABLE as error:
            raise StoreUnavailable(f"the state in {path.parent} cannot be opened: {error}") from None

    def run(self, operations: Sequence[Operation]) -> Sequence[Result]:
        """See `Session.run`."""
        try:
            self.follow()
        except NotMarked as error:
            raise StoreUnavailable(str(error)) from None
        try:
            connection, rows = self._open()
            before = connection.total_changes()
            connection.execute(self._begin)
            results = _run_all(connection, rows, operations, begin=self._begin)
            if self._counting is not None and connection.total_changes() != before:
                self._owed = count_commit(rows, history=self._counting.history, at=self._counting.now())
            connection.execute("COMMIT")
        except UNAVAILABLE as error:
            # How much of the transaction SQLite has undone depends on the error; closing undoes the rest.
            self._undo()
            raise StoreUnavailable(f"the state is not available: {error}") from None
        except BaseException:
            self._undo()
            raise
        return results

    def _undo(self) -> None:
        self._owed = None
        self.close()

    def follow(self) -> None:
        """See `Session.follow`."""
        if self._counting is None or self._owed is None:
            return
        mark = self._counting.mark
        try:
            mark.write(self._owed)
        except OSError as error:
            mark.close()
            raise NotMarked(f"the mark of the state cannot be written: {error.strerror}") from None
        self._owed = None

    def close(self) -> None:
        """Close the connection, without a commit; the next batch opens another."""
        if self._counting is not None:
            self._counting.mark.close()
        connection, self._connection, self._rows = self._connection, None, None
        if connection is not None:
            # Closing checkpoints the journal, which a full disk refuses; the journal keeps what is committed.
            with suppress(apsw.Error):
                connection.close(True)

    def _open(self) -> tuple[apsw.Connection, SqliteRows]:
        if self._connection is None or self._rows is None:
            connection = self._connect()
            self._connection, self._rows = connection, SqliteRows(connection, keeps=self._is_writer)
            return connection, self._rows
        return self._connection, self._rows

    def _connect(self) -> apsw.Connection:
        flags = apsw.SQLITE_OPEN_READWRITE if self._is_writer else apsw.SQLITE_OPEN_READONLY
        connection = apsw.Connection(str(self._path), flags=flags, statementcachesize=200)
        try:
            connection.set_busy_timeout(_BUSY_MS)
            # Else SQLite plans a sorted statement anew for each value that it is run with.
            connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
            connection.execute(_SETTINGS)
            if self._is_writer:
                connection.execute("PRAGMA journal_mode = WAL")
                migrate(connection, migrations())
            # From the first read on it is attached to the journal. While the reader is, a writer that opens anew
            # recovers nothing from there: what a failed commit has left stays undone.
            connection.pragma("user_version")
        except BaseException:
            connection.close(True)
            raise
        return connection


def _run_all(
    connection: apsw.Connection, rows: SqliteRows, operations: Sequence[Operation], *, begin: str
) -> Sequence[Result]:
    """Do all at once, as is nearly always possible; where one raises, all again, each in a savepoint of its own."""
    try:
        return [Returned(value=operation(rows)) for operation in operations]
    except UNAVAILABLE:
        raise
    except Exception:  # noqa: BLE001 - it is raised again below, for its own operation alone
        connection.execute("ROLLBACK")
        rows.forget()
        connection.execute(begin)
    return [_run_one(rows, operation) for operation in operations]


def _run_one(rows: SqliteRows, operation: Operation) -> Result:
    try:
        with rows.apart():
            return Returned(value=operation(rows))
    except Undone as undone:
        # It is handed to whoever asked for the operation.
        return Raised(error=undone.error)
