"""What somebody meant who wrote something else for a name: several names, a title, an address, letters that look alike."""

import re
import unicodedata
from collections.abc import Collection, Mapping

from butterfly_gitops.model.scalar import NAME_PATTERN

_BETWEEN_NAMES = re.compile(r"[\s;]+")
# Cyrillic and Greek letters, as escapes since they look like the ones that they are read as.
_LOOKS_LATIN = str.maketrans(
    "\u0430\u0441\u0501\u0435\u04bb\u0456\u0458\u04cf\u043e\u0440\u051b\u0455\u051d\u0445\u0443\u03bf\u03b1\u03b5\u03bd\u03b9\u03ba",
    "acdehijlopqswxyoaevik",
)


def hint_spelling(text: str) -> str:
    """The hint for a text that is no name, where nothing says which names there are."""
    if letter := foreign_letter(text):
        latin = in_latin_letters(text.lower())
        write = f'"{latin}"' if re.fullmatch(NAME_PATTERN, latin) else "the name with the letters a to z"
        return f"write {write}; {letter}"
    site, _, name = text.rpartition("/")
    if re.fullmatch(NAME_PATTERN, site) and re.fullmatch(NAME_PATTERN, name):
        # An address, where the site is known already.
        return f'write "{name}"'
    slug = slug_of(text)
    return f'write "{slug}"' if slug else "write a name such as epic-prod"


def slug_of(text: str) -> str:
    """The name that is most like a text, without its accents; empty where the text has no letter of ours."""
    plain = unicodedata.normalize("NFKD", text.lower())
    marks_off = "".join(each for each in plain if not unicodedata.combining(each))
    return re.sub(r"[^a-z0-9]+", "-", marks_off).strip("-")[:63]


def foreign_letter(text: str) -> str:
    """Which letter of another alphabet stands in the text, by its name: it may look just like one of ours."""
    # An accent is no other alphabet: NFKD leaves the Latin letter below it.
    plain = unicodedata.normalize("NFKD", text)
    found = next((each for each in plain if each.isalpha() and "LATIN" not in unicodedata.name(each, "")), "")
    name = unicodedata.name(found, "").lower() if found else ""
    return f'the "{found}" is no Latin letter but a {_titled(name)}' if name else ""


def _titled(name: str) -> str:
    alphabet, _, rest = name.partition(" ")
    return f"{alphabet.title()} {rest}"


def in_latin_letters(text: str) -> str:
    """The text with the letters that its foreign ones look like."""
    return text.translate(_LOOKS_LATIN)


def names_written_as_one(text: str, known: Collection[str]) -> tuple[str, ...]:
    """The known names that a comma is missing between; none where any part is not known."""
    parts = tuple(part for part in _BETWEEN_NAMES.split(text) if part)
    return parts if len(parts) > 1 and all(part in known for part in parts) else ()


def name_meant(text: str, known: Collection[str], titles: Mapping[str, str]) -> str | None:
    """The known name that has this title, ends this address, or looks like this."""
    readings = (titles.get(text, ""), text.rpartition("/")[2], in_latin_letters(text), text.strip().lower())
    return next((name for name in readings if name in known and re.fullmatch(NAME_PATTERN, name)), None)
