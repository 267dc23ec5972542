"""Of all that was found in a configuration, what a report shows: one problem at a position, and not too many of one file."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from butterfly_gitops.model.problem import Origin, Problem, Severity

MAX_PER_FILE = 100
TOO_MANY_PROBLEMS = "too-many-problems"

_Position = tuple[Origin, str, str | None]


def one_by_position(found: Iterable[Problem]) -> tuple[Problem, ...]:
    """Sorted, with one error alone at each position, or else one warning or note of each rule that has one there.

    A token that is wrong is one thing to fix; warnings and notes may be right each for itself, and are silenced by
    rule, so none hides another. A whole file may have several errors.
    """
    errors: dict[_Position, Problem] = {}
    others: dict[tuple[_Position, str], Problem] = {}
    for problem in found:
        at = (problem.origin, problem.rule if problem.origin.line == 0 else "", problem.site)
        if problem.severity is not Severity.ERROR:
            others.setdefault((at, problem.rule), problem)
        elif at not in errors or _says_more(problem, errors[at]):
            errors[at] = problem
    kept = [*errors.values(), *(problem for (at, _), problem in others.items() if at not in errors)]
    return tuple(sorted(kept, key=lambda problem: (problem.origin, problem.rule, problem.site or "")))


def _says_more(problem: Problem, other: Problem) -> bool:
    """Whether it is a secret, which must be changed whatever else is wrong, or knows the names that there are."""
    if "secret-by-value" in (problem.rule, other.rule):
        return other.rule != "secret-by-value"
    return other.rule == "bad-name" and problem.rule in ("unknown-endpoint", "unknown-link", "unknown-preset")


def abridged(problems: Sequence[Problem]) -> Iterator[Problem]:
    """The same sorted problems; of each file at most a hundred, and at the place of the next one how many follow."""
    by_file: defaultdict[str, list[Problem]] = defaultdict(list)
    for problem in problems:
        by_file[problem.origin.file].append(problem)
    for of_file in by_file.values():
        yield from _first_of(of_file)


def _first_of(problems: list[Problem]) -> Iterator[Problem]:
    yield from problems[:MAX_PER_FILE]
    rest = problems[MAX_PER_FILE:]
    if len(rest) < 2:
        yield from rest
        return
    yield Problem(
        rule=TOO_MANY_PROBLEMS,
        message=f"{len(rest)} more problems of this file, from here on, are not shown",
        hint="fix those above first",
        severity=min((problem.severity for problem in rest), key=list(Severity).index),
        origin=rest[0].origin,
        length=rest[0].length,
        excerpt=rest[0].excerpt,
        site=rest[0].site,
    )
