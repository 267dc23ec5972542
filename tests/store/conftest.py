"""Both backends, fresh for each test."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import apsw
import pytest

from butterfly_gitops.store.interface import Store
from butterfly_gitops.store.migration import migrate, migrations
from butterfly_gitops.store.rows import Rows
from butterfly_gitops.store.sqlite import SqliteStore
from butterfly_gitops.store.sqlite_rows import SqliteRows
from tests.store.memory import MemoryRows, MemoryStore


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    made: Store = (
        MemoryStore() if request.param == "memory" else SqliteStore.open(tmp_path / "state", create=True)
    )
    yield made
    await made.close()


@pytest.fixture(params=["memory", "sqlite"])
def rows(request: pytest.FixtureRequest) -> Iterator[Rows]:
    if request.param == "memory":
        yield MemoryRows()
        return
    connection = apsw.Connection(":memory:")
    connection.execute("PRAGMA foreign_keys = ON")
    migrate(connection, migrations())
    with connection:
        yield SqliteRows(connection, keeps=True)
    connection.close()
