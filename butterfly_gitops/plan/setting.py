"""A changed setting as people read it: its name, both values in words, and the line that says so."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from butterfly_gitops.model.address import Address
from butterfly_gitops.model.frozen import Frozen
from butterfly_gitops.model.problem import Origin
from butterfly_gitops.plan.change import RENAMED_FROM, Change
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


class Setting(Frozen):
    """One line of a plan: `port  6661 -> 6662`, or `forward_to  + registry`."""

    changes: tuple[str, ...]
    """The ids of the changes that this line makes; several where places share it."""
    name: str
    """The setting's dotted path, or what is added or removed."""
    old: str | None
    """The value now; null when something is added."""
    new: str | None
    """The value to be; null when something is removed."""
    file: str | None
    """The file that says so; null where no line does (a default)."""
    line: int | None
    """The line in it, from 1."""
    layer: str = ""
    """The layer that the line belongs to, such as `preset registry`; empty for what the place says itself."""


def print_setting(change: Change, *, ids: tuple[str, ...], cause: Cause, place: Address) -> Setting:
    """A change as a line below its place."""
    name, old, new = _words(change, place)
    origin = cause.origin
    line = origin.line if origin and origin.line else None
    file = origin.file if origin else None
    return Setting(changes=ids, name=name, old=old, new=new, file=file, line=line, layer=cause.layer)


def _words(change: Change, place: Address) -> tuple[str, str | None, str | None]:
    owner = change.owner
    if change.kind == "ehr_endpoint" and change.setting == RENAMED_FROM:
        return "name", print_value(change.new), owner.name
    if not change.is_whole:
        inner = f"{_role(owner)}." if change.kind == "access_role" else ""
        return f"{inner}{change.setting}", *_both(change.old, change.new)
    name, thing = _name_of_thing(change, place)
    return (name, None, thing) if change.is_added else (name, thing, None)


def _both(old: JsonValue, new: JsonValue) -> tuple[str, str]:
    """Both values; a setting that is absent and one that is the word `none` are told apart."""
    absent = "not set" if "none" in (old, new) else print_value(None)
    before, after = (absent if value is None else print_value(value) for value in (old, new))
    return before, after


def _name_of_thing(change: Change, place: Address) -> tuple[str, str]:
    """What is added or removed: a word for its kind, and its name."""
    owner = change.owner
    value = change.new if change.is_added else change.old
    is_of_new_site = place.name is None
    match change.kind, value:
        case "forwarding_rule", _:
            below = f"{owner.name}." if is_of_new_site else ""
            return f"{below}forward_to", (owner.field or "").removeprefix("forward_to.")
        case "access_role", _:
            return "access_roles", _role(owner).removeprefix("access_roles.")
        case "fleet", {"name": name}:
            return "fleet", str(name)
        case "grants", {"subscription": subscription}:
            return "subscription", str(subscription)
        case "ehr_endpoint", {"host": host, "port": port, "status": status} if is_of_new_site:
            paused = ", paused" if status == "paused" else ""
            return "ehr_endpoint", f"{owner.name} at {host}:{port}{paused}"
        case kind, _:
            return kind, owner.name or owner.site


def _role(owner: Address) -> str:
    return owner.field or ""


def print_value(value: JsonValue) -> str:
    """A value in the words of the files."""
    match value:
        case None:
            return "none"
        case bool():
            return "true" if value else "false"
        case Mapping():
            parts = [f"{name}: {print_value(part)}" for name, part in value.items() if part is not None]
            return f"{{{', '.join(parts)}}}"
        case list():
            return f"[{', '.join(map(print_value, value))}]"
        case _:
            return str(value)
