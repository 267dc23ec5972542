"""An HTTP client in a process of its own: posts events over a few connections that it keeps, as fast as answers come."""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

from benchmarks.studies import arrays

_CONNECTIONS = 8


def _requests(job: dict[str, Any]) -> Iterator[bytes]:
    for texts in arrays(job["events"], size=job["array"], archives=job["archives"], prefix=job["prefix"]):
        body = (texts[0] if job["array"] == 1 else f"[{','.join(texts)}]").encode()
        head = (
            f"POST /v1/study-events HTTP/1.1\r\nHost: {job['host']}\r\nAuthorization: Bearer {job['token']}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        yield head.encode() + body


async def _post_all(requests: Iterator[bytes], host: str, port: int) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    for request in requests:
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        assert head.startswith(b"http/1.1 202"), head
        await reader.readexactly(int(head.partition(b"content-length:")[2].split()[0]))
    writer.close()
    await writer.wait_closed()


async def post(job: dict[str, Any]) -> dict[str, float]:
    """Post all events, and time them from the first request to the last answer."""
    waiting = iter(list(_requests(job)))
    host, _, port = job["host"].rpartition(":")
    began_s = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(_CONNECTIONS):
            group.create_task(_post_all(waiting, host, int(port)))
    return {"rate": job["events"] / (time.perf_counter() - began_s)}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(post(json.loads(sys.argv[1])))))
