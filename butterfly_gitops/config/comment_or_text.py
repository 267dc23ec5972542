"""Whether a comment behind a value may have been meant as part of it: Epic #1."""

import re

SIGN = r"#(?!bgo)[^\s#!]"
"""How such a comment begins. Those that speak to a program, `#bgo: …` and `#!…`, and rows of # are meant as comments."""

_BEGINS = re.compile(SIGN)
_NO_TEXT = re.compile(r"[0-9]+(?:ms|[smh])?|true|false")


def may_be_text(value: str, comment: str) -> bool:
    """Tell it of a value without quotes and the comment behind it; a number or a choice of two goes on with nothing."""
    return bool(value and _BEGINS.match(comment)) and not _NO_TEXT.fullmatch(value)
