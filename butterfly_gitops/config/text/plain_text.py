"""Bytes become lines that hide nothing, or problems that say why they do not.

What the lines mean is left to `yaml_text`. All limits here are far from what people write; they bound what a file can
cost before a parser sees it.
"""

import codecs
import re
from collections.abc import Iterator

from butterfly_gitops.config.tree import Place, SourceFile, problem_at, problem_of_file
from butterfly_gitops.model import printable
from butterfly_gitops.model.problem import Problem

MAX_BYTES = 1024 * 1024
MAX_LINES = 50_000
MAX_LINE = 10_000
HOW_TO_SPLIT = "take out what no longer holds, or make two sites of one"

HIDDEN = (
    f"{printable.HIDDEN}\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)
"""Characters that nobody sees, as the inside of a pattern's brackets."""
NOT_PRINTABLE = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff"
"""Characters that no text file holds, in the same form."""

_LINE_END = re.compile(r"\r\n|\r|\n")
_REFUSED = re.compile(f"[\t{HIDDEN}{NOT_PRINTABLE}]")
# What some parsers take for a line end, or refuse even in comments.
_REFUSED_IN_COMMENT = re.compile(f"[\u0085\u2028\u2029\ufeff{NOT_PRINTABLE}]")
_CONFLICT = re.compile(r"(?:<{7}|\|{7}|={7}|>{7})(?: |$)")
_CONFLICT_SIGNS = tuple(7 * sign for sign in "<|=>")
# The longer marks first: that of UTF-32 begins as that of UTF-16 does.
_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


class UnreadableError(Exception):
    """The rest of the file cannot be read; carries the problem that says so."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def decode_file(data: bytes, source: SourceFile) -> str:
    """The text of one file, whose `source` has no lines yet. Raises UnreadableError."""
    if len(data) > MAX_BYTES:
        message = f"the file has more than {MAX_BYTES // 1024} KiB"
        raise UnreadableError(problem_of_file(source, "file-too-large", message, HOW_TO_SPLIT))
    if other := _other_encoding(data, source):
        raise UnreadableError(other)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableError(_not_utf_8(source, data, error)) from error
    # A pair counts twice here, which no file that people write comes near to.
    if text.count("\n") + text.count("\r") >= 2 * MAX_LINES:
        raise UnreadableError(_too_many_lines(source))
    return text


def split_lines(text: str) -> tuple[str, ...]:
    """The lines of a text, whatever ends them."""
    return tuple(_LINE_END.split(text) if "\r" in text else text.split("\n"))


def refused_in(source: SourceFile, text: str) -> Iterator[Problem]:
    """Say what hides, or costs too much, in the lines of a text: with a problem, nothing of it should be read."""
    if len(source.lines) > MAX_LINES:
        yield _too_many_lines(source)
        return
    for number, line in enumerate(source.lines, start=1):
        if len(line) > MAX_LINE:
            place = Place(source=source, line=number, column=MAX_LINE + 1)
            message = f"a line of {len(line)} characters; at most {MAX_LINE} are read"
            yield problem_at(place, "line-too-long", message, "write one setting in a line")
            return
    if not is_plain_text(text.replace("\n", "")) and _REFUSED.search(text):
        yield from _refused_characters(source)
    yield from _directives(source)
    if any(sign in text for sign in _CONFLICT_SIGNS):
        yield from _conflict(source)


def is_plain_text(text: str) -> bool:
    """Whether a text has printable ASCII characters alone, which nothing is wrong with; quick to say."""
    return text.isascii() and text.isprintable()


def _conflict(source: SourceFile) -> Iterator[Problem]:
    """The first mark that git has left between two versions of some lines."""
    for number, line in enumerate(source.lines, start=1):
        if _CONFLICT.match(line):
            place = Place(source=source, line=number, column=1, length=len(line.rstrip()))
            message = "a merge conflict that is not resolved"
            hint = "keep the lines that should hold, and take out the others and the lines of <, = and >"
            yield problem_at(place, "bad-yaml", message, hint)
            return


def _directives(source: SourceFile) -> Iterator[Problem]:
    """Each line of the parser's own before the content: some parsers stop at one, some overlook it."""
    for number, line in enumerate(source.lines, start=1):
        if line.startswith("%"):
            place = Place(source=source, line=number, column=1, length=len(line.rstrip()))
            hint = "take the % line out"
            yield problem_at(place, "directive", "a YAML directive", hint)
        elif line.strip() and not line.lstrip(" ").startswith("#"):
            return


def _too_many_lines(source: SourceFile) -> Problem:
    message = f"the file has more than {MAX_LINES} lines"
    return problem_of_file(source, "file-too-large", message, HOW_TO_SPLIT)


def _other_encoding(data: bytes, source: SourceFile) -> Problem | None:
    place = Place(source=source, line=1, column=1)
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            message = f"a byte order mark of {encoding}: the file is not in UTF-8"
            hint = "save the file as UTF-8 without a byte order mark"
            return problem_at(place, "byte-order-mark", message, hint)
    # Each file begins with a letter or a #, of which UTF-16 makes one byte and a zero.
    if data[:1] and b"\0" in data[:2] and data[:2].strip(b"\0"):
        message = "every other byte is zero, as in UTF-16: the file is not in UTF-8"
        return problem_at(place, "not-utf-8", message, "save the file as UTF-8")
    return None


def _not_utf_8(source: SourceFile, data: bytes, error: UnicodeDecodeError) -> Problem:
    before = _LINE_END.split(data[: error.start].decode("utf-8"))
    line = _LINE_END.split(data[error.start :].decode("utf-8", "replace"), maxsplit=1)[0]
    lines = ("",) * (len(before) - 1) + (before[-1] + line,)
    shown = SourceFile(file=source.file, site=source.site, lines=lines)
    place = Place(source=shown, line=len(before), column=len(before[-1]) + 1)
    message, hint = "the file ends within a character", "save it again as UTF-8; its end is missing"
    if error.reason != "unexpected end of data":
        # Most files that are not UTF-8 come from windows-1252.
        byte = data[error.start : error.start + 1]
        character = byte.decode("cp1252", "replace")
        meant = f'; in windows-1252 it is "{character}"' if character.isprintable() else ""
        message, hint = f"byte 0x{byte.hex()} is not UTF-8{meant}", "save the file as UTF-8"
    return problem_at(place, "not-utf-8", message, hint)


def _refused_characters(source: SourceFile) -> Iterator[Problem]:
    for number, line in enumerate(source.lines, start=1):
        found = _REFUSED.search(line)
        # A comment may hold what it likes, unless it ends where nobody sees it.
        if found and not (line.lstrip(" ").startswith("#") and not _REFUSED_IN_COMMENT.search(line)):
            place = Place(source=source, line=number, column=found.start() + 1)
            yield refused_character(place, found.group())


def refused_character(place: Place, character: str) -> Problem:
    """The problem of one character that a pattern above has found."""
    code = f"U+{ord(character):04X}"
    if character == "\ufeff" and place.line == place.column == 1:
        hint = "save the file as UTF-8 without a byte order mark"
        return problem_at(place, "byte-order-mark", "a byte order mark (U+FEFF)", hint)
    if character == "\t":
        return problem_at(place, "tab", "a tab character", "write spaces")
    if re.match(f"[{HIDDEN}]", character):
        message, hint = (
            f"a character that nobody sees ({code})",
            "take it out, or write a plain space in its place",
        )
        return problem_at(place, "hidden-character", message, hint)
    return problem_at(place, "control-character", f"a control character ({code})", "take it out")
