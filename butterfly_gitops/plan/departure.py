"""Sites that are gone on purpose, and entities whose site waits for a word on what they leave behind.

An empty checkout must never look like a wish, and results that wait are nobody's to forget.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from butterfly_gitops.model.frozen import Frozen
from butterfly_gitops.model.site import Removal, Site
from butterfly_gitops.plan.change import Change, Kind
from butterfly_gitops.plan.sides import Comparison
from butterfly_gitops.plan.waiting import open_count
from butterfly_gitops.plan.wording import agreed, all_of, many

FILE_OF: Mapping[Kind, str] = {
    "link": "site.yaml",
    "ehr_endpoint": "ehr-endpoints.yaml",
    "archive": "archives.yaml",
}
"""The file that an entity leaves, and whose `removed` names it then."""


class Blocked(Frozen):
    """A file of a site that entities leave while results wait for them, and nobody says what becomes of these."""

    site: str
    """The site that stays as it runs."""
    names: tuple[str, ...]
    """The entities that leave the file."""
    is_certain: bool
    """Whether results are known to wait; from files alone they may."""
    why: str
    """The reason and the fix, for a person."""


def with_removed_sites(comparison: Comparison) -> Comparison:
    """The same comparison where each site that `removed_sites` names is wanted empty.

    One that is empty already and not in the files is no longer there.
    """
    applied, desired = comparison.applied, comparison.desired
    if applied.fleet is None or desired.fleet is None:
        return comparison
    gone = applied.sites.keys() - desired.sites.keys()
    done = {name for name in gone if is_empty(applied.sites[name])}
    emptied = {
        name: emptied_site(applied.sites[name], removal)
        for name, removal in sorted(desired.fleet.removed_sites.items())
        if name in gone - done
    }
    return replace(
        comparison,
        applied=applied.with_sites({name: site for name, site in applied.sites.items() if name not in done}),
        desired=desired.with_sites({**desired.sites, **emptied}),
    )


def is_empty(site: Site) -> bool:
    """Whether nothing is left of a site but its name."""
    return not (site.links or site.ehr_endpoints or site.archives)


def has_left(before: Site | None, after: Site | None) -> bool:
    """Whether every endpoint of a site is gone: nothing of it is sent, whatever else is left."""
    if before is None or after is None or not before.ehr_endpoints:
        return False
    return not after.ehr_endpoints


def was_removed(site: Site | None) -> bool:
    """Whether what is applied of a site is that it was removed; one that has nothing yet is there."""
    return site is None or (is_empty(site) and bool(site.removed))


def emptied_site(site: Site, removal: Removal) -> Site:
    """Empty a site that leaves: all of it is removed, in the one way."""
    entities = sorted({*site.links, *site.ehr_endpoints, *site.archives})
    return Site(
        name=site.name,
        display_name=site.display_name,
        time_zone=site.time_zone,
        links={},
        ehr_endpoints={},
        archives={},
        removed=dict.fromkeys(entities, removal),
    )


def blocked(changes: Iterable[Change], comparison: Comparison) -> tuple[Blocked, ...]:
    """The entities that leave without a word where results wait, or may wait: one entry for each file."""
    found: dict[tuple[str, str, bool], dict[str, int]] = {}
    for change in changes:
        name = change.address.name
        if name is None or not change.is_removed or change.kind not in FILE_OF:
            continue
        waiting = open_count(change, comparison)
        if waiting != 0 and removal_of(change, comparison) is None:
            key = (change.address.site, FILE_OF[change.kind], waiting is not None)
            found.setdefault(key, {})[name] = waiting or 0
    return tuple(_blocked(*key, names) for key, names in sorted(found.items()))


def removal_of(change: Change, comparison: Comparison) -> Removal | None:
    """The word of the files on the results that wait for what leaves."""
    site = comparison.desired.site(change.address)
    return site.removed.get(change.address.name or "") if site else None


def _blocked(site: str, file: str, is_certain: bool, names: Mapping[str, int]) -> Blocked:
    ordered = tuple(sorted(names))
    count = sum(names.values())
    wait = f"{many(count, 'result waits', 'results wait')}" if is_certain else "results may wait"
    leave = agreed(len(ordered), "leaves", "leave")
    hint = ", ".join(f"{name}: {{waiting: drain, reason: …}}" for name in ordered)
    return Blocked(
        site=site,
        names=ordered,
        is_certain=is_certain,
        why=f"{all_of([f'`{name}`' for name in ordered])} {leave} {site}/{file} and {wait} there. "
        f"Add `removed: {{{hint}}}`.",
    )
