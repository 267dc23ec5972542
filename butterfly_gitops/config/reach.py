"""Which endpoints a problem reaches that stands where several share a value: in a preset, or in endpoint defaults.

The problem itself is reported once, at its place.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from butterfly_gitops.config.reading import EndpointReading, FleetReading
from butterfly_gitops.config.tree import Entry, Mapping, Node, Sequence
from butterfly_gitops.model.address import Address
from butterfly_gitops.model.problem import Origin, Problem

_MOST_NAMED = 5
# What an endpoint says itself is its own, and a site's time zone is not written for its endpoints.
_NOT_SHARED = frozenset({"endpoint", "site"})


@dataclass(slots=True, kw_only=True)
class _Reached:
    """The first endpoints that a value reaches, and how many there are besides."""

    named: list[str] = field(default_factory=list)
    more: int = 0

    def add(self, address: str) -> None:
        if len(self.named) < _MOST_NAMED:
            self.named.append(address)
        else:
            self.more += 1


def with_reach(problems: tuple[Problem, ...], reading: FleetReading) -> tuple[Problem, ...]:
    """The same problems; those at a shared value name the endpoints that have it from there."""
    reached = {origin: _Reached() for origin in _shared_origins(problems, reading)}
    if not reached:
        return problems
    for site, endpoint in reading.endpoints:
        for origin in {origin for origin in _inherited(endpoint) if origin in reached}:
            reached[origin].add(str(Address(site=site.name, name=endpoint.name)))
    return tuple(_named(problem, reached.get(problem.origin)) for problem in problems)


def _named(problem: Problem, reached: _Reached | None) -> Problem:
    if reached is None or not reached.named:
        return problem
    return replace(problem, reaches=tuple(reached.named), reaches_more=reached.more)


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
