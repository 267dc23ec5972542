"""How much of a request is read."""

from collections.abc import Callable

from fastapi import Request

from butterfly_gitops.model.error import GitopsError

MAX_BODY_BYTES = 32 * 1024 * 1024
"""Room for a study with a document of 20 MB in base64."""


class TooLarge(GitopsError):  # noqa: N818 - it says what happened
    """The request is over the size limit; nothing of it was looked at."""


async def read_limited(request: Request, *, hint: Callable[[bytes], str] | None = None) -> bytes:
    """Read the body. Raises TooLarge as soon as that is known; `hint` makes of the body's start what to do instead."""
    declared = request.headers.get("content-length", "")
    is_too_large = declared.isdecimal() and int(declared) > MAX_BODY_BYTES
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        # What the body begins with is looked at, even where its length alone says that it is too large.
        if len(body) > MAX_BODY_BYTES or (is_too_large and body.strip()):
            break
    if is_too_large or len(body) > MAX_BODY_BYTES:
        raise TooLarge(f"over {MAX_BODY_BYTES // 2**20} MiB{f': {hint(bytes(body[:1000]))}' if hint else ''}")
    return bytes(body)
