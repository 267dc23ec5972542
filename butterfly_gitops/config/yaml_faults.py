"""What the YAML parser complains of, in words that say what to write, at the line that is to fix.

The parser's words are those of the parser in Python, which decides; where it stops is often one line off.
"""

import re
from collections.abc import Callable
from typing import Any

from ruamel.yaml.error import MarkedYAMLError

from butterfly_gitops.config.indentation import lines_that_left
from butterfly_gitops.config.key_order import setting_names
from butterfly_gitops.config.parser_words import LOOK, in_our_words
from butterfly_gitops.config.secret_names import names_secret
from butterfly_gitops.config.tree import Place, Related, Source, problem_at, problem_of_file
from butterfly_gitops.model.problem import Problem

# Where a bracket opens says more than where the parser saw that it does not close.
_BEGUN = {
    "while parsing a flow sequence": "the list begins here",
    "while parsing a flow mapping": "the mapping begins here",
}
_NO_SPACE = re.compile(r" *(?:- +)?(?P<key>[\w-]{1,63}):(?P<value>[^\s/:][^:]*)")
_BARE_NAME = re.compile(r" *(?:- +)?[\w-]+")
_SEVERAL_WORDS = re.compile(r" *(?:- +)?(?P<key>[a-z_]+) +[^ ]")
_BRACKET_AFTER_KEY = re.compile(r" *(?:- +)?(?P<key>[a-z_]+) +[\[{]")
_FITS_NOWHERE = re.compile(r"<block end>, but found '(?:<block|-')")
_BEHIND_COMMA = re.compile(r"(?P<sign>[,;]) *(?P<key>[a-z_]+)$")
# Quoted text and comments first, for the brackets in them are none.
_BRACKET = re.compile(r"""(?<![^\s\[{,:])"(?:\\.|[^"\\])*"|(?<![^\s\[{,:])'[^']*'|(?:^|\s)#.*|[\[\]{}]""")
# A line of a key is longer, and no name.
_LONGEST_NAME = 60
_SHORT = re.compile(r"[\w.-]{1,20}")


def not_yaml(source: Source, error: MarkedYAMLError) -> Problem:
    """The problem that says where and why a text is no YAML."""
    for fault in _FAULTS:
        if found := fault(source, error):
            return found
    what, hint = in_our_words(str(error.problem or error.context))
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return problem_of_file(source, rule="bad-yaml", message=f"this is not YAML: {what}")
    related: Related = ()
    if error.context == "while scanning a quoted scalar" and error.context_mark is not None:
        # The end of the file, where it was missed, is no place to look.
        mark = error.context_mark
    elif (begun := _BEGUN.get(str(error.context))) and error.context_mark is not None:
        if _is_at_the_end(source, mark):
            mark = error.context_mark
        else:
            related = ((begun, _place_of_mark(source, error.context_mark).origin),)
    elif "<stream end>" in str(error.problem) and (opened := _last_opened(source)):
        sign = "brace" if opened.excerpt[opened.column - 1] == "{" else "bracket"
        return _problem(opened, f"a {sign} that is not closed", f"close the {sign}")
    return _problem(_place_of_mark(source, mark), what, hint, related=related)


def _problem(place: Place, what: str, hint: str, *, related: Related = ()) -> Problem:
    return problem_at(place, rule="bad-yaml", message=f"this is not YAML: {what}", hint=hint, related=related)


def _place_of_mark(source: Source, mark: Any) -> Place:
    """The place of a mark; the end of the last line with text, where the mark stands behind all of it."""
    if not _is_at_the_end(source, mark) or _line_of(source, mark).strip():
        return Place(source=source, line=min(mark.line + 1, len(source.lines)), column=mark.column + 1)
    filled = (number for number in range(len(source.lines), 0, -1) if source.lines[number - 1].strip())
    line = next(filled, 1)
    return Place(source=source, line=line, column=max(1, len(source.lines[line - 1].rstrip())))


def _is_at_the_end(source: Source, mark: Any) -> bool:
    """Whether no text follows."""
    return not _line_of(source, mark)[mark.column :].strip() and not any(
        line.strip() for line in source.lines[mark.line + 1 :]
    )


def _last_opened(source: Source) -> Place | None:
    """The innermost bracket that is never closed."""
    opened: list[Place] = []
    for number, line in enumerate(source.lines, start=1):
        for found in _BRACKET.finditer(line):
            if found.group() in ("[", "{"):
                opened.append(Place(source=source, line=number, column=found.start() + 1))
            elif found.group() in ("]", "}") and opened:
                opened.pop()
    return opened[-1] if opened else None


def _line_of(source: Source, mark: Any) -> str:
    return source.lines[mark.line] if mark and mark.line < len(source.lines) else ""


def _no_colon(source: Source, error: MarkedYAMLError) -> Problem | None:
    """A line of which no key became: the parser misses the colon in the line behind it."""
    if "could not find expected ':'" not in str(error.problem) or error.context_mark is None:
        return None
    line = error.context_mark.line + 1
    return _no_space(source, line) or _lost_colon(source, line) or _no_colon_at_all(source, line)


def _no_colon_at_all(source: Source, line: int) -> Problem:
    return _problem(_whole(source, line), "a line without a colon", LOOK)


def _lost_colon(source: Source, line: int) -> Problem | None:
    """A name alone in its line, or a setting with its value behind a space."""
    text = _without_comment(source.lines[line - 1])
    if _BARE_NAME.fullmatch(text):
        below = next((each for each in source.lines[line:] if each.strip()), "")
        has_more_below = len(below) - len(below.lstrip(" ")) > len(text) - len(text.lstrip(" "))
        hint = (
            f"write a colon behind it: {text.strip(' -')}:"
            if has_more_below and len(text) <= _LONGEST_NAME
            else "write a colon and a value behind it"
        )
        return _problem(_whole(source, line), "a name without a colon", hint)
    if (found := _SEVERAL_WORDS.match(text)) and found["key"] in setting_names() and ": " not in text:
        hint = f"write a colon behind {found['key']}"
        return _problem(_whole(source, line), "a setting without a colon", hint)
    return None


def _without_comment(line: str) -> str:
    return line.partition(" #")[0].rstrip()


def _colon_too_many(source: Source, error: MarkedYAMLError) -> Problem | None:
    """A line whose colon has no space, or whose value is done, goes on below, where a colon is then one too many."""
    mark = error.problem_mark
    if mark is None or "mapping values are not allowed" not in str(error.problem):
        return None
    before = _line_of(source, mark)[: mark.column].rstrip()
    if not _BARE_NAME.fullmatch(before):
        return _colon_before_bracket(source, mark, before) or _two_settings(source, mark, before)
    above = _filled_above(source, mark.line + 1)
    if not above:
        return None
    if found := _no_space(source, above) or _lost_colon(source, above) or _left_column(source, mark.line + 1):
        return found
    deeper = "an indentation that is deeper than that of the line above"
    return _problem(_whole(source, mark.line + 1), deeper, "indent it like the line above")


def _colon_before_bracket(source: Source, mark: Any, before: str) -> Problem | None:
    """`retry {first: 1s}`: the colon in the braces is the first one."""
    found = _BRACKET_AFTER_KEY.match(before)
    if found is None or found["key"] not in setting_names():
        return None
    hint = f"write a colon behind {found['key']}"
    return _problem(_whole(source, mark.line + 1), "a setting without a colon", hint)


def _filled_above(source: Source, line: int) -> int:
    """The nearest line above that is not blank; 0 where none is."""
    return next((number for number in range(line - 1, 0, -1) if source.lines[number - 1].strip()), 0)


def _two_settings(source: Source, mark: Any, before: str) -> Problem | None:
    """`port: 6661, status: paused`: what follows the comma is a setting, too."""
    found = _BEHIND_COMMA.search(before)
    if found is None or found["key"] not in setting_names():
        return None
    place = Place(source=source, line=mark.line + 1, column=found.start("key") + 1, length=len(found["key"]))
    hint = f"take the {found['sign']} out, and write {found['key']} in a line of its own"
    return _problem(place, "two settings in one line", hint)


def _off_column(source: Source, error: MarkedYAMLError) -> Problem | None:
    """A line at a column that no block above it has, or below a name that ends at a comment and not at a colon."""
    mark = error.problem_mark
    if mark is None or not _FITS_NOWHERE.search(str(error.problem)):
        return None
    above = _filled_above(source, mark.line + 1)
    if (
        above
        and not source.lines[above - 1].lstrip(" ").startswith("-")
        and (found := _lost_colon(source, above))
    ):
        return found
    return _left_column(source, mark.line + 1)


def _behind_the_end(source: Source, error: MarkedYAMLError) -> Problem | None:
    """Lines that are less deep than the first one: to the parser its mapping was all."""
    mark = error.problem_mark
    if mark is None or "<document start>" not in str(error.problem):
        return None
    return _left_column(source, mark.line + 1)


def _left_column(source: Source, stopped: int) -> Problem | None:
    """The first of the lines that stand at another column than the rest of their block."""
    if not 1 <= stopped <= len(source.lines) or not (
        left := lines_that_left(source.lines, stopped, file=source.file)
    ):
        return None
    what = "an indentation that is not that of its block"
    return _problem(_whole(source, left.first), what, left.hint)


def _no_space(source: Source, line: int) -> Problem | None:
    found = _NO_SPACE.fullmatch(source.lines[line - 1].partition(" #")[0].rstrip())
    if found is None:
        return None
    key, value = found["key"], found["value"]
    shown = value if _SHORT.fullmatch(value) and not names_secret(key) else "…"
    hint = f"write a space behind the colon: {key}: {shown}"
    return _problem(_whole(source, line), "a colon without a space behind it", hint)


def _whole(source: Source, line: int) -> Place:
    text = source.lines[line - 1].rstrip()
    indentation = len(text) - len(text.lstrip(" "))
    return Place(source=source, line=line, column=indentation + 1, length=max(1, len(text) - indentation))


def _behind_quote(source: Source, error: MarkedYAMLError) -> Problem | None:
    """Text goes on behind the quote that has closed it."""
    mark = error.problem_mark
    if mark is None or "<block end>, but found '<scalar>'" not in str(error.problem):
        return None
    before = _line_of(source, mark)[: mark.column].rstrip()
    if before[-1:] in ("]", "}"):
        hint = "put the whole value in quotes, or take out what stands behind the bracket"
        return _problem(_place_of_mark(source, mark), "text behind the bracket that closes a value", hint)
    if before[-1:] not in ("'", '"'):
        return None
    doubled = "double a ' within it" if before.endswith("'") else 'write \\" for a " within it'
    hint = f"put the whole text in quotes, and {doubled}"
    return _problem(_place_of_mark(source, mark), "text behind the quote that closes it", hint)


def _backslash(source: Source, error: MarkedYAMLError) -> Problem | None:
    words, mark = str(error.problem), error.problem_mark
    if mark is None or not ("expected escape sequence" in words or "unknown escape" in words):
        return None
    at = _line_of(source, mark).rfind("\\", 0, mark.column)
    place = Place(source=source, line=mark.line + 1, column=max(at, 0) + 1)
    hint = "write single quotes around the text, or \\\\ for each backslash"
    return _problem(place, "a backslash in double quotes that begins no escape", hint)


def _bare_star(source: Source, error: MarkedYAMLError) -> Problem | None:
    """To YAML a star begins an alias, and the one that means all has no name behind it."""
    if error.context != "while scanning an alias" or error.context_mark is None:
        return None
    place = _place_of_mark(source, error.context_mark)
    if place.excerpt[place.column - 1 : place.column] != "*":
        return None
    before, item = place.excerpt[: place.column - 1], place.excerpt[place.column :].strip()
    if not before.strip() and item:
        shown = f"write - {item}" if _SHORT.fullmatch(item) else "write - in its place"
        return _problem(place, "a star before an item of a list", shown)
    return _problem(place, "a star without quotes", 'write "*", in quotes')


_FAULTS: tuple[Callable[[Source, MarkedYAMLError], Problem | None], ...] = (
    _no_colon,
    _colon_too_many,
    _off_column,
    _behind_the_end,
    _behind_quote,
    _backslash,
    _bare_star,
)
