"""Of all that was found in a configuration, what a report shows: one problem at a position, and not too many of one file."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace

from butterfly_gitops.config.reading import EndpointReading, FleetReading
from butterfly_gitops.config.tree import Node, Sequence, entries_below
from butterfly_gitops.model.address import Address
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
    """Rank a problem first if it is a secret, or if its hint lists the existing names."""
    if "secret-by-value" in (problem.rule, other.rule):
        return other.rule != "secret-by-value"
    return other.rule == "bad-name" and problem.rule in ("unknown-endpoint", "unknown-link", "unknown-preset")


def abridged(problems: Iterable[Problem]) -> Iterator[Problem]:
    """The same sorted problems; of each file at most a hundred, and at the place of the next one how many follow."""
    by_file: defaultdict[str, list[Problem]] = defaultdict(list)
    for problem in problems:
        by_file[problem.origin.file].append(problem)
    for of_file in by_file.values():
        yield from of_file[:MAX_PER_FILE]
        rest = of_file[MAX_PER_FILE:]
        yield from [_in_place_of(rest)] if rest[1:] else rest


def _in_place_of(rest: list[Problem]) -> Problem:
    return replace(
        rest[0],
        rule=TOO_MANY_PROBLEMS,
        message=f"{len(rest)} more problems of this file, from here on, are not shown",
        hint="fix those above first",
        severity=min((problem.severity for problem in rest), key=list(Severity).index),
        related=(),
    )


_MOST_NAMED = 5
# What an endpoint says itself is its own, and a site's time zone is not written for its endpoints.
_NOT_SHARED = frozenset({"endpoint", "site"})


def with_reach(problems: tuple[Problem, ...], reading: FleetReading) -> tuple[Problem, ...]:
    """The same problems; those at a shared value name the endpoints that have it from there."""
    reached: dict[Origin, list[str]] = {origin: [] for origin in _shared_origins(problems, reading)}
    if not reached:
        return problems
    for site, endpoint in reading.endpoints:
        for origin in {origin for origin in _inherited(endpoint) if origin in reached}:
            reached[origin].append(str(Address(site=site.name, name=endpoint.name)))
    return tuple(
        replace(problem, reaches=tuple(names[:_MOST_NAMED]), reaches_more=len(names[_MOST_NAMED:]))
        if (names := reached.get(problem.origin))
        else problem
        for problem in problems
    )


def _shared_origins(problems: Iterable[Problem], reading: FleetReading) -> set[Origin]:
    """Where problems stand in files that hold a shared layer; which of them stand in one shows at the endpoints."""
    trees = (reading.fleet_tree, *(site.site_tree for site in reading.sites))
    files = {tree.place.source.file for tree in trees if tree}
    return {problem.origin for problem in problems if problem.origin.line and problem.origin.file in files}


def _inherited(endpoint: EndpointReading) -> Iterator[Origin]:
    """Yield the origin of each key and value that an endpoint inherits."""
    layer_of = endpoint.merged.layer_of
    for path, entry in entries_below(endpoint.merged.tree):
        if layer_of.get(path) not in _NOT_SHARED:
            yield entry.key.place.origin
            yield from _origins(entry.value)


def _origins(node: Node) -> Iterator[Origin]:
    yield node.place.origin
    if isinstance(node, Sequence):
        for item in node.items:
            yield from _origins(item)
