"""Problems as a person reads them: one line that never wraps, the excerpt with its caret, and the hint.

Nothing of a file reaches a terminal that could act there or hide: such characters are shown by their number.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from butterfly_gitops.config.load import Loaded
from butterfly_gitops.config.report import TOO_MANY_PROBLEMS
from butterfly_gitops.config.tree import print_origin
from butterfly_gitops.model.printable import printable
from butterfly_gitops.model.problem import Origin, Problem, Severity
from butterfly_gitops.model.scalar import NAME_PATTERN

_WIDEST_EXCERPT = 160
_BEFORE_TOKEN = 60
_MOST_SITES_NAMED = 8
_NAMES_LAYER = re.compile(r"\bfrom [\w' -]+$")


def print_problems(problems: Iterable[Problem]) -> str:
    """All problems, an empty line between two, each line ended; empty when there is none."""
    return "\n".join(print_problem(problem) for problem in problems)


def print_problem(problem: Problem) -> str:
    """One problem, each of its lines ended."""
    return "".join(f"{line}\n" for line in _lines(problem))


def print_annotations(problems: Iterable[Problem]) -> str:
    """All problems as workflow commands of GitHub Actions, one a line."""
    return "".join(f"{_annotation(problem)}\n" for problem in problems)


def print_place(origin: Origin) -> str:
    """`file:line:column`, or only the file where the whole file is meant."""
    return f"{origin.file}:{origin.line}:{origin.column}" if origin.line else origin.file


def print_summary(loaded: Loaded) -> str:
    """The line that stands below all problems."""
    files, sites = _count(loaded.file_count, "file"), _count(loaded.site_count, "site")
    endpoints = _count(loaded.endpoint_count, "EHR endpoint")
    counts = _counts(loaded.problems)
    silenced = f", {_listed(_counts(loaded.silenced))} silenced" if loaded.silenced else ""
    if not counts:
        return f"{files}, {sites}, {endpoints}: no problems{silenced}"
    more = "more than " if any(problem.rule == TOO_MANY_PROBLEMS for problem in loaded.problems) else ""
    found = f"{more}{_listed(counts)} in {files}{silenced}."
    errors = sum(problem.severity is Severity.ERROR for problem in loaded.problems)
    if not errors:
        return found
    until = f"Until {'it is' if errors == 1 else 'they are'} fixed,"
    return f"{found} {until} {stays} now." if (stays := _who_stays(loaded)) else found


def _counts(problems: Iterable[Problem]) -> list[str]:
    """How many of each severity there are, of those that there are."""
    numbers = Counter(problem.severity for problem in problems)
    return [_count(numbers[severity], severity.value) for severity in Severity if numbers[severity]]


def _annotation(problem: Problem) -> str:
    kind = "notice" if problem.severity is Severity.NOTE else problem.severity.value
    place = {"file": problem.origin.file, "title": problem.rule}
    if line := problem.origin.line:
        column = problem.origin.column
        place |= {"line": str(line), "col": str(column), "endColumn": str(column + problem.length)}
    says = f"{problem.message}. Hint: {problem.hint}" if problem.hint else problem.message
    text = "\n".join(map(printable, (says, *_beside(problem))))
    properties = ",".join(f"{name}={_escaped(printable(value), also=':,')}" for name, value in place.items())
    return f"::{kind} {properties}::{_escaped(text)}"


def _escaped(text: str, *, also: str = "") -> str:
    """Percent-encode what ends a workflow command, or a property of it."""
    return "".join(f"%{ord(one):02X}" if one in f"%\r\n{also}" else one for one in text)


def _lines(problem: Problem) -> Iterator[str]:
    head = f"{problem.severity.value}[{problem.rule}]: {problem.message}"
    yield printable(f"{print_place(problem.origin)}: {head}")
    gutter = " " * len(str(problem.origin.line)) if problem.origin.line else ""
    if problem.origin.line and problem.excerpt.strip():
        yield from _excerpt(problem, gutter)
    if problem.hint:
        yield printable(f"{gutter} = hint: {problem.hint}")
    for line in _beside(problem):
        yield printable(f"{gutter} = {line}")
    if problem.silenced:
        yield printable(f"{gutter} = silenced: {problem.silenced}")
    yield f"{gutter} = more: bgo explain {problem.rule}"


def _beside(problem: Problem) -> Iterator[str]:
    """The other places that have to do with a problem, and the endpoints that it reaches."""
    for what, origin in problem.related:
        # `first defined here: FILE:LINE`, or `from preset epic, FILE:LINE`.
        yield f"{what}{',' if _NAMES_LAYER.search(what) else ':'} {print_origin(origin)}"
    if problem.reaches:
        more = f" and {problem.reaches_more} more" if problem.reaches_more else ""
        yield f"reaches {', '.join(problem.reaches)}{more}"


def _excerpt(problem: Problem, gutter: str) -> Iterator[str]:
    start = problem.origin.column - 1
    marked = len(printable(problem.excerpt[start : start + max(1, problem.length)]))
    text, before = _cut(printable(problem.excerpt), len(printable(problem.excerpt[:start])))
    token = text[before : before + marked]
    yield f"{gutter} |"
    yield f"{problem.origin.line} | {text}".rstrip()
    yield f"{gutter} | {' ' * _width(text[:before])}{'^' * max(1, _width(token))}"


def _cut(line: str, before: int) -> tuple[str, int]:
    """A line short enough to show, with how many characters stand before the token in it."""
    if len(line) <= _WIDEST_EXCERPT:
        return line, before
    start = max(0, before - _BEFORE_TOKEN)
    shown = line[start : start + _WIDEST_EXCERPT]
    ends = "…" if start + _WIDEST_EXCERPT < len(line) else ""
    return (f"…{shown}{ends}", before - start + 1) if start else (f"{shown}{ends}", before)


def _width(text: str) -> int:
    """How many columns of a terminal the text takes."""
    # Hangul vowels and finals join the consonant before them.
    joined = (one for one in text if unicodedata.category(one) in ("Mn", "Me") or "\u1160" <= one <= "\u11ff")
    wide = (one for one in text if unicodedata.east_asian_width(one) in ("W", "F"))
    return len(text) + len(list(wide)) - len(list(joined))


def _who_stays(loaded: Loaded) -> str:
    if loaded.fleet is None:
        return "every site keeps what it runs"
    # What has no site's name can run nothing that it would keep.
    sites = sorted(site for site in loaded.unsound_sites if re.fullmatch(NAME_PATTERN, site))
    if not sites:
        return ""
    if len(others := sites[_MOST_SITES_NAMED:]) > 1:
        sites = [*sites[:_MOST_SITES_NAMED], f"{len(others)} other sites"]
    return f"{_listed(sites)} {'keeps what it runs' if len(sites) == 1 else 'keep what they run'}"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
