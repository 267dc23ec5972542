"""Where each value was written, by address, and which layer an endpoint has it from."""

from collections.abc import Iterator

from butterfly_gitops.config.reading import FleetReading, SiteReading
from butterfly_gitops.config.tree import Mapping, Scalar, entries_below, mapping_at, text_at
from butterfly_gitops.model.address import Address
from butterfly_gitops.model.problem import Origin

Located = Iterator[tuple[str, Origin]]


def origins_of_fleet(reading: FleetReading) -> dict[str, Origin]:
    """The origin of each value of the fleet's two files, by its printed address; a default has none."""
    fleet, grants = Address(site="fleet"), Address(site="grants")
    return dict([*_below(fleet, reading.fleet_tree), *_below(grants, reading.grants_tree)])


def origins_of_site(site: SiteReading) -> dict[str, Origin]:
    """The origin of each value and each thing of a site, by its printed address; a default has none."""
    return dict(_of_site(site))


def layers_of_site(site: SiteReading) -> dict[str, str]:
    """By address, the layer that each setting of an endpoint comes from: `preset epic`, `endpoint`."""
    return {
        str(Address(site=site.name, name=endpoint.name, field=path)): endpoint.merged.layer_of[path]
        for endpoint in site.endpoints.values()
        for path, _ in entries_below(endpoint.merged.tree)
    }


def _of_site(site: SiteReading) -> Located:
    own = Address(site=site.name)
    if site.site_tree:
        yield site.name, site.site_tree.place.origin
        yield from _below(own, site.site_tree.without("links"))
    for tree in (site.endpoints_tree, site.archives_tree):
        yield from _below(own, mapping_at(tree, "removed"), above="removed.")
    for name, entry in site.links.entries.items() if site.links else ():
        yield from _of_thing(site, entry.key, mapping_at(site.links, name))
    for endpoint in site.endpoints.values():
        yield from _of_thing(site, endpoint.key, endpoint.merged.tree)
        if old := text_at(endpoint.own, "renamed_from"):
            yield str(Address(site=site.name, name=endpoint.name, field="renamed_from")), old.place.origin
    for archive in site.archives.values():
        yield from _of_thing(site, archive.key, archive.tree)
        for item in archive.forward_to:
            address = Address(site=site.name, name=archive.key.text, field=f"forward_to.{item.text}")
            yield str(address), item.place.origin


def _of_thing(site: SiteReading, key: Scalar, tree: Mapping | None) -> Located:
    address = Address(site=site.name, name=key.text)
    yield str(address), key.place.origin
    yield from _below(address, tree)


def _below(of: Address, tree: Mapping | None, *, above: str = "") -> Located:
    """Each key of a tree by its address: a plain value where it stands, anything else where its key does."""
    for path, entry in entries_below(tree, above=above):
        said = entry.value if isinstance(entry.value, Scalar) else entry.key
        yield str(Address(site=of.site, name=of.name, field=path)), said.place.origin
