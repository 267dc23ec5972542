"""Character sets: an endpoint's encoding as a Python codec and as MSH-18 names it.

Only encodings that cannot emit a byte of MLLP or a delimiter inside another character are offered, so text is
escaped before it is encoded and decoded before it is split.
"""

from dataclasses import dataclass

from butterfly_gitops.hl7.refusal import RenderingRefused
from butterfly_gitops.hl7.row_name import row_name
from butterfly_gitops.model.endpoint import Encoding


@dataclass(frozen=True, slots=True, kw_only=True)
class Charset:
    """One encoding; `declared` is its name in table 0211, empty where MSH-18 stays empty."""

    codec: str
    declared: str


_PARTS_OF_8859 = (1, 2, 3, 4, 5, 6, 7, 8, 9, 15)
_CHARSETS = {
    "US-ASCII": Charset(codec="ascii", declared=""),  # IHE RAD: MSH-18 is valued only when not ASCII
    **{f"ISO-8859-{n}": Charset(codec=f"iso8859-{n}", declared=f"8859/{n}") for n in _PARTS_OF_8859},
    "windows-1252": Charset(codec="cp1252", declared=""),  # table 0211 has no name for it
    "UTF-8": Charset(codec="utf-8", declared="UNICODE UTF-8"),
}


def charset_of(encoding: Encoding) -> Charset:
    """Return the codec of an encoding, and its name in MSH-18."""
    return _CHARSETS[encoding]


def first_lacking(text: str, encoding: Encoding) -> str:
    """Find the first character of a text that an encoding lacks; empty where it has them all."""
    try:
        text.encode(charset_of(encoding).codec)
    except UnicodeEncodeError as error:
        return text[error.start]
    return ""


def encode(message: str, encoding: Encoding) -> bytes:
    """Encode a whole message strictly.

    Raises RenderingRefused naming the field, and the OBX, whose character the encoding lacks: a `?` in its place would be
    another name in the patient's record.
    """
    try:
        return message.encode(charset_of(encoding).codec)
    except UnicodeEncodeError as error:
        at = error.start
    # Outside `except`, so that the refusal does not carry the codec's error, which quotes the message.
    field = _field_at(message, at)
    where = f", in {_row_at(message, at)}" if field.startswith("OBX") else ""
    raise RenderingRefused(
        field, f"holds a character that {encoding} cannot express{where}", settings=("encoding",)
    )


def _field_at(message: str, position: int) -> str:
    """Name the field that a position of a message belongs to, as `PID-5`."""
    segment = message[message.rfind("\r", 0, position) + 1 : position]
    number = segment.count("|")
    name = segment[:3]
    # MSH-1 is the field separator itself (2.15.9.1).
    return f"{name}-{number + 1 if name == 'MSH' else number}"


def _row_at(message: str, position: int) -> str:
    """Name the OBX that a position of a message belongs to."""
    segments = [line.split("|", 5) for line in message[: message.index("\r", position)].split("\r")]
    exam = next(fields[4] for fields in segments if fields[0] == "OBR")
    return row_name([(fields[2], fields[3]) for fields in segments if fields[0] == "OBX"], exam)
