"""A log line of what may happen many times a second."""

import logging
import time
from collections.abc import Callable
from typing import Any

import structlog

_log = structlog.get_logger()


class MinuteLine:
    """A line of what may happen many times a second: at most one line a minute, with how often since the last."""

    def __init__(
        self, event: str, *, level: int = logging.WARNING, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._level = level
        self._event = event
        self._clock = clock
        self._count = 0
        self._next_s = float("-inf")

    def tell(self, **fields: Any) -> None:
        """Count it, and log what has been counted where a minute has passed."""
        self._count += 1
        if (now := self._clock()) >= self._next_s:
            _log.log(self._level, self._event, count=self._count, **fields)
            self._count = 0
            self._next_s = now + 60
