"""A new state for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.controller.passes import Counting


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Counting]:
    opened = Counting.open(tmp_path / "state", create=True)
    yield opened
    await opened.close()
