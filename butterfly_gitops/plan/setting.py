"""A changed setting as people read it: its name, both values in words, and the line that says so."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from butterfly_gitops.model.address import Address
from butterfly_gitops.model.frozen import Frozen
from butterfly_gitops.model.problem import Origin
from butterfly_gitops.plan.change import RENAMED_FROM, Change
from butterfly_gitops.plan.sides import Comparison, Side

# The layer that is an endpoint's own; all others may be shared.
_OWN_LAYER = "endpoint"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeCause:
    """The line that makes a change, None where none does, and its layer: `preset epic`, or empty for the place's own."""

    origin: Origin | None
    layer: str = ""


class PlanSetting(Frozen):
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


def cause_of(change: Change, comparison: Comparison) -> ChangeCause:
    """Find where a change was written: its own line, else the nearest line above it, else where it stood before."""
    desired, site = comparison.desired, change.address.site
    removed = desired.origins.get(f"fleet.removed_sites.{site}")
    if removed is None and change.is_removed:
        removed = desired.origins.get(f"{site}.removed.{change.address.name}")
    if removed:
        return ChangeCause(origin=removed)
    if taken := _taken_from_shared(change, comparison):
        return taken
    for side in (desired, comparison.applied):
        # An entity that is gone has no line; its site's would say nothing, and is not above it.
        if path := _nearest(str(change.address), side.origins):
            return ChangeCause(origin=side.origins[path], layer=_layer(side, path))
    return ChangeCause(origin=None)


def _nearest(path: str, origins: Mapping[str, Origin]) -> str:
    """The path itself or the nearest above it that has a line; empty where none has."""
    while path and path not in origins:
        path = path.rpartition(".")[0]
    return path


def _layer(side: Side, path: str) -> str:
    layer = side.layers.get(path, _OWN_LAYER)
    return "" if layer == _OWN_LAYER else layer


def _taken_from_shared(change: Change, comparison: Comparison) -> ChangeCause | None:
    """A shared layer that said the setting and no longer does: the nearest line above the one that is gone."""
    desired, applied, own = comparison.desired.origins, comparison.applied, str(change.address)
    layer = _layer(applied, own)
    if own in desired or change.is_whole:
        return None
    if layer.startswith("preset "):
        root = f"fleet.presets.{layer.removeprefix('preset ')}"
    elif layer == "endpoint_defaults":
        root = f"{change.address.site}.endpoint_defaults"
    else:
        return None
    path = f"{root}.{change.setting}"
    if path in desired or path not in applied.origins:
        return None
    nearest = _nearest(path, desired)
    return ChangeCause(origin=desired[nearest], layer=layer) if nearest.startswith(root) else None


def print_setting(change: Change, *, ids: tuple[str, ...], cause: ChangeCause, place: Address) -> PlanSetting:
    """Print a change as a line below its place."""
    name, old, new = _words(change, is_of_new_site=place.name is None)
    file, line = (cause.origin.file, cause.origin.line or None) if cause.origin else (None, None)
    return PlanSetting(changes=ids, name=name, old=old, new=new, file=file, line=line, layer=cause.layer)


def _words(change: Change, *, is_of_new_site: bool) -> tuple[str, str | None, str | None]:
    owner, old, new = change.owner, change.old, change.new
    if change.is_whole:
        name, entity = _name_of_entity(change, is_of_new_site=is_of_new_site)
        return (name, None, entity) if change.is_added else (name, entity, None)
    if change.kind == "ehr_endpoint" and change.setting == RENAMED_FROM:
        return "name", _print(new), owner.name
    role = f"{owner.field}." if change.kind == "access_role" else ""
    # A setting that is absent and one that is the word `none` are told apart.
    absent = "not set" if "none" in (old, new) else "none"
    before, after = (absent if value is None else _print(value) for value in (old, new))
    return f"{role}{change.setting}", before, after


def _name_of_entity(change: Change, *, is_of_new_site: bool) -> tuple[str, str]:
    """A word for the kind of what is added or removed, and its name."""
    owner = change.owner
    value = change.new if change.is_added else change.old
    match change.kind, value:
        case "forwarding_rule", _:
            below = f"{owner.name}." if is_of_new_site else ""
            return f"{below}forward_to", change.receiver
        case "access_role", _:
            return "access_roles", (owner.field or "").removeprefix("access_roles.")
        case "fleet", {"name": name}:
            return "fleet", str(name)
        case "grants", {"subscription": subscription}:
            return "subscription", str(subscription)
        case "ehr_endpoint", {"host": host, "port": port, "status": status} if is_of_new_site:
            paused = ", paused" if status == "paused" else ""
            return "ehr_endpoint", f"{owner.name} at {host}:{port}{paused}"
        case kind, _:
            return kind, owner.name or owner.site


def _print(value: JsonValue) -> str:
    """A value in the words of the files."""
    match value:
        case None:
            return "none"
        case bool():
            return "true" if value else "false"
        case Mapping():
            parts = [f"{name}: {_print(part)}" for name, part in value.items() if part is not None]
            return f"{{{', '.join(parts)}}}"
        case list():
            return f"[{', '.join(map(_print, value))}]"
        case _:
            return str(value)
