r"""Escape sequences (HL7 v2.5.1, 2.7): what stands between any text and a field that holds no delimiter.

Every delimiter and control character is replaced in one pass, so that the escape character of a replacement is
never escaped again. A control character becomes `\Xdd\`: no CR ends a segment early, no VT or FS ends a block.
"""

import re

_NAMED = {"\\": "E", "|": "F", "^": "S", "&": "T", "~": "R"}
_CONTROLS = [*range(0x20), *range(0x7F, 0xA0)]
_LINE_ENDS = "\n\r\x85\u2028\u2029"
# A line end in text: a formatting command (2.7.6), or the bytes of CR and LF (2.7.5).
LINE_BREAKS = {"br": "\\.br\\", "crlf": "\\X0D0A\\"}
# In a message these two characters alone say "delete what you have" (2.5.3.2), so a text of them is written in bytes.
_NULL, _NO_NULL = '""', "\\X2222\\"

_IN_VALUE = {
    **{ord(character): f"\\{name}\\" for character, name in _NAMED.items()},
    **{code: f"\\X{code:02X}\\" for code in _CONTROLS},
}
# TX and FT are meant for display, so a line end keeps its meaning there.
_IN_TEXT = {
    name: {**_IN_VALUE, **{ord(end): written for end in _LINE_ENDS}} for name, written in LINE_BREAKS.items()
}

_NEEDS_ESCAPE = re.compile(r"[\\|^&~\x00-\x1f\x7f-\x9f\u2028\u2029]")
# Of ASCII: what may need an escape. The quote is among them for the sake of the null.
_SUSPECT = bytes([*range(0x20), 0x7F, *b'\\|^&~"'])
_SEQUENCE = re.compile(r"\\(?:([EFSTR])|X((?:[0-9A-Fa-f]{2})+)|(\.br))\\")
_CHARACTERS = {name: character for character, name in _NAMED.items()}


def is_plain(text: str) -> bool:
    """Tell quickly whether a text surely stands for itself; one that is not plain may still do so."""
    if text.isalnum():
        return True
    # Deleting bytes is several times quicker than a search for a class of characters.
    return text.isascii() and len(text.encode().translate(None, _SUSPECT)) == len(text)


def escape(value: str) -> str:
    """Write a value of a field, component or subcomponent; `unescape` gives it back unchanged."""
    if not value or is_plain(value):
        return value
    if _NEEDS_ESCAPE.search(value):
        return value.translate(_IN_VALUE)
    return _NO_NULL if value == _NULL else value


def escaped(*values: str | None) -> list[str]:
    """Escape several values, nothing for None: one look at all of them tells that none needs it, as is usual."""
    texts = [value or "" for value in values]
    return texts if is_plain("".join(texts)) else [escape(text) for text in texts]


def escape_text(text: str, *, line_break: str = "br") -> str:
    r"""Write text for display (TX, FT): as `escape`, with every kind of line end as `\.br\` or `\X0D0A\`.

    Tabs become the blanks that they stand for: many receivers show their bytes as they are.
    """
    if is_plain(text):
        return text
    if _NEEDS_ESCAPE.search(text):
        return text.replace("\r\n", "\n").expandtabs().translate(_IN_TEXT[line_break])
    return _NO_NULL if text == _NULL else text


def unescape(field: str) -> str:
    r"""Read a value back; `\.br\` is a line feed, and sequences we do not know stay as they are (2.7.1)."""
    return _SEQUENCE.sub(_meaning, field) if "\\" in field else field


def _meaning(sequence: re.Match[str]) -> str:
    name, pairs, line_break = sequence.groups()
    if name:
        return _CHARACTERS[name]
    return "\n" if line_break else bytes.fromhex(pairs).decode("latin-1")
