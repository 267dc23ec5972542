"""Texts for people made to fit an encoding: composed letters, and plain ones where the endpoint's policy asks for them.

Letters lose their marks (é as e), ligatures and signs become what people type for them (ß as ss, … as ...). What has
no such form, another script or a superscript for example, stays as it is and is refused when it is encoded: a `?`
would be another name, and 10⁵ as 105 another value. Identifiers, codes, units and numbers are never touched.
"""

import unicodedata
from collections.abc import Callable, Iterator
from functools import cache
from operator import is_
from typing import Any, get_args

from pydantic import BaseModel

from butterfly_gitops.model.study import (
    Attending,
    Attestation,
    ExamType,
    Observation,
    Patient,
    Person,
    ReportSection,
    Study,
    StudyEvent,
)

_TYPED = {
    "ß": "ss", "ẞ": "SS", "Æ": "AE", "æ": "ae", "Œ": "OE", "œ": "oe", "Ø": "O", "ø": "o", "Đ": "D", "đ": "d",
    "Ð": "D", "ð": "d", "Þ": "Th", "þ": "th", "Ł": "L", "ł": "l", "ı": "i", "Ħ": "H", "ħ": "h", "Ŋ": "N", "ŋ": "n",
    "ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl",
    "‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‹": "'", "›": "'",
    "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "−": "-", "…": "...", "•": "*", "€": "EUR", "£": "GBP",
    "µ": "u", "μ": "u", "°": " deg", "×": "x", "÷": "/", "±": "+/-", "≤": "<=", "≥": ">=", "≈": "~", "→": "->",
    "←": "<-", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u200b": "",
}  # fmt: skip

# What is written for people; all else identifies, codes or measures something.
_FOR_PEOPLE: dict[type[BaseModel], tuple[str, ...]] = {
    Patient: ("family", "given"),
    Person: ("family", "given"),
    Attending: ("family", "given"),
    ExamType: ("display",),
    Study: ("reason",),
    ReportSection: ("text",),
    Attestation: ("text",),
    Observation: ("display",),
}


def fitted(event: StudyEvent, codec: str, *, in_plain_letters: bool) -> StudyEvent:
    """Fit the texts for people to a codec as far as they can be; characters that it lacks stay."""

    def fit(text: str) -> str:
        if text.isascii():
            return text
        composed = unicodedata.normalize("NFC", text)
        if not in_plain_letters:
            return composed
        return "".join(one if _has(codec, one) else plain_letters(one) for one in composed)

    result: StudyEvent = _fitted(event, fit)
    return result


def plain_letters(character: str) -> str:
    """Write a character in ASCII; the character itself where there is no such form."""
    if (typed := _TYPED.get(character)) is not None:
        return typed
    # Only what a letter is made of: the forms that are merely alike turn ² into 2 and ½ into 1/2.
    parts = [one for one in unicodedata.normalize("NFD", character) if not unicodedata.combining(one)]
    typed = "".join(_TYPED.get(one, one) for one in parts)
    return typed if typed.isascii() else character


def _has(codec: str, character: str) -> bool:
    try:
        character.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def _fitted(value: Any, fit: Callable[[str], str]) -> Any:
    """The same value where nothing in it changes."""
    if isinstance(value, tuple):
        items = tuple([_fitted(item, fit) for item in value])
        return value if all(map(is_, items, value)) else items
    if value is None:
        return None
    kind: type[BaseModel] = type(value)
    texts, parts = _plan(kind)
    if kind is Observation and value.type == "text":
        texts = (*texts, "value")
    changed: dict[str, Any] = {}
    for name in texts:
        found = getattr(value, name)
        if found is not None and (text := fit(found)) is not found:
            changed[name] = text
    for name in parts:
        found = getattr(value, name)
        if (part := _fitted(found, fit)) is not found:
            changed[name] = part
    return value.model_copy(update=changed) if changed else value


@cache
def _plan(kind: type[BaseModel]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The fields of a model that are texts for people, and those that lead to some."""
    parts = [
        name
        for name, field in kind.model_fields.items()
        if any(_plan(part) != ((), ()) for part in _models_in(field.annotation))
    ]
    return _FOR_PEOPLE.get(kind, ()), tuple(parts)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for one in get_args(annotation):
        yield from _models_in(one)
