"""Things that left the files or were renamed: said once, and never of a thing that is still there."""

from collections.abc import Iterator
from dataclasses import replace

from butterfly_gitops.config.reading import FleetReading, SiteReading, keys_of
from butterfly_gitops.config.tree import Scalar, mapping_at, problem_at, text_at
from butterfly_gitops.model.problem import Problem


def check_removals(reading: FleetReading) -> Iterator[Problem]:
    """All rules of this module."""
    for site in reading.sites:
        removed = _removed(site)
        if removed:
            yield from _still_there(site, removed)
            yield from _still_used(site, {key.text: key for key in reversed(removed)})
            yield from _removed_twice(removed)
        yield from _renamed(site, {key.text: key for key in reversed(removed)})
    yield from _sites_still_there(reading)


def _removed(site: SiteReading) -> tuple[Scalar, ...]:
    trees = (site.site_tree, site.endpoints_tree, site.archives_tree)
    return tuple(key for tree in trees for key in keys_of(mapping_at(tree, "removed")))


def _still_there(site: SiteReading, removed: tuple[Scalar, ...]) -> Iterator[Problem]:
    living = {key.text: (kind, key) for kind, tree in site.things.items() for key in keys_of(tree)}
    for name in removed:
        if name.text in living:
            kind, key = living[name.text]
            says = f'"{name.text}" is named as removed, and is still {kind} of {site.name}'
            hint = f"take {name.text} out of {key.place.source.file}, or this entry"
            yield _contradiction(name, "removed-still-there", says, hint, (f"{kind} of this name", key))


def _still_used(site: SiteReading, removed: dict[str, Scalar]) -> Iterator[Problem]:
    living = {key.text for key in keys_of(site.things["an EHR endpoint"])}
    for archive in site.archives.values() if site.knows_endpoints else ():
        for item in archive.forward_to:
            if item.text in removed and item.text not in living:
                message = f'{archive.key.text} still forwards to "{item.text}", which is named as removed'
                hint = f"take {item.text} out of forward_to, or bring it back and take it out of removed"
                related = ("removed here", removed[item.text])
                yield _contradiction(item, "removed-still-used", message, hint, related)
    links = {key.text for key in keys_of(site.links)}
    for endpoint in site.endpoints.values() if site.links else ():
        link = text_at(endpoint.merged.tree, "link")
        if link and link.text in removed and link.text not in links:
            # A preset may be right for other sites; this one's endpoint is to fix.
            is_own = link.place.source.site == site.name
            problem = _contradiction(
                link if is_own else endpoint.key,
                "removed-still-used",
                f'{endpoint.name} still uses Link "{link.text}", which is named as removed',
                f"give {endpoint.name} another Link, or bring {link.text} back and take it out of removed",
                ("removed here", removed[link.text]),
            )
            shared = () if is_own else endpoint.provenance("link")
            yield replace(problem, related=(*problem.related, *shared))


def _removed_twice(removed: tuple[Scalar, ...]) -> Iterator[Problem]:
    first: dict[str, Scalar] = {}
    for name in removed:
        if other := first.get(name.text):
            says, hint = f'"{name.text}" is named as removed in two files', "keep it in the file that it left"
            yield _contradiction(name, "removed-twice", says, hint, ("the other entry", other))
        first.setdefault(name.text, name)


def _renamed(site: SiteReading, removed: dict[str, Scalar]) -> Iterator[Problem]:
    living = {key.text: key for key in keys_of(site.things["an EHR endpoint"])}
    first: dict[str, Scalar] = {}
    for endpoint in site.endpoints.values():
        old = text_at(endpoint.own, "renamed_from")
        if old is None or old.is_null:
            continue
        if old.text == endpoint.name:
            message, hint = f'"{old.text}" cannot be renamed from itself', "write the name that it had before"
            yield problem_at(old.place, "renamed-from-living", message, hint)
        elif other := living.get(old.text):
            message = f'"{old.text}" is still an EHR endpoint of {site.name}, so nothing was renamed from it'
            hint = f"take {old.text} out, or renamed_from"
            yield _contradiction(old, "renamed-from-living", message, hint, ("the endpoint itself", other))
        elif other := first.get(old.text):
            message = f'two endpoints are renamed from "{old.text}"'
            hint = "keep renamed_from at the one that takes what waits"
            yield _contradiction(old, "renamed-from-twice", message, hint, ("the other one", other))
        elif other := removed.get(old.text):
            message = f'"{old.text}" is renamed here, and is named as removed too'
            hint = f"take {old.text} out of removed, or renamed_from out of {endpoint.name}"
            yield _contradiction(old, "removed-and-renamed", message, hint, ("removed here", other))
        first.setdefault(old.text, old)


def _contradiction(old: Scalar, rule: str, message: str, hint: str, other: tuple[str, Scalar]) -> Problem:
    said, there = other
    related = ((said, there.place.origin),)
    return problem_at(old.place, rule, message, hint, related=related)


def _sites_still_there(reading: FleetReading) -> Iterator[Problem]:
    there = {site.name: site for site in reading.sites}
    for name in keys_of(mapping_at(reading.fleet_tree, "removed_sites")):
        if site := there.get(name.text):
            says = f'"{name.text}" is named as removed, and its folder is still there'
            hint = f"delete {site.source.file}/, or this entry"
            # The other sites have no part in the contradiction.
            problem = problem_at(name.place, "removed-still-there", says, hint)
            yield replace(problem, site=name.text)
