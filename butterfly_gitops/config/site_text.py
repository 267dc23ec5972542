"""Three texts of a site become its reading: each file and each layer checked by itself, endpoints merged.

What must hold between names, files and sites is left to `rules`.
"""

from collections.abc import Mapping as Map
from dataclasses import replace
from itertools import islice
from typing import TypeVar

from pydantic import BaseModel

from butterfly_gitops.config.layers import ENDPOINT_ONLY, EndpointLayer, Layer, merge
from butterfly_gitops.config.reading import ArchiveReading, EndpointReading, SiteReading
from butterfly_gitops.config.tree import Entry, Mapping, Node, SourceFile, entries_below, mapping_at, text_at
from butterfly_gitops.config.values.context import Context
from butterfly_gitops.config.values.models import decode, top_of
from butterfly_gitops.config.values.unknown_keys import has_left_its_name
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.site import ArchivesFile, EhrEndpointsFile, SiteFile

# Each endpoint holds all that it has from shared layers: without limits a small file could ask for any memory.
# A fleet has at most 100 archives, which forward to 3 endpoints each.
MAX_ENDPOINTS_PER_SITE = 300
MAX_SHARED_VALUES = 1000

File = TypeVar("File", bound=BaseModel)


def read_site(
    source: SourceFile, roots: Map[str, Node | None], *, presets: Mapping | None, context: Context
) -> SiteReading:
    """Read one site from the trees of its files, by file name; a file without a tree has been complained of.

    `presets` is None when they cannot be known; nothing is then said of values that may stand there.
    """
    site_root, endpoints_root, archives_root = map(
        roots.get, ("site.yaml", "ehr-endpoints.yaml", "archives.yaml")
    )
    site_file = read_file(SiteFile, site_root, context)
    endpoints_file = read_file(EhrEndpointsFile, endpoints_root, context)
    archives_file = read_file(ArchivesFile, archives_root, context)
    site_tree, endpoints_tree, archives_tree = map(mapping_at, (site_root, endpoints_root, archives_root))
    check_shared_layer(site_tree.entry("endpoint_defaults") if site_tree else None, context)
    named = mapping_at(endpoints_tree, "ehr_endpoints")
    # What left an endpoint is no value that is missing there.
    is_in_place = named is None or not any(map(has_left_its_name, named.entries.values()))
    below, relaxed = _LayersBelow(site_tree, presets, is_in_place=is_in_place), replace(context, relaxed=True)
    return SiteReading(
        name=source.site or "",
        source=source,
        site_tree=site_tree,
        endpoints_tree=endpoints_tree,
        archives_tree=archives_tree,
        site_file=site_file,
        endpoints={
            name: _read_endpoint(entry, below, relaxed) for name, entry in _endpoints(endpoints_tree, context)
        },
        archives={
            name: ArchiveReading(key=entry.key, tree=entry.value)
            for name, entry in _mappings(mapping_at(archives_tree, "archives"))
            if isinstance(entry.value, Mapping)
        },
        endpoints_file=endpoints_file,
        archives_file=archives_file,
    )


def read_file(model: type[File], root: Node | None, context: Context) -> File | None:
    """The value of a whole file, or None when it has problems or no tree."""
    if root is None:
        return None
    value = decode(model, root, at=top_of(root), context=context)
    return value if isinstance(value, model) else None


def check_shared_layer(entry: Entry | None, context: Context) -> None:
    """Check a preset, or a site's endpoint defaults, by itself: any setting of an endpoint, and none need be there."""
    if entry is None or not isinstance(entry.value, Mapping):
        return  # the file's own model has refused it
    for name in ENDPOINT_ONLY:
        if own := entry.value.entry(name):
            message = f"only an endpoint itself has {name}"
            context.refuse(own.key.place, "unknown-key", message, "take it out")
    if _is_too_large(entry.value):
        message = f"{entry.key.text} holds more than {MAX_SHARED_VALUES} values, for every endpoint that starts from it"
        hint = "write them at the endpoints that need them"
        context.refuse(entry.key.place, "layer-too-large", message, hint)
        return
    relaxed = replace(context, relaxed=True)
    decode(EhrEndpoint, entry.value.without(*ENDPOINT_ONLY), at=entry.key, context=relaxed)


def _mappings(tree: Mapping | None) -> list[tuple[str, Entry]]:
    entries = tree.entries.items() if tree else ()
    return [(name, entry) for name, entry in entries if isinstance(entry.value, Mapping)]


def _endpoints(tree: Mapping | None, context: Context) -> list[tuple[str, Entry]]:
    entry = tree.entry("ehr_endpoints") if tree else None
    found = _mappings(mapping_at(tree, "ehr_endpoints"))
    if entry and len(found) > MAX_ENDPOINTS_PER_SITE:
        # At the head of them all, for a report of so many may end before the first that is too many.
        context.refuse(
            entry.key.place,
            "site-too-large",
            f"the site has {len(found)} EHR endpoints, at most {MAX_ENDPOINTS_PER_SITE}",
            f"take out {len(found) - MAX_ENDPOINTS_PER_SITE} of them",
        )
    return found[:MAX_ENDPOINTS_PER_SITE]


def _is_too_large(layer: Mapping) -> bool:
    return any(islice(entries_below(layer), MAX_SHARED_VALUES, None))


class _LayersBelow:
    """The layers that the endpoints of one site start from."""

    def __init__(self, site_tree: Mapping | None, presets: Mapping | None, *, is_in_place: bool) -> None:
        self._presets = presets
        self._layer_of_preset: dict[str, Layer | None] = {}
        zone = site_tree.entry("time_zone") if site_tree else None
        defaults = site_tree.value("endpoint_defaults") if site_tree else None
        is_sound = isinstance(defaults, Mapping) and not _is_too_large(defaults)
        self._site_is_known = is_in_place and site_tree is not None and (defaults is None or is_sound)
        # Where no layer says otherwise, an EHR keeps the time of its site.
        self.site = self.defaults = None
        if site_tree and zone:
            self.site = Layer(name="site", tree=Mapping(place=site_tree.place, entries={"time_zone": zone}))
        if isinstance(defaults, Mapping) and is_sound:
            self.defaults = Layer(name="endpoint_defaults", tree=defaults)

    def preset(self, own: Mapping) -> Layer | None:
        """The preset that an endpoint names, if it is there and not too large."""
        name = text_at(own, "preset")
        if name is None:
            return None
        if name.text not in self._layer_of_preset:
            tree = mapping_at(self._presets, name.text)
            is_sound = tree is not None and not _is_too_large(tree)
            layer = Layer(name=f"preset {name.text}", tree=tree.without(*ENDPOINT_ONLY)) if tree else None
            self._layer_of_preset[name.text] = layer if is_sound else None
        return self._layer_of_preset[name.text]

    def are_known(self, own: Mapping) -> bool:
        """Whether all layers could be read; otherwise a value that seems to be missing may stand there."""
        return self._site_is_known and ("preset" not in own.entries or self.preset(own) is not None)


def _read_endpoint(entry: Entry, below: _LayersBelow, relaxed: Context) -> EndpointReading:
    own = entry.value
    assert isinstance(own, Mapping)  # noqa: S101 - `_mappings` chose it; this tells the type checker
    decode(EndpointLayer, own, at=entry.key, context=relaxed)
    last = Layer(name="endpoint", tree=own.without(*ENDPOINT_ONLY))
    named = tuple(layer for layer in (below.preset(own), below.defaults, last) if layer)
    merged = merge((below.site, *named) if below.site else named)
    strict = replace(relaxed, relaxed=False, searched=named)
    return EndpointReading(
        key=entry.key,
        own=own,
        merged=merged,
        value=decode(EhrEndpoint, merged.tree, at=entry.key, context=strict)
        if below.are_known(own)
        else None,
    )
