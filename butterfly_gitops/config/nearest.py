"""What somebody probably meant: the name nearest to a misspelt one."""

import difflib
import re
from collections.abc import Iterable
from itertools import islice

from butterfly_gitops.config.tree import Scalar, print_origin
from butterfly_gitops.model.scalar import NAME_PATTERN

# Where thousands of names are wrong, each is compared with no more than so many.
_MOST_LOOKED_AT = 100


def nearest(written: str, names: Iterable[str]) -> str | None:
    """The name that is most like what was written, if any is."""
    by_lower = {name.lower(): name for name in sorted(names, reverse=True)}
    found = difflib.get_close_matches(written.lower(), sorted(by_lower), n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def mend_name(written: str, keys: Iterable[Scalar], *, otherwise: str) -> str:
    """The mend for a name that is not there: the nearest one with its line, or all, or another way."""
    looked_at = islice(keys, _MOST_LOOKED_AT)
    known = {key.text: key for key in looked_at if re.fullmatch(NAME_PATTERN, key.text)}
    if meant := nearest(written, known):
        return f'write "{meant}" ({print_origin(known[meant].place.origin)})'
    if known:
        names = sorted(known)[:8]
        return f"write {'one of ' if len(names) > 1 else ''}{', '.join(names)}; or {otherwise}"
    return otherwise
