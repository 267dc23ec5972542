"""A fleet as far as it could be read, sound or not: the material that the rules look at.

Values stand where a part is sound; trees stand for the rest, so that each rule says what it can at its token.
"""

from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Map
from dataclasses import dataclass
from datetime import date

from butterfly_gitops.config.layers import Merged
from butterfly_gitops.config.tree import Mapping, Related, Scalar, SourceFile, mapping_at, scalars_at, text_at
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.fleet import Fleet, FleetFile, FleetSettings, GrantsFile
from butterfly_gitops.model.site import ArchivesFile, EhrEndpointsFile, Site, SiteFile

_LAYER_WORDS = {"site": "the site's time zone"}


def keys_of(tree: Mapping | None) -> tuple[Scalar, ...]:
    """The keys of a mapping."""
    return tuple(entry.key for entry in tree.entries.values()) if tree else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointReading:
    """One endpoint: its key, what it says itself, all layers merged, and its value if that is sound."""

    key: Scalar
    own: Mapping
    merged: Merged
    value: EhrEndpoint | None

    @property
    def name(self) -> str:
        """The text of its key."""
        return self.key.text

    def layer(self, *path: str) -> str:
        """The layer that gives the value at a path, in words: `preset epic`, or empty for the endpoint itself and for a default."""
        layer = self.merged.layer_of.get(".".join(path), "endpoint")
        return "" if layer == "endpoint" else _LAYER_WORDS.get(layer, layer)

    def provenance(self, *path: str) -> Related:
        """Where a value that a lower layer gives was written, for a problem that stands at the endpoint."""
        entry, layer = self.merged.tree.entry(*path), self.layer(*path)
        return ((f"from {layer}", entry.value.place.origin),) if entry and layer else ()

    def is_above(self, path: str, other: str) -> bool:
        """Whether the layer that gives one setting lies over that of another."""
        layers, of = [layer.name for layer in self.merged.layers], self.merged.layer_of
        return layers.index(of[path]) > layers.index(of[other])

    def shared(self, names: Iterable[str]) -> Related:
        """Say which of these settings lower layers give, and where: `epic-lab has host and port from preset epic`."""
        found: dict[str, list[str]] = {}
        for name in names:
            if layer := self.layer(name):
                found.setdefault(layer, []).append(name)
        return tuple(
            (f"{self.name} has {' and '.join(given)} {what}", origin)
            for given in found.values()
            for what, origin in self.provenance(given[0])
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveReading:
    """One archive: its key, and what it says."""

    key: Scalar
    tree: Mapping

    @property
    def forward_to(self) -> tuple[Scalar, ...]:
        """The endpoints that it names."""
        return scalars_at(self.tree, "forward_to")


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteReading:
    """One site folder. A mapping is None where its file could not be read, so that nothing is said about it."""

    name: str
    source: SourceFile
    site_tree: Mapping | None
    endpoints_tree: Mapping | None
    archives_tree: Mapping | None
    site_file: SiteFile | None
    endpoints: dict[str, EndpointReading]
    archives: dict[str, ArchiveReading]
    endpoints_file: EhrEndpointsFile | None
    archives_file: ArchivesFile | None

    @property
    def links(self) -> Mapping | None:
        """The Links, if they can be known."""
        return mapping_at(self.site_tree, "links")

    @property
    def things(self) -> dict[str, Mapping | None]:
        """All that has a name in the site, by its kind in words; whatever it names, a name means one thing there."""
        return {
            "a Link": self.links,
            "an EHR endpoint": mapping_at(self.endpoints_tree, "ehr_endpoints"),
            "an archive": mapping_at(self.archives_tree, "archives"),
        }

    def dialler(self, link: str) -> str:
        """`here` where the dispatcher itself dials for a Link, else the Link's address."""
        runs = text_at(self.links, link, "runs")
        return "here" if runs is None or runs.text == "here" else f"{self.name}/{link}"

    @property
    def knows_endpoints(self) -> bool:
        """Whether the names of all endpoints are known."""
        return mapping_at(self.endpoints_tree, "ehr_endpoints") is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetReading:
    """The whole folder as far as it could be read."""

    fleet_tree: Mapping | None
    grants_tree: Mapping | None
    fleet_file: FleetFile | None
    grants_file: GrantsFile | None
    sites: tuple[SiteReading, ...]
    paths: frozenset[str]
    """All files there are, below the sites folder."""
    others: Map[str, bytes]
    """The content of those that are no YAML; of most of them nothing is known."""
    unread: frozenset[str]
    """The files and folders that could not be read."""
    today: date | None
    """The day that certificates are judged by, or None where they are not."""

    @property
    def endpoints(self) -> tuple[tuple[SiteReading, EndpointReading], ...]:
        """Each endpoint of each site, with its site."""
        return tuple((site, endpoint) for site in self.sites for endpoint in site.endpoints.values())

    @property
    def presets(self) -> Mapping | None:
        """The presets, if they can be known; an empty mapping when the file has none."""
        if self.fleet_tree is None:
            return None
        if "presets" not in self.fleet_tree.entries:
            return Mapping(place=self.fleet_tree.place, entries={})
        return mapping_at(self.fleet_tree, "presets")

    @property
    def shared_layers(self) -> Iterator[Mapping]:
        """Each preset, and the endpoint defaults of each site."""
        for name in self.presets.entries if self.presets else ():
            if preset := mapping_at(self.presets, name):
                yield preset
        for site in self.sites:
            if defaults := mapping_at(site.site_tree, "endpoint_defaults"):
                yield defaults

    @property
    def layers(self) -> Iterator[Mapping]:
        """Each layer of each endpoint, used or not."""
        yield from self.shared_layers
        yield from (endpoint.own for _, endpoint in self.endpoints)


def fleet_of(reading: FleetReading, unsound: frozenset[str]) -> Fleet | None:
    """The fleet with its sound sites; None where one of its own files is not."""
    settings, grants = reading.fleet_file, reading.grants_file
    if settings is None or grants is None:
        return None
    return Fleet(
        settings=FleetSettings(
            name=settings.name,
            guard=settings.guard,
            subscription=grants.subscription,
            entitlements=grants.entitlements,
            access_roles=grants.access_roles,
        ),
        sites={
            site.name: sound
            for site in reading.sites
            if site.name not in unsound and (sound := _sound(site)) is not None
        },
        removed_sites=settings.removed_sites,
    )


def _sound(reading: SiteReading) -> Site | None:
    if reading.site_file is None or reading.endpoints_file is None or reading.archives_file is None:
        return None
    return Site(
        name=reading.name,
        display_name=reading.site_file.display_name,
        time_zone=reading.site_file.time_zone,
        links=reading.site_file.links,
        ehr_endpoints={
            name: endpoint.value for name, endpoint in reading.endpoints.items() if endpoint.value is not None
        },
        archives=reading.archives_file.archives,
        removed={
            **reading.site_file.removed,
            **reading.endpoints_file.removed,
            **reading.archives_file.removed,
        },
        renamed={
            name: old.text
            for name, endpoint in reading.endpoints.items()
            if (old := text_at(endpoint.own, "renamed_from"))
        },
    )
