"""Size limits of request bodies."""

from collections.abc import Callable

from fastapi import Request
from starlette.types import Message

from butterfly_gitops.model.error import GitopsError

MAX_BODY_BYTES = 32 * 1024 * 1024
"""Room for a study with a document of 20 MB in base64."""
MAX_FORM_BYTES = 64 * 1024
"""Room for what a person writes: a reason, a search."""


class TooLarge(GitopsError):  # noqa: N818 - it says what happened
    """The request is over the size limit; nothing of it was looked at."""


async def read_limited(
    request: Request, *, most: int = MAX_BODY_BYTES, hint: Callable[[bytes], str] | None = None
) -> bytes:
    """Read the body. Raises TooLarge as soon as that is known; `hint` makes of the body's start what to do instead."""
    declared = request.headers.get("content-length", "")
    is_too_large = declared.isdecimal() and int(declared) > most
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        # What the body begins with is looked at, even where its length alone says that it is too large.
        if len(body) > most or (is_too_large and chunk.strip()):
            break
    if is_too_large or len(body) > most:
        size = f"{most // 2**20} MiB" if most >= 2**20 else f"{most // 2**10} KiB"
        raise TooLarge(f"over {size}{f': {hint(bytes(body[:1000]))}' if hint else ''}")
    return bytes(body)


async def with_limited_body(request: Request, most: int) -> Request:
    """Read the body, and return the request as one that has it. Raises TooLarge."""
    body = await read_limited(request, most=most)

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request(request.scope, receive)
