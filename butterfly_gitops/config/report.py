"""Of all that was found in a configuration, what a report shows: one problem at a position, and no secret in it."""

from collections.abc import Iterable

from butterfly_gitops.config.secrets_by_value import without_secrets
from butterfly_gitops.model.problem import Origin, Problem, Severity

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


def shown(problems: Iterable[Problem], found: Iterable[Problem]) -> tuple[Problem, ...]:
    """What a report has room for, with no secret in it; what else was found may say that one stands in its line."""
    return tuple(without_secrets(problems, among=found))
