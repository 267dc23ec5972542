"""The complaints of the YAML parser in our words: what is wrong, where, and how to fix it.

The parser's words are those of the parser in Python, which decides. None of them is shown: they speak of tokens.
"""

import re
from typing import Any

from ruamel.yaml.error import MarkedYAMLError

from butterfly_gitops.config import secrets
from butterfly_gitops.config.key_order import setting_names
from butterfly_gitops.config.tree import Place, Related, SourceFile, problem_at, problem_of_file
from butterfly_gitops.model.problem import Problem

# What the parser's words hold, what is wrong, and how to fix it; of several that fit, the first is meant.
_IN_OUR_WORDS = [
    tuple(part.strip() for part in line.split(" :: "))
    for line in r"""
expected alphabetic :: an & or a * without a name :: write "*", in quotes; an item begins with a dash
mapping values are not allowed :: a second colon in one line, or an indentation that does not fit :: indent it like the line above, or put quotes around a value that holds ": "
sequence entries are not allowed :: a dash behind a name :: write each item in a line of its own, or the list in brackets
mapping keys are not allowed :: a question mark that begins a key :: put quotes around the value
expected ',' or ']' :: a list that is not closed :: close the bracket, or write the missing comma
expected ',' or '}' :: a mapping that is not closed :: close the brace, or write the missing comma
cannot start any token :: no value may start with this character :: put quotes around the value
unexpected end of stream :: a quote that is not closed :: close the quote
unexpected document separator :: a quote that is not closed before --- :: close the quote
unexpected ':' :: a colon within brackets without a space behind it :: write a space behind the colon, or put quotes around the value
<block end>, but found '-' :: a dash before what is no item of a list :: take the dash out, or indent the items of a list alike
<block end>, but found ',' :: a comma behind the end of a value :: put one pair of brackets around the whole list, or quotes around the whole text
but found ']' :: a bracket that nothing opens :: take the ] out
but found '}' :: a brace that nothing opens :: take the } out
<block end> :: text behind the quote or bracket that closes a value :: put quotes around the whole value; double a ' within single ones, write \" for a " within double ones
node content, but found ',' :: a comma with nothing before it :: take the comma out
node content, but found '-' :: a dash within brackets :: take the dash out; within brackets, commas stand between the items
node content, but found '?' :: a question mark that begins a key :: take the question mark out
node content :: a place where a value is wanted, and none stands :: write the value, or close the bracket
comment or a line break :: text behind | or >, which begin a value of several lines :: put quotes around the value
indentation indicator :: a | or > that begins a value of several lines :: write it in one line
expected '!' :: a ! that begins no tag :: put quotes around the value
expected '>' :: a ! that begins no tag :: put quotes around the value
expected URI :: a ! that begins no tag :: put quotes around the value
expected ' ' :: a ! that begins no tag :: put quotes around the value
tag handle :: a ! that begins no tag :: put quotes around the value
<document start> :: text behind the end of the content :: take it out, or put it within the braces
document end marker :: text behind the end of the content :: take it out
escape :: a backslash in double quotes that begins no escape :: write single quotes around the text, or \\ for each backslash
expected ':' :: a line without a colon :: look at the indentation, the quotes and the brackets of this line and the one above
""".strip().splitlines()
]
_LOOK = _IN_OUR_WORDS[-1][2]
# Where a bracket opens says more than where the parser saw that it does not close.
_BEGUN = {
    "while parsing a flow sequence": "the list begins here",
    "while parsing a flow mapping": "the mapping begins here",
}
_NO_SPACE = re.compile(r" *(?:- +)?(?P<key>[\w-]{1,63}):(?P<value>[^\s/:][^:]*)")
_BARE_NAME = re.compile(r" *(?:- +)?[\w-]{1,63}")
_NO_COLON = re.compile(r" *(?:- +)?(?P<key>[a-z_]+) +[^ ]")
_KEY_BEFORE_BRACKET = re.compile(r" *(?:- +)?(?P<key>[a-z_]+) +[\[{]")
_BEHIND_COMMA = re.compile(r"(?P<sign>[,;]) *(?P<key>[a-z_]+)$")
_FITS_NOWHERE = re.compile(r"<block end>, but found '<block|<document start>")
# Quoted text and comments first, for the brackets in them are none.
_BRACKET = re.compile(r"""(?<![^\s\[{,:])"(?:\\.|[^"\\])*"|(?<![^\s\[{,:])'[^']*'|(?:^|\s)#.*|[\[\]{}]""")
_SHORT = re.compile(r"[\w.-]{1,20}")


def not_yaml(source: SourceFile, error: MarkedYAMLError) -> Problem:
    """Say where and why a text is no YAML."""
    for fault in (_no_colon, _colon_too_many, _off_column):
        if found := fault(source, error):
            return found
    words = str(error.problem or error.context)
    ours = ((what, hint) for known, what, hint in _IN_OUR_WORDS if known in words)
    what, hint = next(ours, ("it does not fit here", _LOOK))
    mark = error.problem_mark or error.context_mark
    if "escape" in words and mark is not None:
        column = _line_of(source, mark).rfind("\\", 0, mark.column)
        return _problem(Place(source=source, line=mark.line + 1, column=max(column, 0) + 1), what, hint)
    if mark is None:
        return problem_of_file(source, "bad-yaml", f"this is not YAML: {what}")
    related: Related = ()
    if error.context in ("while scanning a quoted scalar", "while scanning an alias") and error.context_mark:
        # The end of the file, where a quote was missed, is no place to look.
        mark = error.context_mark
    elif (begun := _BEGUN.get(str(error.context))) and error.context_mark is not None:
        if _is_at_the_end(source, mark):
            mark = error.context_mark
        else:
            related = ((begun, _place_of_mark(source, error.context_mark).origin),)
    elif "<stream end>" in words and (opened := _last_opened(source)):
        sign = "brace" if opened.excerpt[opened.column - 1] == "{" else "bracket"
        return _problem(opened, f"a {sign} that is not closed", f"close the {sign}")
    return _problem(_place_of_mark(source, mark), what, hint, related=related)


def _problem(place: Place, what: str, hint: str, *, related: Related = ()) -> Problem:
    return problem_at(place, "bad-yaml", f"this is not YAML: {what}", hint, related=related)


def _place_of_mark(source: SourceFile, mark: Any) -> Place:
    """The place of a mark; the end of the last line with text, where the mark stands behind all of it."""
    if not _is_at_the_end(source, mark) or _line_of(source, mark).strip():
        return Place(source=source, line=min(mark.line + 1, len(source.lines)), column=mark.column + 1)
    line = _filled_above(source, len(source.lines) + 1) or 1
    return Place(source=source, line=line, column=max(1, len(source.lines[line - 1].rstrip())))


def _is_at_the_end(source: SourceFile, mark: Any) -> bool:
    """Whether no text follows."""
    below = source.lines[mark.line + 1 :]
    return not _line_of(source, mark)[mark.column :].strip() and not any(line.strip() for line in below)


def _last_opened(source: SourceFile) -> Place | None:
    """The innermost bracket that is never closed."""
    opened: list[Place] = []
    for number, line in enumerate(source.lines, start=1):
        for found in _BRACKET.finditer(line):
            if found.group() in ("[", "{"):
                opened.append(Place(source=source, line=number, column=found.start() + 1))
            elif found.group() in ("]", "}") and opened:
                opened.pop()
    return opened[-1] if opened else None


def _line_of(source: SourceFile, mark: Any) -> str:
    return source.lines[mark.line] if mark.line < len(source.lines) else ""


def _whole(source: SourceFile, line: int) -> Place:
    text = source.lines[line - 1].rstrip()
    column = _column(text)
    return Place(source=source, line=line, column=column + 1, length=max(1, len(text) - column))


def _column(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _filled_above(source: SourceFile, line: int) -> int:
    """The nearest line above that is neither blank nor a comment; 0 where none is."""
    filled = (
        number for number in range(line - 1, 0, -1) if source.lines[number - 1].partition("#")[0].strip()
    )
    return next(filled, 0)


def _no_colon(source: SourceFile, error: MarkedYAMLError) -> Problem | None:
    """A line of which no key became: the parser misses the colon in the line behind it."""
    if "could not find expected ':'" not in str(error.problem) or error.context_mark is None:
        return None
    line = error.context_mark.line + 1
    return _lost_colon(source, line) or _problem(_whole(source, line), "a line without a colon", _LOOK)


def _lost_colon(source: SourceFile, line: int) -> Problem | None:
    """A name alone in its line, a setting with its value behind a space, or a colon without a space."""
    text, at = source.lines[line - 1].partition(" #")[0].rstrip(), _whole(source, line)
    if _BARE_NAME.fullmatch(text):
        return _problem(at, "a name without a colon", "write a colon behind it, and its value")
    if (found := _NO_COLON.match(text)) and found["key"] in setting_names() and ": " not in text:
        return _problem(at, "a setting without a colon", f"write a colon behind {found['key']}")
    if found := _NO_SPACE.fullmatch(text):
        key, value = found["key"], found["value"]
        shown = value if _SHORT.fullmatch(value) and not secrets.names_secret(key) else "…"
        hint = f"write a space behind the colon: {key}: {shown}"
        return _problem(at, "a colon without a space behind it", hint)
    return None


def _colon_too_many(source: SourceFile, error: MarkedYAMLError) -> Problem | None:
    """A line that is deeper than a value above it, or that holds two settings."""
    mark = error.problem_mark
    if mark is None or "mapping values are not allowed" not in str(error.problem):
        return None
    line, before = mark.line + 1, _line_of(source, mark)[: mark.column].rstrip()
    if _BARE_NAME.fullmatch(before):
        above = _filled_above(source, line)
        return (_lost_colon(source, above) or _misindented(source, line)) if above else None
    if (found := _KEY_BEFORE_BRACKET.match(before)) and found["key"] in setting_names():
        hint = f"write a colon behind {found['key']}"
        return _problem(_whole(source, line), "a setting without a colon", hint)
    if (found := _BEHIND_COMMA.search(before)) and found["key"] in setting_names():
        column, length = found.start("key") + 1, len(found["key"])
        place = Place(source=source, line=line, column=column, length=length)
        hint = f"take the {found['sign']} out, and write {found['key']} in a line of its own"
        return _problem(place, "two settings in one line", hint)
    return None


def _off_column(source: SourceFile, error: MarkedYAMLError) -> Problem | None:
    """A line at a column that no block above it has."""
    mark = error.problem_mark
    if mark is None or not _FITS_NOWHERE.search(str(error.problem)) or mark.line >= len(source.lines):
        return None
    above = _filled_above(source, mark.line + 1)
    is_name = above and _BARE_NAME.fullmatch(source.lines[above - 1].partition(" #")[0].rstrip())
    return (_lost_colon(source, above) if is_name else None) or _misindented(source, mark.line + 1)


def _misindented(source: SourceFile, line: int) -> Problem | None:
    """The line that leaves its block: the one at which the parser stopped, or the one above it."""
    column, above = _column(source.lines[line - 1]), _filled_above(source, line)
    before = _filled_above(source, above)
    if not above or source.lines[line - 1][column:].startswith(("}", "]")):
        return None
    if before and _column(source.lines[before - 1]) == column > _column(source.lines[above - 1]):
        # Lines of one block stand around a line that left it.
        columns, line = {column: before}, above
    else:
        columns = _open_columns(source, line)
    nearest = min(abs(column - each) for each in columns)
    like = [
        f"by {each} space{'' if each == 1 else 's'}, like line {number}"
        for each, number in columns.items()
        if abs(column - each) == nearest
    ]
    return _problem(
        _whole(source, line),
        "an indentation that is not that of its block",
        f"indent it {', or '.join(like)}",
    )


def _open_columns(source: SourceFile, line: int) -> dict[int, int]:
    """The columns of the blocks that are open above a line, each with its last line."""
    columns: dict[int, int] = {}
    while line := _filled_above(source, line):
        column = _column(source.lines[line - 1])
        if not columns or column < min(columns):
            columns[column] = line
    return columns
