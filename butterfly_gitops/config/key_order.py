"""The order of settings, taken from the models: what the layout sorts each mapping by."""

import functools
import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from butterfly_gitops.config.layers import ENDPOINT_ONLY, EndpointLayer
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.fleet import FleetFile, GrantsFile
from butterfly_gitops.model.site import ArchivesFile, EhrEndpointsFile, SiteFile

# The model of each file, and of what it leaves open: a layer of an endpoint.
FILES: dict[str, tuple[type[BaseModel], type[BaseModel]]] = {
    "fleet.yaml": (FleetFile, EhrEndpoint),
    "grants.yaml": (GrantsFile, EhrEndpoint),
    "site.yaml": (SiteFile, EhrEndpoint),
    "ehr-endpoints.yaml": (EhrEndpointsFile, EndpointLayer),
    "archives.yaml": (ArchivesFile, EhrEndpoint),
}
# What an endpoint starts from is read before its settings.
_FIRST = ("display_name", *ENDPOINT_ONLY)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyOrder:
    """The known keys of one mapping in their order with what is below each, and what is below all others."""

    known: Mapping[str, "KeyOrder"]
    others: "KeyOrder | None" = None

    def rank(self, key: str) -> int:
        """Where a key stands; all unknown ones share the last place."""
        return next((rank for rank, known in enumerate(self.known) if known == key), len(self.known))

    def below(self, key: str) -> "KeyOrder":
        """The order of what stands below a key."""
        return self.known.get(key) or self.others or AS_WRITTEN


AS_WRITTEN = KeyOrder(known={})


@functools.cache
def order_of(file_name: str) -> KeyOrder:
    """The order in a file of this name."""
    model, layer = FILES[file_name]
    return _order(model, layer)


@functools.cache
def setting_names() -> frozenset[str]:
    """The names of settings, in any of the files."""
    return frozenset().union(*(_names(order_of(file_name)) for file_name in FILES))


def _names(order: KeyOrder) -> frozenset[str]:
    below = [*order.known.values(), *([order.others] if order.others else [])]
    return frozenset(order.known).union(*map(_names, below))


def _order(annotation: Any, layer: type[BaseModel]) -> KeyOrder:
    bare = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    origin, arguments = get_origin(bare), get_args(bare)
    if origin is dict and arguments[1] is Any:
        return _order_of_model(layer, layer)
    if origin is dict:
        return KeyOrder(known={}, others=_order(arguments[1], layer))
    if origin is tuple:
        return _order(arguments[0], layer)
    if origin in (Union, types.UnionType):
        known = {name: below for each in arguments for name, below in _order(each, layer).known.items()}
        return KeyOrder(known=known)
    if isinstance(bare, type) and issubclass(bare, BaseModel):
        return _order_of_model(bare, layer)
    return AS_WRITTEN


def _order_of_model(model: type[BaseModel], layer: type[BaseModel]) -> KeyOrder:
    hints = get_type_hints(model, include_extras=True)
    names = list(model.model_fields)
    if "removed" in names:
        # What left a file on purpose is said at its top, where a review begins.
        names.sort(
            key=lambda name: ("version", "removed").index(name) if name in ("version", "removed") else 2
        )
    if model is EndpointLayer:
        names.sort(key=lambda name: _FIRST.index(name) if name in _FIRST else len(_FIRST))
    return KeyOrder(known={name: _order(hints[name], layer) for name in names})
