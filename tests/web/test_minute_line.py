"""A line of what happens many times: at most one a minute, and none of it uncounted."""

import logging

import pytest

from butterfly_gitops import minute_line
from butterfly_gitops.logs import Libraries
from butterfly_gitops.minute_line import MinuteLine
from tests.web.serving import Lines


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Lines:
    lines = Lines()
    monkeypatch.setattr(minute_line, "_log", lines)
    return lines


def test_it_is_said_at_once_and_again_after_a_minute_with_all_that_came_between(log: Lines):
    now = 0.0
    line = MinuteLine("it rains", clock=lambda: now)
    for now in (0.0, 0.1, 59.9, 60.0, 61.0, 1000.0):  # noqa: B007 - the clock reads it
        line.tell(code=1)
    assert log.lines == [("warning it rains", {"code": 1, "count": count}) for count in (1, 3, 2)]


def test_what_a_library_says_again_and_again_is_one_line_for_each_place(log: Lines):
    library = logging.getLogger("a.library")
    library.propagate = False
    library.handlers = [Libraries()]
    for _ in range(1000):
        library.warning("wrong request")
        library.error("another place")
    assert [says for says, _ in log.lines] == ["warning a library says", "error a library says"]
