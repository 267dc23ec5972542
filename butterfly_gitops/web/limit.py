"""How much of a request is read."""

from fastapi import Request

from butterfly_gitops.model.error import GitopsError

MAX_BODY_BYTES = 32 * 1024 * 1024
"""Room for a study with a document of 20 MB in base64."""


class TooLarge(GitopsError):  # noqa: N818 - it says what happened
    """The request is over the size limit; nothing of it was looked at."""


async def read_limited(request: Request) -> bytes:
    """Read the body. Raises TooLarge as soon as that is known."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > MAX_BODY_BYTES:
        raise _too_large()
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise _too_large()
    return bytes(body)


def _too_large() -> TooLarge:
    return TooLarge(f"over {MAX_BODY_BYTES // 2**20} MiB: hand the events in by smaller arrays")
