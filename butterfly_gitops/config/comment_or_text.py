"""Whether a comment behind a value may have been meant as part of it: Epic #1."""

import re

from butterfly_gitops.model.field_place import PLACE_PATTERN

SIGN = r"#(?!bgo)[^\s#!]"
"""How such a comment begins. Those that speak to a program, `#bgo: …` and `#!…`, and rows of # are meant as comments."""

_BEGINS = re.compile(SIGN)
# What takes words and signs as its writer likes; names, choices, hosts and the like have no # in them.
_TEXTS = frozenset({
    *("display_name", "reason"),
    *("sending_application", "sending_facility", "receiving_application", "receiving_facility"),
    *("namespace", "universal_id", "authority"),
    *("code", "display", "system"),
})  # fmt: skip


def may_be_text(value: str, comment: str, *, key: str) -> bool:
    """Tell it of a value without quotes, the comment behind it, and the setting that has the value.

    A number goes on with nothing.
    """
    has_sign = value and not value.isdecimal() and _BEGINS.match(comment)
    return bool(has_sign) and (key in _TEXTS or re.fullmatch(PLACE_PATTERN, key) is not None)
