"""The endpoints that a problem reaches which stands where several share a value: in a preset, or in endpoint defaults.

The problem itself is reported once, at its place.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from butterfly_gitops.config.reading import EndpointReading, FleetReading
from butterfly_gitops.config.tree import Entry, Mapping, Node, Sequence
from butterfly_gitops.model.address import Address
from butterfly_gitops.model.problem import Origin, Problem

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
    return tuple(_named(problem, reached.get(problem.origin, [])) for problem in problems)


def _named(problem: Problem, reached: list[str]) -> Problem:
    first = tuple(reached[:_MOST_NAMED])
    return replace(problem, reaches=first, reaches_more=len(reached) - len(first)) if reached else problem


def _shared_origins(problems: Iterable[Problem], reading: FleetReading) -> set[Origin]:
    """Where problems stand in files that hold a shared layer; which of them stand in one shows at the endpoints."""
    trees = (reading.fleet_tree, *(site.site_tree for site in reading.sites))
    files = {tree.place.source.file for tree in trees if tree}
    return {problem.origin for problem in problems if problem.origin.line and problem.origin.file in files}


def _inherited(endpoint: EndpointReading) -> Iterator[Origin]:
    """Where each key and value stands that an endpoint has from a shared layer."""
    layer_of = endpoint.merged.layer_of
    for path, entry in _entries(endpoint.merged.tree):
        if layer_of.get(path) not in _NOT_SHARED:
            yield entry.key.place.origin
            yield from _origins(entry.value)


def _entries(tree: Mapping, *, above: str = "") -> Iterator[tuple[str, Entry]]:
    for name, entry in tree.entries.items():
        path = f"{above}{name}"
        yield path, entry
        if isinstance(entry.value, Mapping):
            yield from _entries(entry.value, above=f"{path}.")


def _origins(node: Node) -> Iterator[Origin]:
    yield node.place.origin
    if isinstance(node, Sequence):
        for item in node.items:
            yield from _origins(item)
