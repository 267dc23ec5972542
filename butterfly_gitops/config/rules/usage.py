"""Endpoints, Links and presets that nothing uses, placeholders that nobody replaced, and wishes that were not granted."""

from collections.abc import Iterator

from butterfly_gitops.config.reading import EndpointReading, FleetReading, SiteReading, keys_of
from butterfly_gitops.config.tree import Mapping, Sequence, mapping_at, problem_at, text_at
from butterfly_gitops.model.problem import Origin, Problem, Severity


def check_usage(reading: FleetReading) -> Iterator[Problem]:
    """Warn of endpoints, Links, presets and sites that carry nothing."""
    for site in reading.sites:
        endpoints = site.things["an EHR endpoint"]
        if endpoints is None:
            continue
        if not endpoints.entries:
            for key in keys_of(site.endpoints_tree):
                if key.text == "ehr_endpoints":
                    message = f"{site.name} has no EHR endpoint, so none of its results is sent"
                    hint = "add one; or delete the site's folder and name it in removed_sites of fleet.yaml"
                    yield problem_at(key.place, "no-endpoint", message, hint, severity=Severity.NOTE)
            continue
        yield from _unused_endpoints(site, endpoints)
        yield from _unused_links(site, endpoints)
    yield from _unused_presets(reading)


def _unused_endpoints(site: SiteReading, endpoints: Mapping) -> Iterator[Problem]:
    used = _forwarded_to(site)
    # A name that is not there may stand for any endpoint; it has a problem of its own.
    if used is None or not used <= endpoints.entries.keys():
        return
    for endpoint in site.endpoints.values():
        processing = text_at(endpoint.merged.tree, "processing_id")
        is_for_tests = processing is not None and processing.text != "P"
        if endpoint.name not in used and not is_for_tests and not _is_paused(endpoint):
            message = f"no archive of {site.name} forwards to {endpoint.name}"
            archives = f"{site.source.file}/archives.yaml"
            hint = f"add {endpoint.name} to a forward_to in {archives}, pause it, or take it out here"
            yield problem_at(endpoint.key.place, "unused-endpoint", message, hint, severity=Severity.WARNING)


def _is_paused(endpoint: EndpointReading) -> bool:
    status = text_at(endpoint.merged.tree, "status")
    return status is not None and status.text == "paused"


def _forwarded_to(site: SiteReading) -> set[str] | None:
    """The endpoints that archives name, or None where one of them cannot be read."""
    archives = site.things["an archive"]
    if archives is None or site.archives.keys() != archives.entries.keys():
        return None
    lists = [archive.tree.value("forward_to") for archive in site.archives.values()]
    if not all(found is None or isinstance(found, Sequence) for found in lists):
        return None
    return {item.text for archive in site.archives.values() for item in archive.forward_to}


def _unused_links(site: SiteReading, endpoints: Mapping) -> Iterator[Problem]:
    # An endpoint that names no readable Link counts as naming an unknown one.
    links = (text_at(endpoint.merged.tree, "link") for endpoint in site.endpoints.values())
    used = {link.text if link else "" for link in links}
    removed = mapping_at(site.endpoints_tree, "removed")
    waiting = (text_at(removed, key.text, "waiting") for key in keys_of(removed))
    drains = any(each is not None and each.text == "drain" for each in waiting)
    is_known = site.endpoints.keys() == endpoints.entries.keys() and site.links is not None
    if not is_known or drains or not used <= {key.text for key in keys_of(site.links)}:
        return
    for link in keys_of(site.links):
        if link.text not in used:
            message = f"no EHR endpoint of {site.name} uses Link {link.text}"
            hint = "name it at the endpoint that it is for, or take it out here"
            yield problem_at(link.place, "unused-link", message, hint, severity=Severity.WARNING)


def _unused_presets(reading: FleetReading) -> Iterator[Problem]:
    trees = [site.things["an EHR endpoint"] for site in reading.sites]
    entries = [entry for tree in trees for entry in (tree.entries.values() if tree else ())]
    named = {
        preset.text if (preset := text_at(entry.value, "preset")) else ""
        for entry in entries
        if not isinstance(entry.value, Mapping) or "preset" in entry.value.entries
    }
    presets = {key.text: key for key in keys_of(reading.presets)}
    # What cannot be read may name any; so may a name that is not there. Before the first endpoint, all of them wait.
    if any(tree is None for tree in trees) or not named <= presets.keys() or not entries:
        return
    for name, key in presets.items():
        if name not in named:
            message = f"no EHR endpoint starts from preset {name}"
            hint = f"write preset: {name} at the endpoints that it is for, or take it out here"
            yield problem_at(key.place, "unused-preset", message, hint, severity=Severity.NOTE)


_WRITTEN_BY_INIT = (
    ("host", "ehr.example.org"),
    ("sending_facility", "FACILITY"),
    ("receiving_facility", "FACILITY"),
)


def check_placeholders(reading: FleetReading) -> Iterator[Problem]:
    """Warn of what `bgo init` writes in place of a hospital's own values; a value that several endpoints share is one problem."""
    found: set[Origin] = set()
    for _, endpoint in reading.endpoints:
        for name, placeholder in _WRITTEN_BY_INIT if not _is_paused(endpoint) else ():
            value = text_at(endpoint.merged.tree, name)
            if value is None or value.text != placeholder or value.place.origin in found:
                continue
            found.add(value.place.origin)
            message = f"{name} is still the {placeholder} that bgo init wrote, and {endpoint.name} is active"
            hint = "write yours, or status: paused until you know it"
            yield problem_at(value.place, "placeholder", message, hint, severity=Severity.WARNING)


def check_grants(reading: FleetReading) -> Iterator[Problem]:
    """Warn of what the subscription and the entitlements do not allow; intake decides."""
    grants = reading.grants_file
    if grants is None:
        return
    endpoints = reading.endpoints
    if grants.subscription != "enterprise":
        subscription = text_at(reading.grants_tree, "subscription")
        if endpoints and subscription:
            message = f"EHR integration needs the enterprise subscription: no result of {len(endpoints)} EHR endpoints is sent"
            hint = "have the subscription changed, or take the endpoints out"
            yield problem_at(subscription.place, "not-entitled", message, hint, severity=Severity.WARNING)
        return
    for site, endpoint in () if grants.entitlements.preliminary_results else endpoints:
        asks = text_at(endpoint.merged.tree, "preliminary_results")
        if asks and asks.text == "when_attestation_requested":
            # Written for several endpoints, it is one wish and one warning.
            who = endpoint.layer("preliminary_results") or f"{site.name}/{endpoint.name}"
            message = f"{who} asks for preliminary results, which have not been granted"
            hint = "ask the implementation team for entitlements.preliminary_results, or write never"
            yield problem_at(asks.place, "not-entitled", message, hint, severity=Severity.WARNING)
