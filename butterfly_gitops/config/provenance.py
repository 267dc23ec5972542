"""Where each value was written, by address, and which layer an endpoint has it from."""

from collections.abc import Iterator

from butterfly_gitops.config.reading import EndpointReading, FleetReading, SiteReading
from butterfly_gitops.config.tree import Mapping, Scalar, mapping_at, text_at
from butterfly_gitops.model.address import Address
from butterfly_gitops.model.problem import Origin

Located = Iterator[tuple[str, Origin]]


def origins_of_fleet(reading: FleetReading) -> dict[str, Origin]:
    """The origin of each value of the fleet's two files, by its printed address; a default has none."""
    found: dict[str, Origin] = {}
    for name, tree in (("fleet", reading.fleet_tree), ("grants", reading.grants_tree)):
        found.update(_of_file(name, tree))
    return found


def origins_of_site(site: SiteReading) -> dict[str, Origin]:
    """The origin of each value and each thing of a site, by its printed address; a default has none."""
    return dict(_of_site(site))


def layers_of_site(site: SiteReading) -> dict[str, str]:
    """By address, the layer that each setting of an endpoint comes from: `preset epic`, `endpoint`."""
    return {
        str(Address(site=site.name, name=endpoint.name, field=path)): endpoint.merged.layer_of[path]
        for endpoint in site.endpoints.values()
        for path, _ in _settings(endpoint)
    }


def _of_file(name: str, tree: Mapping | None) -> Located:
    for path, origin in _below(tree):
        yield str(Address(site=name, field=path)), origin


def _of_site(site: SiteReading) -> Located:
    if site.site_tree:
        yield site.name, site.site_tree.place.origin
        yield from _of_file(site.name, site.site_tree.without("links"))
    for tree in (site.endpoints_tree, site.archives_tree):
        for path, origin in _below(mapping_at(tree, "removed"), prefix="removed."):
            yield str(Address(site=site.name, field=path)), origin
    for name, entry in site.links.entries.items() if site.links else ():
        yield from _of_thing(site, entry.key, _below(mapping_at(site.links, name)))
    for endpoint in site.endpoints.values():
        yield from _of_thing(site, endpoint.key, _settings(endpoint))
        if old := text_at(endpoint.own, "renamed_from"):
            yield str(Address(site=site.name, name=endpoint.name, field="renamed_from")), old.place.origin
    for archive in site.archives.values():
        yield from _of_thing(site, archive.key, _below(archive.tree))
        for item in archive.forward_to:
            address = Address(site=site.name, name=archive.key.text, field=f"forward_to.{item.text}")
            yield str(address), item.place.origin


def _of_thing(site: SiteReading, key: Scalar, below: Located) -> Located:
    yield str(Address(site=site.name, name=key.text)), key.place.origin
    for path, origin in below:
        yield str(Address(site=site.name, name=key.text, field=path)), origin


def _settings(endpoint: EndpointReading) -> Located:
    return _below(endpoint.merged.tree)


def _below(tree: Mapping | None, *, prefix: str = "") -> Located:
    """Each key of a tree by its dotted path: a plain value where it stands, anything else where its key does."""
    for name, entry in tree.entries.items() if tree else ():
        path = f"{prefix}{name}"
        yield path, (entry.value if isinstance(entry.value, Scalar) else entry.key).place.origin
        if isinstance(entry.value, Mapping):
            yield from _below(entry.value, prefix=f"{path}.")
