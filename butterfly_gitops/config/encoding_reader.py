"""Reads the name of a character encoding, of which each offered one has many elsewhere."""

import re
from dataclasses import dataclass
from typing import Any

from butterfly_gitops.config.context import FAILED, Context, scalar_for, shown
from butterfly_gitops.config.nearest import Guesses
from butterfly_gitops.config.tree import Node, Scalar

_OTHERWISE = "write UTF-8, or one of US-ASCII, ISO-8859-1 to 9, ISO-8859-15 and windows-1252"
_WIDE = re.compile(r"utf16|utf32|ucs2|ucs4")
_PARTS_OF_8859 = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "15")


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


# What programs, table 0211 and people call the offered ones, beside their own names.
_MEANT = {
    **{f"8859{part}": f"ISO-8859-{part}" for part in _PARTS_OF_8859},
    "unicodeutf8": "UTF-8", "utf8bom": "UTF-8", "utf8sig": "UTF-8", "unicode": "UTF-8", "u8": "UTF-8",
    "cp65001": "UTF-8",
    "ascii": "US-ASCII", "ansix341968": "US-ASCII", "iso646us": "US-ASCII", "7bit": "US-ASCII",
    "latin1": "ISO-8859-1", "l1": "ISO-8859-1", "ibm819": "ISO-8859-1", "cp28591": "ISO-8859-1",
    "latin2": "ISO-8859-2", "latin3": "ISO-8859-3", "latin4": "ISO-8859-4", "cyrillic": "ISO-8859-5",
    "arabic": "ISO-8859-6", "greek": "ISO-8859-7", "hebrew": "ISO-8859-8", "latin5": "ISO-8859-9",
    "latin9": "ISO-8859-15", "latin0": "ISO-8859-15",
    "cp1252": "windows-1252", "1252": "windows-1252", "win1252": "windows-1252", "ansi": "windows-1252",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodingReader:
    """Reads one of the offered encodings, by the one name that it has here."""

    offered: tuple[str, ...]
    wants: str = "the name of an encoding, such as UTF-8"

    def read(self, node: Node, at: Scalar, context: Context) -> Any:
        """Return the name, or FAILED after its problem was noted."""
        scalar = scalar_for(node, at, self.wants, context)
        if scalar is None:
            return FAILED
        if scalar.text in self.offered:
            return scalar.text
        key = _key(scalar.text)
        if _WIDE.search(key):
            message = (
                f"{at.text} is {shown(scalar)}, whose characters hold the bytes that end a message on MLLP"
            )
            hint = 'write "UTF-8", which has the same characters'
        else:
            meant = self._meant(scalar, context.guesses)
            message = f"{at.text} is {shown(scalar)}, which is not " + (
                "its name here" if meant else "offered"
            )
            hint = f'write "{meant}"' if meant else _OTHERWISE
        return context.refuse(scalar.place, rule="unknown-encoding", message=message, hint=hint)

    def _meant(self, written: Scalar, guesses: Guesses) -> str | None:
        """The offered one that a text means; with another number or initial it would be other characters."""
        text = written.text
        names = {**_MEANT, **{_key(name): name for name in self.offered}}
        if meant := names.get(_key(text)):
            return meant
        near = guesses.nearest(written, self.offered)
        return near if near and _marks(near) == _marks(text) else None


def _marks(name: str) -> list[str]:
    return [name[:1].lower(), *re.findall(r"[0-9]+", name)]
