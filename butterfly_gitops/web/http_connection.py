"""One HTTP connection: strict where two readers could differ, and with a limit on each thing that a client can delay.

uvicorn limits the time between requests only; the time that headers and bodies may take is limited here.
"""

import asyncio
import re
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADERS_S = 10.0
BODY_S = 120.0
MOST_HEADER_BYTES = 16 * 1024
_LEFT_OVER = object()

_BARE_LF = re.compile(rb"(?<!\r)\n")


class StrictConnection(h11.Connection):
    """Refuses what a proxy in front could read otherwise: a request smuggled by it would bear another's token."""

    def next_event(self) -> Any:
        """See h11. Raises RemoteProtocolError also for a bare LF, and for a body of two lengths (RFC 9112, 2.2, 6.1)."""
        if self.their_state is h11.IDLE:
            head, _, _ = self.trailing_data[0].partition(b"\r\n\r\n")
            if len(head) > MOST_HEADER_BYTES:
                # h11 itself counts only what has not come to its end.
                raise h11.RemoteProtocolError("headers are too large", error_status_hint=431)
            if _BARE_LF.search(head):
                raise h11.RemoteProtocolError("a line ends without CR")
        event = super().next_event()
        if isinstance(event, h11.Request):
            names = {name for name, _ in event.headers}
            if b"transfer-encoding" in names and (b"content-length" in names or event.http_version < b"1.1"):
                raise h11.RemoteProtocolError("Transfer-Encoding beside Content-Length, or before HTTP/1.1")
        return event


class HttpConnection(H11Protocol):
    """A connection that is closed when headers or a body take too long.

    `waits_since` is when it began to wait for a request, None while it has one: what waits may be closed for another.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conn = StrictConnection(h11.SERVER, MOST_HEADER_BYTES)
        self.waits_since: float | None = self.loop.time()
        self._phase: object = None
        self._limit: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        super().connection_made(transport)
        self._enter(h11.IDLE)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        is_left_over = self._phase is _LEFT_OVER and self.conn.their_state is h11.SEND_BODY
        if not self.transport.is_closing() and not is_left_over:
            self._enter(self.conn.their_state)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY:
            # Answered before its body had come. To close now could take the answer from a client that still sends; so
            # the rest is read for a while, and its place is anybody's who needs one.
            self._enter(_LEFT_OVER)
            return
        # From the answer to the first byte of the next request uvicorn's own limit holds.
        self._enter(None if self.conn.their_state is h11.IDLE else self.conn.their_state)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_limit()
        super().connection_lost(exc)

    def shed(self) -> None:
        """Close it at once."""
        self.transport.abort()

    def _enter(self, phase: object) -> None:
        """Take note of what is waited for: headers (IDLE), the next request (None), a body, its unneeded rest, or nothing."""
        if phase is self._phase and self._limit is not None:
            return
        self._phase = phase
        self._stop_limit()
        is_waiting = phase is None or phase is h11.IDLE or phase is _LEFT_OVER
        self.waits_since = (self.waits_since or self.loop.time()) if is_waiting else None
        if phase in (h11.IDLE, _LEFT_OVER):
            self._limit = self.loop.call_later(HEADERS_S, self.shed)
        elif phase is h11.SEND_BODY:
            self._limit = self.loop.call_later(BODY_S, self.shed)

    def _stop_limit(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None
