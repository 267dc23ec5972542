"""Each name is used once, and each name that is referred to is there."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from butterfly_gitops.config.nearest import Guesses
from butterfly_gitops.config.reading import FleetReading, SiteReading
from butterfly_gitops.config.rules.documentation import Rule
from butterfly_gitops.config.tree import Mapping, Scalar, mapping_at, problem_at, scalars_at, text_at
from butterfly_gitops.config.written_names import in_latin_letters, slug_of
from butterfly_gitops.model.problem import Problem
from butterfly_gitops.model.scalar import NAME_PATTERN

RULES = (
    Rule(
        id="name-taken",
        says="A name is used once per site, whatever it names, so that st-elsewhere/epic-prod means one thing.",
        wrong="links: {epic: {…}}   and   ehr_endpoints: {epic: {…}}",
        right="links: {server-room: {…}}   and   ehr_endpoints: {epic: {…}}",
    ),
    Rule(
        id="unknown-link",
        says="An endpoint's link names a Link in the site.yaml of the same site.",
        wrong="link: server-rom",
        right="link: server-room",
    ),
    Rule(
        id="unknown-preset",
        says="An endpoint's preset is one of the presets in fleet.yaml.",
        wrong="preset: epik",
        right="preset: epic",
    ),
    Rule(
        id="unknown-endpoint",
        says="An archive forwards to EHR endpoints of its own site, by their names in ehr-endpoints.yaml.",
        wrong="forward_to: [epic-prd]",
        right="forward_to: [epic-prod]",
    ),
    Rule(
        id="unknown-site",
        says='The sites of an access role are folders of this configuration or in removed_sites, or "*" for all. A '
        "misspelt site would lock people out, or a later site of that name would let them in.",
        wrong="sites: [st-elsewere]",
        right="sites: [st-elsewhere]",
    ),
    Rule(
        id="duplicate-cloud-id",
        says="The source of events names an archive by its cloud_id, so no two archives of the fleet share one, and "
        "none looks like another archive's address.",
        wrong="cloud_id: a-118   in two archives",
        right="cloud_id: a-118   in one, a-119 in the other",
    ),
)


def check_names(reading: FleetReading) -> Iterator[Problem]:
    """All rules of this module."""
    guesses = Guesses()
    for site in reading.sites:
        yield from _names_taken(site)
        yield from _unknown_links(site, guesses)
        yield from _unknown_presets(site, reading.presets, guesses)
        yield from _unknown_endpoints(site, guesses)
    yield from _unknown_sites(reading, guesses)
    yield from _duplicate_cloud_ids(reading)


def keys_of(tree: Mapping | None) -> tuple[Scalar, ...]:
    """The keys of a mapping."""
    return tuple(entry.key for entry in tree.entries.values()) if tree else ()


def titles_of(tree: Mapping | None) -> dict[str, str]:
    """Which key each display_name of a mapping's entries belongs to; a title that two of them have says nothing."""
    titled = [
        (title.text, key.text) for key in keys_of(tree) if (title := text_at(tree, key.text, "display_name"))
    ]
    count = Counter(title for title, _ in titled)
    return {title: name for title, name in titled if count[title] == 1}


def _names_taken(site: SiteReading) -> Iterator[Problem]:
    first: dict[str, tuple[str, Scalar]] = {}
    kinds = {
        "a Link": site.links,
        "an EHR endpoint": mapping_at(site.endpoints_tree, "ehr_endpoints"),
        "an archive": mapping_at(site.archives_tree, "archives"),
    }
    for kind, tree in kinds.items():
        for key in keys_of(tree):
            if key.text not in first:
                first[key.text] = (kind, key)
                continue
            taken, by = first[key.text]
            yield problem_at(
                key.place,
                rule="name-taken",
                message=f'"{key.text}" is {taken} of {site.name} already, so {kind} needs another name',
                hint="give one of them another name",
                related=((f"{taken} of this name", by.place.origin),),
            )


def _unknown_links(site: SiteReading, guesses: Guesses) -> Iterator[Problem]:
    if site.links is None:
        return
    named = ((each, text_at(each.merged.tree, "link")) for each in site.endpoints.values())
    unknown = [
        (each, link)
        for each, link in named
        if link and not link.is_null and link.text not in site.links.entries
    ]
    misnamed = _meant_by_bad_names(keys_of(site.links)) if unknown else set()
    for endpoint, link in unknown:
        if link.text not in misnamed:
            add = f"add it to links in {site.source.file}/site.yaml"
            hint = guesses.hint_name(link, keys_of(site.links), otherwise=add, titles=titles_of(site.links))
            # A preset may be right for other sites; this one's endpoint is to fix.
            is_own = link.place.source.site == site.name
            problem = _of_site(
                link if is_own else endpoint.key,
                site,
                rule="unknown-link",
                message=f'no Link "{link.text}"',
                hint=hint,
            )
            yield problem if is_own else replace(problem, related=endpoint.provenance("link"))


def _meant_by_bad_names(keys: Iterable[Scalar]) -> set[str]:
    """What names that are refused would be called: where they are referred to, nothing is to fix."""
    bad = (key.text for key in keys if not re.fullmatch(NAME_PATTERN, key.text))
    return {slug_of(in_latin_letters(text.lower())) for text in bad}


def _of_site(value: Scalar, site: SiteReading, *, rule: str, message: str, hint: str) -> Problem:
    return problem_at(value.place, rule=rule, message=f"{site.name} has {message}", hint=hint)


def _unknown_presets(site: SiteReading, presets: Mapping | None, guesses: Guesses) -> Iterator[Problem]:
    if presets is None:
        return
    named = (text_at(endpoint.own, "preset") for endpoint in site.endpoints.values())
    unknown = [preset for preset in named if preset and preset.text not in presets.entries]
    misnamed = _meant_by_bad_names(keys_of(presets)) if unknown else set()
    for preset in unknown:
        if preset.text not in misnamed:
            hint = guesses.hint_name(preset, keys_of(presets), otherwise="add it to presets in fleet.yaml")
            message = f'there is no preset "{preset.text}"'
            yield problem_at(preset.place, rule="unknown-preset", message=message, hint=hint)


def _unknown_endpoints(site: SiteReading, guesses: Guesses) -> Iterator[Problem]:
    if not site.knows_endpoints:
        return
    tree = mapping_at(site.endpoints_tree, "ehr_endpoints")
    known = keys_of(tree)
    names = {key.text for key in known}
    if all(item.text in names for archive in site.archives.values() for item in archive.forward_to):
        return
    names |= _meant_by_bad_names(known)
    titles = titles_of(tree)
    for archive in site.archives.values():
        listed = {item.text for item in archive.forward_to}
        left = [key for key in known if key.text not in listed]
        for item in archive.forward_to:
            if item.text not in names:
                # A name that the list has already would stand there twice.
                otherwise = "add it to ehr-endpoints.yaml, or take it out of forward_to"
                hint = guesses.hint_name(item, left, otherwise=otherwise, titles=titles)
                message = f'no EHR endpoint "{item.text}"'
                yield _of_site(item, site, rule="unknown-endpoint", message=message, hint=hint)


def _unknown_sites(reading: FleetReading, guesses: Guesses) -> Iterator[Problem]:
    roles = mapping_at(reading.grants_tree, "access_roles")
    # Somebody must still see what drains at a site that has left.
    removed = (key.text for key in keys_of(mapping_at(reading.fleet_tree, "removed_sites")))
    # A folder that could not be read may be a site.
    unread = (path for path in reading.unread if re.fullmatch(NAME_PATTERN, path))
    known = {"*", *(site.name for site in reading.sites), *removed, *unread}
    for key in keys_of(roles):
        for item in scalars_at(roles, key.text, "sites"):
            if item.text not in known:
                meant = guesses.nearest(item, known)
                hint = (
                    f'write "{meant}"'
                    if meant
                    else 'bring its folder back, or take it out; "*" means all sites'
                )
                message = f'there is no site "{item.text}"'
                yield problem_at(item.place, rule="unknown-site", message=message, hint=hint)


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
        rule="duplicate-cloud-id",
        message="two archives go by one name at the source of events",
        hint="give each archive the cloud_id that the source shows for it",
        related=(("the other archive", other.place.origin),),
    )
