"""An MLLP receiver in a process of its own, which acknowledges everything as fast as one event loop can.

`python -m benchmarks.sink COUNT` listens on that many ports and prints them as JSON; a second line comes with the
first message: when it came, in seconds since 1970.
"""

import asyncio
import json
import sys
import time

_START, _END = b"\x0b", b"\x1c\r"


class _Receiver(asyncio.Protocol):
    """One connection."""

    has_heard = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        *blocks, self._rest = (self._rest + data).split(_END)
        if blocks:
            self._transport.write(b"".join(_acknowledgement(block) for block in blocks))
            _hear()


def _hear() -> None:
    if not _Receiver.has_heard:
        _Receiver.has_heard = True
        print(time.time(), flush=True)


def _acknowledgement(block: bytes) -> bytes:
    control_id = block.split(b"|", 10)[9]
    return b"".join(
        (
            _START,
            b"MSH|^~\\&|EHR|STE|BUTTERFLY|STE|20261124140311||ACK^R01^ACK|",
            control_id,
            b"|P|2.5.1\rMSA|AA|",
            control_id,
            b"\r",
            _END,
        )
    )


async def _listen(count: int) -> None:
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(_Receiver, "127.0.0.1", 0) for _ in range(count)]
    print(json.dumps([server.sockets[0].getsockname()[1] for server in servers]), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_listen(int(sys.argv[1])))
