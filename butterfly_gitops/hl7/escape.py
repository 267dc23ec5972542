r"""Escape sequences (HL7 v2.5.1, 2.7): what stands between any text and a field that holds no delimiter.

Every delimiter and control character is replaced in one pass, so that the escape character of a replacement is
never escaped again. A control character becomes `\Xdd\`: no CR ends a segment early, no VT or FS ends a block.
"""

import re

_NAMED = {"\\": "E", "|": "F", "^": "S", "&": "T", "~": "R"}
_CONTROLS = [*range(0x20), *range(0x7F, 0xA0)]
_LINE_ENDS = "\n\r\x85\u2028\u2029"
_LINE_BREAK = "\\.br\\"

_IN_VALUE = {
    **{ord(character): f"\\{name}\\" for character, name in _NAMED.items()},
    **{code: f"\\X{code:02X}\\" for code in _CONTROLS},
}
# TX and FT are meant for display, so a line end is a formatting command there (2.7.6).
_IN_TEXT = {**_IN_VALUE, **{ord(end): _LINE_BREAK for end in _LINE_ENDS}}

_NEEDS_ESCAPE = re.compile(r"[\\|^&~\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SEQUENCE = re.compile(r"\\(?:([EFSTR])|X((?:[0-9A-Fa-f]{2})+)|(\.br))\\")
_CHARACTERS = {name: character for character, name in _NAMED.items()}


def escape(value: str) -> str:
    """Write a value of a field, component or subcomponent; `unescape` gives it back unchanged."""
    return value.translate(_IN_VALUE) if _NEEDS_ESCAPE.search(value) else value


def escape_text(text: str) -> str:
    r"""Write text for display (TX, FT): as `escape`, with every kind of line end as `\.br\`."""
    return text.replace("\r\n", "\n").translate(_IN_TEXT) if _NEEDS_ESCAPE.search(text) else text


def unescape(field: str) -> str:
    r"""Read a value back; `\.br\` is a line feed, and sequences we do not know stay as they are (2.7.1)."""
    return _SEQUENCE.sub(_meaning, field) if "\\" in field else field


def _meaning(sequence: re.Match[str]) -> str:
    name, pairs, line_break = sequence.groups()
    if name:
        return _CHARACTERS[name]
    return "\n" if line_break else bytes.fromhex(pairs).decode("latin-1")
