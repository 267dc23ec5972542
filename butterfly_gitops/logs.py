"""Log lines: one event each, a fixed phrase and fields from a list; whatever is not on the list is dropped."""

import logging
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from butterfly_gitops.minute_line import MinuteLine
from butterfly_gitops.model.error import kind_and_place
from butterfly_gitops.model.printable import printable

ALLOWED = frozenset(
    {
        "event", "level", "timestamp", "delivery", "attempt", "endpoint", "site", "lane", "outcome", "code", "detail",
        "generation", "count", "reason", "source", "url", "state", "error", "epoch", "actor", "seconds",
        "digest", "listener",
    }
)  # fmt: skip


_log = structlog.get_logger()


def configure_logs(stream: TextIO, *, as_json: bool) -> None:
    """Send log lines to a stream; JSON for machines, `key=value` for people."""
    renderer = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"])
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            only_allowed,
            all_printable,
            renderer,
        ],
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    logging.getLogger().addHandler(_LIBRARIES)


class Libraries(logging.Handler):
    """Turns log records of libraries into lines of ours: logger, place and kind of error, never the text.

    It may quote what was handed in: asyncio, for one, prints exceptions with all that they say. What comes from one
    line of theirs is told once a minute, with its count: nobody fills a disk by wrong requests.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lines: dict[tuple[str, str, str], MinuteLine] = {}

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        detail, told = f"{record.module}:{record.lineno}", kind_and_place(error) if error else ""
        known = (record.name, detail, told)
        line = self._lines.setdefault(known, MinuteLine("a library says", level=record.levelno))
        line.tell(source=record.name, detail=detail, error=told)


def only_allowed(_: Any, __: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop every field that is not on the list: patient data must not pass by an oversight."""
    return {key: value for key, value in fields.items() if key in ALLOWED}


def all_printable(_: Any, __: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Escape control characters and line ends."""
    return {key: printable(value) if isinstance(value, str) else value for key, value in fields.items()}


_LIBRARIES = Libraries()
