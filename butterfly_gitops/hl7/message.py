"""Messages as segments, and segments as numbered fields: writing them, looking into them, showing them.

What a field holds is decided by a layout; its bytes by `charset`.
"""

import re
from collections.abc import Iterable

from butterfly_gitops.hl7.charset import charset_of
from butterfly_gitops.model.endpoint import Encoding
from butterfly_gitops.model.printable import printable

ENCODING_CHARACTERS = "^~\\&"
_SEPARATORS = tuple("|" * count for count in range(100))


def segment(name: str, fields: Iterable[tuple[int, str]]) -> str:
    """Write a segment from its fields, each with its number and escaped already, in ascending order."""
    # The first field of MSH is the field separator itself, the second the encoding characters (HL7 v2.5.1, 2.15.9.1).
    parts, written = ([f"MSH|{ENCODING_CHARACTERS}"], 2) if name == "MSH" else ([name], 0)
    for number, value in fields:
        if value:
            parts += (_SEPARATORS[number - written], value)
            written = number
    return "".join(parts)


def value_of(message: bytes, place: str, *, codec: str = "utf-8") -> str:
    """Return a field as it stands in the first such segment: `value_of(data, "OBR-3")`; empty where there is none.

    Never raises, whatever the bytes: the practice EHR looks at everything that arrives.
    """
    name, _, number = place.partition("-")
    separator = message[3:4] or b"|"
    # In bytes, for a document in another segment would take long to decode.
    for line in message.replace(b"\n", b"\r").split(b"\r"):
        if line[:3] == name.encode() and line[3:4] in (separator, b""):
            fields = line.decode(codec, errors="replace").split(separator.decode("latin-1"))
            index = int(number) - (name == "MSH")
            return fields[index] if 0 < index < len(fields) else ""
    return ""


def visible(data: bytes, encoding: Encoding) -> str:
    """Show a message to a person: one segment a line, without a last line end, nothing unprintable.

    Bytes that the encoding lacks, and control characters, show as backslash sequences.
    """
    text = data.decode(charset_of(encoding).codec, errors="backslashreplace")
    lines = text.removesuffix("\r").split("\r")
    return "\n".join(printable(line) for line in lines)


def visible_bytes(data: bytes) -> str:
    """Show bytes as they came, a line up to each CR: like `visible`, but with every line end and frame byte to be seen."""
    text = data.decode("utf-8", errors="backslashreplace")
    return "\n".join(printable(line) for line in re.split(r"(?<=\r)(?!$)", text))
