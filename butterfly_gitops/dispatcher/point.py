"""The named points of a result's way, at which a process may die: tests end it exactly there."""

from collections.abc import Callable
from enum import StrEnum


class Point(StrEnum):
    """Where a result has just been."""

    ACCEPTED = "accepted"
    """The event is durable; its answer has not left."""
    SENDING_STORED = "sending_stored"
    """The attempt is durable; not a byte has left."""
    BYTES_LEFT = "bytes_left"
    """The whole message is with the kernel; nothing has been read."""
    ANSWER_READ = "answer_read"
    """The answer is here; nothing of it is durable."""


Passed = Callable[[Point], None]
