"""What stands for text that must not be repeated: whoever has the text can tell that it is the one that is meant."""

import hashlib

_DIGITS = 12


def short_digest(text: str) -> str:
    """The first digits of the SHA-256 of a text in UTF-8."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
