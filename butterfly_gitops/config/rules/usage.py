"""What the files describe and nothing uses: an endpoint, a Link, a preset, or a site whose results go nowhere."""

from collections.abc import Iterator

from butterfly_gitops.config.reading import EndpointReading, FleetReading, SiteReading
from butterfly_gitops.config.rules.documentation import Rule
from butterfly_gitops.config.rules.names import keys_of
from butterfly_gitops.config.tree import Mapping, Scalar, Sequence, mapping_at, problem_at, text_at
from butterfly_gitops.model.problem import Problem, Severity

RULES = (
    Rule(
        id="unused-endpoint",
        says="An active endpoint that no archive forwards to gets no result but one-off sends: its forwarding rule "
        "was forgotten, or the endpoint. Nothing is said of a paused one, since every endpoint begins like that, "
        "before its go-live, nor of one for tests (processing_id T or D), which no clinical archive should use. One "
        "for production that is there for one-off sends alone is worth a comment that says so.",
        wrong="ehr_endpoints: {epic-prod: {…}, athena: {…}}\nforward_to: [epic-prod]   (the only archive)",
        right="forward_to: [epic-prod, athena]",
        severity=Severity.WARNING,
    ),
    Rule(
        id="unused-link",
        says="A Link that no endpoint uses carries nothing: an endpoint names another Link by mistake, or this one "
        "has had its day. Nothing is said while an endpoint in removed drains, for that one keeps its Link.",
        wrong="links: {server-room: {…}, clinic-pc: {…}}\nlink: server-room   (at every endpoint)",
        right="links: {server-room: {…}}",
        severity=Severity.WARNING,
    ),
    Rule(
        id="unused-preset",
        says="A preset that no endpoint starts from changes nothing: it has had its day, or an endpoint that should "
        "name it does not. A note says so, unless there is no endpoint at all; a preset that is kept for the next site is "
        "worth a comment.",
        wrong="presets: {epic: {…}, oracle: {…}}\npreset: epic   (at every endpoint)",
        right="presets: {epic: {…}}",
        severity=Severity.NOTE,
    ),
    Rule(
        id="no-endpoint",
        says="A site without an EHR endpoint sends no result anywhere. That may be meant: while a site is prepared, "
        "or when its last endpoint has left. A note says it, so that nobody takes the site for connected.",
        wrong="ehr_endpoints: {}",
        right="ehr_endpoints: {epic-prod: {…}}",
        severity=Severity.NOTE,
    ),
)


def check_usage(reading: FleetReading) -> Iterator[Problem]:
    """All rules of this module."""
    for site in reading.sites:
        endpoints = mapping_at(site.endpoints_tree, "ehr_endpoints")
        if endpoints is None:
            continue
        if not endpoints.entries:
            yield from _no_endpoint(site)
            continue
        yield from _unused_endpoints(site, endpoints)
        yield from _unused_links(site, endpoints)
    yield from _unused_presets(reading)


def _no_endpoint(site: SiteReading) -> Iterator[Problem]:
    if site.endpoints_tree and (entry := site.endpoints_tree.entry("ehr_endpoints")):
        yield problem_at(
            entry.key.place,
            rule="no-endpoint",
            message=f"{site.name} has no EHR endpoint, so none of its results is sent",
            hint="add one; or delete the site's folder and name it in removed_sites of fleet.yaml",
            severity=Severity.NOTE,
        )


def _unused_endpoints(site: SiteReading, endpoints: Mapping) -> Iterator[Problem]:
    used = _forwarded_to(site)
    # A name that is not there may stand for any endpoint; it has a problem of its own.
    if used is None or not used <= endpoints.entries.keys():
        return
    for endpoint in site.endpoints.values():
        if endpoint.name not in used and not _may_stand_alone(endpoint):
            archives = f"{site.source.file}/archives.yaml"
            yield _unused(
                endpoint.key,
                rule="unused-endpoint",
                message=f"no archive of {site.name} forwards to {endpoint.name}",
                hint=f"add {endpoint.name} to a forward_to in {archives}, pause it, or take it out here",
            )


def _may_stand_alone(endpoint: EndpointReading) -> bool:
    status, processing = (text_at(endpoint.merged.tree, name) for name in ("status", "processing_id"))
    is_paused = status is not None and status.text == "paused"
    return is_paused or (processing is not None and processing.text != "P")


def _forwarded_to(site: SiteReading) -> set[str] | None:
    """The endpoints that archives name, or None where one of them cannot be read."""
    archives = mapping_at(site.archives_tree, "archives")
    if archives is None or site.archives.keys() != archives.entries.keys():
        return None
    lists = [archive.tree.value("forward_to") for archive in site.archives.values()]
    if not all(found is None or isinstance(found, Sequence) for found in lists):
        return None
    return {item.text for archive in site.archives.values() for item in archive.forward_to}


def _unused_links(site: SiteReading, endpoints: Mapping) -> Iterator[Problem]:
    used = _links_of_endpoints(site)
    is_known = site.endpoints.keys() == endpoints.entries.keys() and site.links is not None
    if not is_known or not used <= {key.text for key in keys_of(site.links)} or _drains(site):
        return
    for link in keys_of(site.links):
        if link.text not in used:
            yield _unused(
                link,
                rule="unused-link",
                message=f"no EHR endpoint of {site.name} uses Link {link.text}",
                hint="name it at the endpoint that it is for, or take it out here",
            )


def _links_of_endpoints(site: SiteReading) -> set[str]:
    """The Links that endpoints name; one that names none readable counts as naming an unknown one."""
    links = (text_at(endpoint.merged.tree, "link") for endpoint in site.endpoints.values())
    return {link.text if link else "" for link in links}


def _drains(site: SiteReading) -> bool:
    removed = mapping_at(site.endpoints_tree, "removed")
    waiting = (text_at(removed, key.text, "waiting") for key in keys_of(removed))
    return any(each is not None and each.text == "drain" for each in waiting)


def _unused_presets(reading: FleetReading) -> Iterator[Problem]:
    trees = [mapping_at(site.endpoints_tree, "ehr_endpoints") for site in reading.sites]
    named = {
        preset.text if (preset := text_at(entry.value, "preset")) else ""
        for tree in trees
        for entry in (tree.entries.values() if tree else ())
        if not isinstance(entry.value, Mapping) or "preset" in entry.value.entries
    }
    presets = {key.text: key for key in keys_of(reading.presets)}
    # What cannot be read may name any; so may a name that is not there.
    if any(tree is None for tree in trees) or not named <= presets.keys():
        return
    # Before the first endpoint is written, all of them wait for it.
    has_endpoints = any(tree and tree.entries for tree in trees)
    for name, key in presets.items() if has_endpoints else ():
        if name in named:
            continue
        yield problem_at(
            key.place,
            rule="unused-preset",
            message=f"no EHR endpoint starts from preset {name}",
            hint=f"write preset: {name} at the endpoints that it is for, or take it out here",
            severity=Severity.NOTE,
        )


def _unused(key: Scalar, *, rule: str, message: str, hint: str) -> Problem:
    return problem_at(key.place, rule=rule, message=message, hint=hint, severity=Severity.WARNING)
