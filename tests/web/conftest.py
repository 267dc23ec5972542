"""A new state, and one with the sample sites applied."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.web.serving import Served, served


@pytest.fixture
async def empty(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path) as one:
        yield one


@pytest.fixture
async def api(empty: Served) -> Served:
    await empty.apply()
    return empty
