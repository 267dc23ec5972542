"""Each name is used once, each name that is referred to is there, and no two are easily taken for one another."""

import re
from collections.abc import Iterable, Iterator

from butterfly_gitops.config.reading import FleetReading, SiteReading, keys_of
from butterfly_gitops.config.tree import (
    Mapping,
    Place,
    Scalar,
    mapping_at,
    problem_at,
    scalars_at,
    text_at,
)
from butterfly_gitops.config.typos import name_hint, typo_of
from butterfly_gitops.model.problem import Problem, Severity
from butterfly_gitops.model.scalar import NAME_PATTERN


def check_names(reading: FleetReading) -> Iterator[Problem]:
    """Check names that are taken, and names that are not there."""
    for site in reading.sites:
        yield from _names_taken(site)
        yield from _unknown_links(site)
        if reading.presets is not None:
            yield from _unknown_presets(site, reading.presets)
        yield from _unknown_endpoints(site)
    yield from _unknown_sites(reading)
    yield from _duplicate_cloud_ids(reading)


def _names_taken(site: SiteReading) -> Iterator[Problem]:
    first: dict[str, tuple[str, Scalar]] = {}
    for kind, tree in site.things.items():
        for key in keys_of(tree):
            if key.text not in first:
                first[key.text] = (kind, key)
                continue
            taken, by = first[key.text]
            yield problem_at(
                key.place,
                "name-taken",
                f'"{key.text}" is {taken} of {site.name} already, so {kind} needs another name',
                "give one of them another name",
                related=((f"{taken} of this name", by.place.origin),),
            )


def _is_known(name: Scalar, keys: Iterable[Scalar]) -> bool:
    """Whether a name is defined; a refused name counts under its corrected spelling too, so that one problem is reported."""
    texts = [key.text for key in keys]
    return name.text in texts or bool(
        typo_of(name.text, [text for text in texts if not re.fullmatch(NAME_PATTERN, text)])
    )


def _unknown_links(site: SiteReading) -> Iterator[Problem]:
    if site.links is None:
        return
    known = keys_of(site.links)
    for endpoint in site.endpoints.values():
        link = text_at(endpoint.merged.tree, "link")
        if link is None or link.is_null or link.text in site.links.entries or _is_known(link, known):
            continue
        # A preset may be right for other sites; this one's endpoint is to fix.
        is_own = link.place.source.site == site.name
        yield problem_at(
            (link if is_own else endpoint.key).place,
            "unknown-link",
            f'{site.name} has no Link "{link.text}"',
            name_hint(link, known, otherwise=f"add it to links in {site.source.file}/site.yaml"),
            related=() if is_own else endpoint.provenance("link"),
        )


def _unknown_presets(site: SiteReading, presets: Mapping) -> Iterator[Problem]:
    for endpoint in site.endpoints.values():
        preset = text_at(endpoint.own, "preset")
        if preset and preset.text not in presets.entries and not _is_known(preset, keys_of(presets)):
            hint = name_hint(preset, keys_of(presets), otherwise="add it to presets in fleet.yaml")
            message = f'there is no preset "{preset.text}"'
            yield problem_at(preset.place, "unknown-preset", message, hint)


def _unknown_endpoints(site: SiteReading) -> Iterator[Problem]:
    if not site.knows_endpoints:
        return
    known = keys_of(site.things["an EHR endpoint"])
    names = {key.text for key in known}
    for archive in site.archives.values():
        listed = {item.text for item in archive.forward_to}
        if listed <= names:
            continue
        # A name that the list has already would stand there twice.
        left = [key for key in known if key.text not in listed]
        for item in archive.forward_to:
            if item.text not in names and not _is_known(item, known):
                otherwise = "add it to ehr-endpoints.yaml, or take it out of forward_to"
                yield problem_at(
                    item.place,
                    "unknown-endpoint",
                    f'{site.name} has no EHR endpoint "{item.text}"',
                    name_hint(item, left, otherwise=otherwise),
                )


def _unknown_sites(reading: FleetReading) -> Iterator[Problem]:
    roles = mapping_at(reading.grants_tree, "access_roles")
    # Somebody must still see what drains at a site that has left.
    removed = (key.text for key in keys_of(mapping_at(reading.fleet_tree, "removed_sites")))
    # A folder that could not be read may be a site.
    unread = (path for path in reading.unread if re.fullmatch(NAME_PATTERN, path))
    known = {"*", *(site.name for site in reading.sites), *removed, *unread}
    for key in keys_of(roles):
        for item in scalars_at(roles, key.text, "sites"):
            if item.text not in known:
                meant = typo_of(item.text, sorted(known))
                hint = (
                    f'write "{meant}"'
                    if meant
                    else 'bring its folder back, or take it out; "*" means all sites'
                )
                message = f'there is no site "{item.text}"'
                yield problem_at(item.place, "unknown-site", message, hint)


def _duplicate_cloud_ids(reading: FleetReading) -> Iterator[Problem]:
    archives = [(site, archive) for site in reading.sites for archive in site.archives.values()]
    first = {f"{site.name}/{archive.key.text}": archive.key for site, archive in archives}
    for _, archive in archives:
        cloud_id = text_at(archive.tree, "cloud_id")
        if cloud_id is None or cloud_id.is_null:
            continue
        if other := first.get(cloud_id.text):
            yield _same_cloud_id(cloud_id, other)
            if other.place.source.site != cloud_id.place.source.site:
                yield _same_cloud_id(other, cloud_id)
        first.setdefault(cloud_id.text, cloud_id)


def _same_cloud_id(one: Scalar, other: Scalar) -> Problem:
    return problem_at(
        one.place,
        "duplicate-cloud-id",
        "two archives go by one name at the source of events",
        "give each archive the cloud_id that the source shows for it",
        related=(("the other archive", other.place.origin),),
    )


def check_lookalikes(reading: FleetReading) -> Iterator[Problem]:
    """Warn of names that a tired person takes for one another: of presets, within a site, and of sites."""
    yield from _alike("preset", [(key.text, key.place) for key in keys_of(reading.presets)])
    for site in reading.sites:
        keys = [key for tree in site.things.values() for key in keys_of(tree)]
        yield from _alike("name", [(key.text, key.place) for key in keys])
    yield from _alike("site", [each for site in reading.sites for each in _called(site)])


def _called(site: SiteReading) -> Iterator[tuple[str, Place]]:
    """Where the site's display_name stands, for a comment that answers; else its first key."""
    name, keys = text_at(site.site_tree, "display_name"), keys_of(site.site_tree)
    if name or keys:
        yield site.name, (name or keys[0]).place


def _alike(kind: str, names: Iterable[tuple[str, Place]]) -> Iterator[Problem]:
    first: dict[str, tuple[str, Place]] = {}
    for name, place in names:
        other, there = first.setdefault(name.replace("-", "").lower(), (name, place))
        if other == name:
            continue
        yield problem_at(
            place,
            "near-identical-name",
            f'{kind} "{name}" is easily taken for "{other}"',
            "give one of them a name of its own",
            related=(("the other one", there.origin),),
            severity=Severity.WARNING,
        )
