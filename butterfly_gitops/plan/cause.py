"""Where a change was written: its line, and the shared layer that this line belongs to, if it is not the place's own."""

from dataclasses import dataclass

from butterfly_gitops.model.address import Address
from butterfly_gitops.model.problem import Origin
from butterfly_gitops.plan.change import Change
from butterfly_gitops.plan.sides import Comparison, Side

# What an endpoint says itself; all other layers may be shared.
_OWN_LAYER = "endpoint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """The line that makes a change, None where none does, and its layer: `preset epic`, or empty for the place's own."""

    origin: Origin | None
    layer: str = ""


def cause_of(change: Change, comparison: Comparison) -> Cause:
    """Where the change was written: its own line, else the nearest line above it, else where it stood before."""
    if said := _where_it_is_said_to_leave(change, comparison.desired):
        return Cause(origin=said)
    if taken := _taken_from_shared(change, comparison):
        return taken
    for side in (comparison.desired, comparison.applied):
        address: Address | None = change.address
        while address is not None:
            if origin := side.origins.get(str(address)):
                return Cause(origin=origin, layer=_layer(side, address))
            address = _parent(address)
    return Cause(origin=None)


def _layer(side: Side, address: Address) -> str:
    layer = side.layers.get(str(address), _OWN_LAYER)
    return "" if layer == _OWN_LAYER else layer


def _where_it_is_said_to_leave(change: Change, desired: Side) -> Origin | None:
    """The line of `removed_sites` or `removed` that goes with a change."""
    site = change.address.site
    by_fleet = desired.origins.get(f"fleet.removed_sites.{site}")
    if by_fleet or not change.is_removed:
        return by_fleet
    return desired.origins.get(f"{site}.removed.{change.address.name}")


def _taken_from_shared(change: Change, comparison: Comparison) -> Cause | None:
    """A shared layer that said the setting and no longer does: the nearest line above the one that is gone."""
    desired, applied = comparison.desired.origins, comparison.applied
    layer = _layer(applied, change.address)
    root = _root_of(layer, change.address.site)
    if root is None or str(change.address) in desired or change.is_whole:
        return None
    path = f"{root}.{change.setting}"
    if path in desired or path not in applied.origins:
        return None
    while len(path) > len(root) and path not in desired:
        path = path.rpartition(".")[0]
    return Cause(origin=desired[path], layer=layer) if path in desired else None


def _root_of(layer: str, site: str) -> str | None:
    """The printed address of a layer that several endpoints share."""
    if layer.startswith("preset "):
        return f"fleet.presets.{layer.removeprefix('preset ')}"
    return f"{site}.endpoint_defaults" if layer == "endpoint_defaults" else None


def _parent(address: Address) -> Address | None:
    if not address.field:
        # A thing that is gone has no line; its site's would say nothing.
        return None
    return Address(site=address.site, name=address.name, field=address.field.rpartition(".")[0] or None)
