"""Suggest the name that a single typo missed: a wrong hint that is followed is worse than none.

Where nothing is surely meant, whoever asks says what is allowed.
"""

import functools
import re
from collections import defaultdict
from collections.abc import Iterable

from butterfly_gitops.config.tree import Scalar, print_origin
from butterfly_gitops.model.scalar import NAME_PATTERN

_LONGEST = 80
_SHORTEST = 4
_MOST_LISTED = 8


def typo_of(written: str, names: Iterable[str]) -> str | None:
    """Find the one name that the text misses by a letter, by capitals, or by what stands between its words."""
    return _typo_of(written, tuple(names)) if len(written) <= _LONGEST else None


@functools.lru_cache(maxsize=1024)
def _typo_of(written: str, names: tuple[str, ...]) -> str | None:
    text, index = _bare(written), _index(names)
    if same := index.get(text):
        found = [name for name in same if _bare(name) == text]
        if found:
            return found[0] if len(found) == 1 else None
    near = {name for shorter in _with_a_letter_less(text) for name in index.get(shorter, ())}
    found = [name for name in near if _is_one_typo(text, _bare(name))]
    return found[0] if len(found) == 1 else None


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.lower())


@functools.lru_cache(maxsize=64)
def _index(names: tuple[str, ...]) -> dict[str, list[str]]:
    """Names by each text that is left of them with a letter less: two that a typo separates share one."""
    index: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        if len(name) <= _LONGEST:
            for shorter in _with_a_letter_less(_bare(name)):
                index[shorter].append(name)
    return dict(index)


def _with_a_letter_less(text: str) -> set[str]:
    return {text, *(text[:at] + text[at + 1 :] for at in range(len(text)))}


def _is_one_typo(one: str, other: str) -> bool:
    """Whether a letter is wrong, missing, too many, or changed places with the next one; digits are no typos."""
    if max(len(one), len(other)) < _SHORTEST or re.findall("[0-9]", one) != re.findall("[0-9]", other):
        return False
    while one and other and one[0] == other[0]:
        one, other = one[1:], other[1:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    return max(len(one), len(other)) <= 1 or (len(one) == len(other) == 2 and one == other[::-1])


def name_hint(written: Scalar, keys: Iterable[Scalar], *, otherwise: str) -> str:
    """The hint for a name that is not there: the one that a typo missed with its line, or the first ones, or another way."""
    known = {key.text: key for key in keys if re.fullmatch(NAME_PATTERN, key.text)}
    # An address, `st-elsewhere/epic-prod`, where the site is known already.
    name = written.text.rpartition("/")[2]
    if meant := name if name in known else typo_of(name, known):
        return f'write "{meant}" ({print_origin(known[meant].place.origin)})'
    if known:
        names = sorted(known)[:_MOST_LISTED]
        return f"write {'one of ' if len(names) > 1 else ''}{', '.join(names)}; or {otherwise}"
    return otherwise


def slug_of(text: str) -> str:
    """The name that differs from a text by capitals and what is between its words alone; empty where there is none."""
    is_near = re.fullmatch(r"[A-Za-z0-9 _-]{1,63}", text)
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") if is_near else ""


def one_of(words: Iterable[str]) -> str:
    """`a, b or c`."""
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last
