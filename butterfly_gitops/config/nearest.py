"""What somebody probably meant: the name nearest to a misspelt one."""

import difflib
import functools
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import islice
from types import MappingProxyType

from butterfly_gitops.config.tree import Place, Scalar, print_origin
from butterfly_gitops.config.written_names import (
    foreign_letter,
    in_latin_letters,
    name_meant,
    names_written_as_one,
)
from butterfly_gitops.model.scalar import NAME_PATTERN

_NO_TITLES: Mapping[str, str] = MappingProxyType({})

# Where thousands of names are wrong, each is compared with no more than so many.
_MOST_LOOKED_AT = 100
MOST_GUESSES = 100
"""At how many places of a file something is guessed: of more problems a report does not show."""


class Guesses:
    """What was probably meant, while not too many names of a file are misspelt: a comparison takes long."""

    def __init__(self) -> None:
        self._places: defaultdict[str, set[tuple[int, int]]] = defaultdict(set)

    def are_left_at(self, place: Place) -> bool:
        """Whether something may be guessed there."""
        places, at = self._places[place.source.file], (place.line, place.column)
        if len(places) < MOST_GUESSES:
            places.add(at)
        return at in places

    def nearest(self, written: Scalar, names: Iterable[str]) -> str | None:
        """The name that is most like what was written, if any is and may still be guessed."""
        return nearest(written.text, names) if self.are_left_at(written.place) else None

    def hint_name(
        self,
        written: Scalar,
        keys: Iterable[Scalar],
        *,
        otherwise: str,
        titles: Mapping[str, str] = _NO_TITLES,
    ) -> str:
        """The hint for a name that is not there: the one that was meant with its line, or all, or another way.

        `titles` says which name has which display_name, for who writes that instead.
        """
        if not self.are_left_at(written.place):
            return otherwise
        looked_at = islice(keys, _MOST_LOOKED_AT)
        known = {key.text: key for key in looked_at if re.fullmatch(NAME_PATTERN, key.text)}
        if several := names_written_as_one(written.text, known):
            return f"write a comma between the names: {', '.join(several)}"
        letter = foreign_letter(written.text)
        because = f"; {letter}" if letter else ""
        if meant := name_meant(written.text, known, titles) or nearest(in_latin_letters(written.text), known):
            return f'write "{meant}" ({print_origin(known[meant].place.origin)}){because}'
        if known:
            names = sorted(known)[:8]
            return f"write {'one of ' if len(names) > 1 else ''}{', '.join(names)}; or {otherwise}{because}"
        return f"{otherwise}{because}"


def nearest(written: str, names: Iterable[str]) -> str | None:
    """The name that is most like what was written, if any is."""
    return _nearest(written, tuple(names))


@functools.lru_cache(maxsize=1024)
def _nearest(written: str, names: tuple[str, ...]) -> str | None:
    by_lower = {name.lower(): name for name in sorted(names, reverse=True)}
    found = difflib.get_close_matches(written.lower(), sorted(by_lower), n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def looked_up() -> int:
    """How many comparisons of a word with a set of names were made."""
    return _nearest.cache_info().misses
