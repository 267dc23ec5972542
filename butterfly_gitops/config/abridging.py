"""A report that stays readable: of a file with very many problems, the first ones and how many follow."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from butterfly_gitops.model.problem import Problem, Severity

MAX_PER_FILE = 100
RULE = "too-many-problems"


def abridged(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """The same sorted problems; of each file at most a hundred, and at the place of the next one how many follow."""
    if len(problems) <= MAX_PER_FILE:
        return tuple(problems)
    by_file: defaultdict[str, list[Problem]] = defaultdict(list)
    for problem in problems:
        by_file[problem.origin.file].append(problem)
    return tuple(shown for of_file in by_file.values() for shown in _of_file(of_file))


def _of_file(problems: list[Problem]) -> Iterator[Problem]:
    yield from problems[:MAX_PER_FILE]
    rest = problems[MAX_PER_FILE:]
    yield from rest if len(rest) == 1 else _closing(rest)


def _closing(rest: list[Problem]) -> Iterable[Problem]:
    if not rest:
        return
    first = rest[0]
    yield Problem(
        rule=RULE,
        message=f"{len(rest)} more problems of this file, from here on, are not shown",
        hint="fix those above first",
        severity=min((problem.severity for problem in rest), key=list(Severity).index),
        origin=first.origin,
        length=first.length,
        excerpt=first.excerpt,
        site=first.site,
    )
