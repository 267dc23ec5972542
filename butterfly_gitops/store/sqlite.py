"""The store in one file: SQLite, written by one thread and read by another."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from butterfly_gitops.store.mark import MARK
from butterfly_gitops.store.row_store import RowStore
from butterfly_gitops.store.rows import Rows
from butterfly_gitops.store.setback import Consent, Marking
from butterfly_gitops.store.sqlite_session import SqliteSession
from butterfly_gitops.store.state_folder import StateFolder, hold
from butterfly_gitops.store.writer import Worker


def _utc_now() -> datetime:
    return datetime.now(UTC)


T = TypeVar("T")


class SqliteStore(RowStore):
    """The `Store` of one process; `open` makes it."""

    def __init__(self, folder: StateFolder, *, writer: Worker, reader: Worker) -> None:
        self._folder = folder
        self._writer = writer
        self._reader = reader

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        create: bool,
        mark: Path | None = None,
        consent: Consent | None = None,
        now: Callable[[], datetime] = _utc_now,
    ) -> "SqliteStore":
        """Open the state in a folder, or make a new one there; it blocks, so call it before the loop runs lanes.

        Its mark stands in the folder, or where `mark` says. One that is behind it is opened only with
        `consent`. Raises StateMissing, StateExists, StateHeld, StateUnusable, StateTooNew, StateBehind,
        StoreUnavailable.
        """
        marking = Marking(mark or path / MARK, path, consent=consent, now=now)
        marking.refuse_lost(create=create)
        folder = hold(path, create=create)
        try:
            writing = SqliteSession(folder.database, is_writer=True, counting=marking.counting)
            try:
                marking.compare(writing)
                reading = SqliteSession(folder.database, is_writer=False)
            except BaseException:
                writing.close()
                raise
        except BaseException:
            folder.release()
            raise
        return cls(
            folder, writer=Worker(writing, name="store-writer"), reader=Worker(reading, name="store-reader")
        )

    async def close(self) -> None:
        """See `Store.close`."""
        # The writer last: only it can move what the journal holds into the database.
        await self._reader.close()
        await self._writer.close()
        self._folder.release()

    @property
    def can_commit(self) -> bool:
        """See `Store.can_commit`."""
        return self._writer.is_sound

    async def write(self, operation: Callable[[Rows], T]) -> T:
        """See `RowStore.write`."""
        return await self._writer.do(operation)

    async def read(self, operation: Callable[[Rows], T]) -> T:
        """See `RowStore.read`."""
        return await self._reader.do(operation)
