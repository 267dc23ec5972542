"""The token that every request to a state's API must bear: made once, in a file that its owner alone may read."""

import os
import secrets
from pathlib import Path

from butterfly_gitops.model.error import GitopsError

TOKEN_FILE = "token"  # noqa: S105 - a file's name
_SHORTEST = 32


class TokenRefused(GitopsError):  # noqa: N818 - it says what happened
    """The state's token cannot be used; the message says how to get one that can."""


def made_token(state: Path) -> str:
    """Return the state's token, a new one where there is none. Raises TokenRefused."""
    path = state / TOKEN_FILE
    if not path.exists():
        # Whole or not at all: an empty token would open the API to everybody.
        unfinished = state / f".{TOKEN_FILE}"
        write_private(unfinished, secrets.token_urlsafe(32))
        unfinished.replace(path)
    return read_token(state)


def read_token(state: Path) -> str:
    """Return the state's token. Raises TokenRefused for one that others may know, or could guess."""
    path = state / TOKEN_FILE
    anew = f"remove {path}, and the next start of `bgo run` makes another"
    try:
        with path.open(encoding="utf-8") as file:
            is_private = os.fstat(file.fileno()).st_mode & 0o077 == 0
            token = file.read().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise TokenRefused(f"the token in {path} cannot be read: {reason}; {anew}") from None
    if not is_private:
        raise TokenRefused(
            f"others than its owner may read {path}: `chmod 600 {path}`; or, as somebody may have read it, {anew}"
        )
    if len(token) < _SHORTEST:
        raise TokenRefused(f"the token in {path} is shorter than {_SHORTEST} characters: {anew}")
    return token


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone may read, durably."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
