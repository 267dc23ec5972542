"""Characters that an encoding lacks, in plain letters: only where the endpoint's policy asks for it.

Letters lose their marks (é as e), ligatures and signs become what people type for them (ß as ss, … as ...). What has
no such form, another script for example, stays without one: a `?` would be another name in the patient's record.
"""

import unicodedata

from butterfly_gitops.hl7.escape import escape

_TYPED = {
    "ß": "ss", "ẞ": "SS", "Æ": "AE", "æ": "ae", "Œ": "OE", "œ": "oe", "Ø": "O", "ø": "o", "Đ": "D", "đ": "d",
    "Ð": "D", "ð": "d", "Þ": "Th", "þ": "th", "Ł": "L", "ł": "l", "ı": "i", "Ħ": "H", "ħ": "h", "Ŋ": "N", "ŋ": "n",
    "‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‹": "'", "›": "'",
    "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "−": "-", "…": "...", "•": "*", "·": "*", "€": "EUR",
    "£": "GBP", "µ": "u", "μ": "u", "°": " deg", "×": "x", "÷": "/", "±": "+/-", "≤": "<=", "≥": ">=", "≈": "~",
    "→": "->", "←": "<-", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u200b": "",
}  # fmt: skip


def in_plain_letters(character: str) -> str | None:
    """What stands for a character in ASCII, escaped already; None where nothing does."""
    typed = _TYPED.get(character)
    if typed is None:
        typed = "".join(
            one for one in unicodedata.normalize("NFKD", character) if not unicodedata.combining(one)
        )
        typed = "".join(_TYPED.get(one, one) for one in typed)
        if not typed and not unicodedata.combining(character):
            return None
    return escape(typed) if typed.isascii() else None
