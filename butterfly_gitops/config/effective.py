"""Effective settings at an address: each with its value, where that was written, and by which layer."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from butterfly_gitops.config.load import Loaded
from butterfly_gitops.model.address import Address
from butterfly_gitops.model.fleet import Fleet
from butterfly_gitops.model.problem import Origin
from butterfly_gitops.model.site import Site

FLEET_FIELDS = {"fleet": ("name", "guard"), "grants": ("subscription", "entitlements", "access_roles")}


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveSetting:
    """One effective value; without `origin` it is the default, and `layer` is only known for endpoints.

    What an endpoint leaves to the layout of its messages has the layer `layout report`, say, and no origin.
    """

    address: Address
    value: Any
    origin: Origin | None
    layer: str | None


def settings_at(loaded: Loaded, address: Address) -> tuple[EffectiveSetting, ...]:
    """The settings at an address and below it; none when nothing there is known to be sound."""
    fleet = loaded.fleet
    if fleet is None:
        return ()
    site = fleet.sites.get(address.site)
    by_layout = dict(_by_layout(site)) if site else {}
    found = [
        EffectiveSetting(
            address=at, value=value, origin=loaded.origins.get(str(at)), layer=loaded.layers.get(str(at))
        )
        for at, value in _all_of(fleet, address.site)
        if _is_at(at, address)
    ]
    return tuple(one if one.value is not None else by_layout.get(one.address, one) for one in found)


def _by_layout(site: Site) -> Iterator[tuple[Address, EffectiveSetting]]:
    """The defaults of the layout of each endpoint's messages."""
    # Only who explains a site needs the layouts, which take long to import.
    from butterfly_gitops.hl7.layouts.catalog import LAYOUTS  # noqa: PLC0415

    for name, endpoint in site.ehr_endpoints.items():
        layout = endpoint.message.layout
        for field, value in LAYOUTS[layout].defaults.items():
            if value is not None:
                at = Address(site=site.name, name=name, field=f"message.{field}")
                yield at, EffectiveSetting(address=at, value=value, origin=None, layer=f"layout {layout}")


def addresses_near(loaded: Loaded, address: Address) -> Iterator[str]:
    """The addresses that a misspelt one may stand for: all of its site where that is sound, else the names of sites."""
    fleet = loaded.fleet
    if fleet is None:
        return
    found = [each for each, _ in _all_of(fleet, address.site)]
    yield from {str(Address(site=each.site, name=each.name)) for each in found}
    yield from map(str, found)
    if not found:
        yield from (*FLEET_FIELDS, *fleet.sites)


def _is_at(found: Address, wanted: Address) -> bool:
    if wanted.name is not None and found.name != wanted.name:
        return False
    if wanted.field is None:
        return True
    below = f"{found.field}."
    return found.name == wanted.name and below.startswith(f"{wanted.field}.")


def _all_of(fleet: Fleet, name: str) -> Iterator[tuple[Address, Any]]:
    if name in FLEET_FIELDS:
        values = fleet.settings.model_dump(mode="json", include=set(FLEET_FIELDS[name]))
        if name == "fleet":
            values["removed_sites"] = _dumped(fleet.removed_sites)
        for path, value in _leaves(values):
            yield Address(site=name, field=path), value
    elif site := fleet.sites.get(name):
        yield from _of_site(site)


def _of_site(site: Site) -> Iterator[tuple[Address, Any]]:
    for field in ("display_name", "time_zone"):
        yield Address(site=site.name, field=field), getattr(site, field)
    for path, value in _leaves({"removed": _dumped(site.removed)} if site.removed else {}):
        yield Address(site=site.name, field=path), value
    things: dict[str, BaseModel] = {**site.links, **site.ehr_endpoints, **site.archives}
    for name, thing in things.items():
        for path, value in _leaves(thing.model_dump(mode="json")):
            yield Address(site=site.name, name=name, field=path), value
        if old := site.renamed.get(name):
            yield Address(site=site.name, name=name, field="renamed_from"), old


def _dumped(things: Mapping[str, BaseModel]) -> dict[str, Any]:
    return {name: thing.model_dump(mode="json") for name, thing in things.items()}


def _leaves(values: dict[str, Any], *, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        path = f"{prefix}{name}"
        if isinstance(value, dict) and value:
            yield from _leaves(value, prefix=f"{path}.")
        elif name == "forward_to" and value:
            # Each forwarding rule has an address of its own.
            yield from ((f"{path}.{endpoint}", endpoint) for endpoint in value)
        else:
            yield path, value
