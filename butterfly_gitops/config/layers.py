"""Preset, endpoint defaults and endpoint become one tree that remembers which layer each value came from.

Maps merge by key, lists and references are replaced whole, later layers win. What the values mean is left to
`decode`, which reads the merged tree as it reads any other.
"""

import functools
from collections.abc import Callable, Iterator
from collections.abc import Mapping as Map
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

from pydantic import Field

from butterfly_gitops.config.tree import Entry, Mapping, entries_below, print_origin
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.scalar import Name

Made = TypeVar("Made")

_REFERENCE_KEYS = frozenset({"file", "env", "path"})


# What only the endpoint itself may say; the other layers hold settings alone.
ENDPOINT_ONLY = ("preset", "renamed_from")


class EndpointLayer(EhrEndpoint, title="EHR endpoint"):
    """An endpoint as it is written: what its preset and the site's defaults leave open."""

    preset: Name = Field(examples=["epic"])
    """The preset in fleet.yaml that this endpoint starts from."""
    renamed_from: Name = Field(examples=["epic-old"])
    """The name that this endpoint had; it keeps lane, rules and memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer: what people call it, and what it says."""

    name: str
    tree: Mapping

    def __str__(self) -> str:
        return f"{self.name} ({print_origin(self.tree.place.origin)})"


@dataclass(frozen=True, kw_only=True)
class Merged:
    """The merged tree, and its layers from the weakest on."""

    layers: tuple[Layer, ...]
    tree: Mapping

    @cached_property
    def layer_of(self) -> Map[str, str]:
        """The layer of each dotted path in the tree; asked for where something is wrong, or is to be explained."""
        return {path: layer.name for layer in self.layers for path, _ in entries_below(layer.tree)}


class Deferred(Map[str, Made], Generic[Made]):
    """A mapping that is made when somebody first looks into it; equal to any mapping that says the same."""

    def __init__(self, make: Callable[[], Map[str, Made]]) -> None:
        self._make = make

    @cached_property
    def _made(self) -> Map[str, Made]:
        return self._make()

    def __getitem__(self, key: str) -> Made:
        return self._made[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


def merge(layers: tuple[Layer, ...]) -> Merged:
    """Merge layers, at least one, the innermost (weakest) first. The last one lends the tree its place."""
    tree = functools.reduce(_laid_over, (layer.tree for layer in layers))
    return Merged(layers=layers, tree=tree)


def _laid_over(below: Mapping, above: Mapping) -> Mapping:
    entries = dict(below.entries)
    for name, entry in above.entries.items():
        entries[name] = _over(entries[name], entry) if name in entries else entry
    return Mapping(place=above.place, entries=entries)


def _over(below: Entry, above: Entry) -> Entry:
    if not (isinstance(below.value, Mapping) and isinstance(above.value, Mapping)):
        return above
    if _is_reference(below.value) or _is_reference(above.value):
        return above
    return Entry(key=above.key, value=_laid_over(below.value, above.value))


def _is_reference(tree: Mapping) -> bool:
    """Whether it is `{file: …}`, `{env: …}` or `{path: …}`: merged, it would name two places."""
    return len(tree.entries) == 1 and tree.entries.keys() <= _REFERENCE_KEYS
