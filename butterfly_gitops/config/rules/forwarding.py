"""Rules of forwarding: what an archive may forward to, and how many archives there may be."""

from collections.abc import Iterator

from butterfly_gitops.config.reading import ArchiveReading, EndpointReading, FleetReading, SiteReading
from butterfly_gitops.config.tree import Scalar, problem_at, text_at
from butterfly_gitops.model.archive import MAX_ARCHIVES_PER_FLEET, MAX_ENDPOINTS_PER_ARCHIVE
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.host import same_host
from butterfly_gitops.model.problem import Problem, Severity

# What MSH-11 says of a message that is no production (table 0103).
_TESTS = {"T": "training", "D": "debugging"}
# What makes a receiver; a layer that gives it to one endpoint may give it to the other.
_RECEIVER = ("link", "host", "port", "receiving_application", "receiving_facility")

_Listener = tuple[object, ...]
_Member = tuple[SiteReading, EndpointReading]


def check_forwarding(reading: FleetReading) -> Iterator[Problem]:
    """Check what each archive forwards to, and endpoints that are one EHR under two names."""
    earlier: dict[_Listener, _Member] = {}
    for site in reading.sites:
        joined: set[frozenset[str]] = set()
        for archive in site.archives.values():
            yield from _of_archive(archive)
            yield from _tests(site, archive)
            for first, second in _same_receiver(site, archive):
                joined.add(frozenset((first.text, second.text)))
                yield _joins(archive, first, second, site.endpoints[second.text])
        yield from _same_everything(site, joined, earlier)
    yield from _too_many_archives(reading)


def _of_archive(archive: ArchiveReading) -> Iterator[Problem]:
    name, items = archive.key.text, archive.forward_to
    if len(items) > MAX_ENDPOINTS_PER_ARCHIVE:
        yield problem_at(
            items[MAX_ENDPOINTS_PER_ARCHIVE].place,
            "too-many-endpoints",
            f"{name} forwards to {len(items)} EHR endpoints, at most {MAX_ENDPOINTS_PER_ARCHIVE}",
            f"leave {MAX_ENDPOINTS_PER_ARCHIVE} of them",
        )
    first: dict[str, Scalar] = {}
    for item in items:
        if first.setdefault(item.text, item) is not item:
            yield problem_at(
                item.place,
                "duplicate-forward",
                f'"{item.text}" stands twice in forward_to of {name}',
                "keep one of them",
                related=(("first named here", first[item.text].place.origin),),
            )
    purpose = text_at(archive.tree, "purpose")
    if purpose and purpose.text == "educational" and items:
        yield problem_at(
            items[0].place,
            "educational-forwards",
            f"{name} is educational, and forwards",
            "write forward_to: [], or purpose: clinical",
            related=(("educational by", purpose.place.origin),),
        )


def _tests(site: SiteReading, archive: ArchiveReading) -> Iterator[Problem]:
    purpose = text_at(archive.tree, "purpose")
    if purpose and purpose.text != "clinical":
        return
    for item in archive.forward_to:
        endpoint = site.endpoints.get(item.text)
        processing = text_at(endpoint.merged.tree, "processing_id") if endpoint else None
        if endpoint and processing and processing.text in _TESTS:
            layer = endpoint.merged.layer_of["processing_id"]
            origin = "set here" if layer == "endpoint" else f"from {layer}"
            yield problem_at(
                item.place,
                "test-endpoint-clinical",
                f"{archive.key.text} is clinical, and {item.text} marks its results as "
                f"{_TESTS[processing.text]} (MSH-11 {processing.text})",
                f"forward to an endpoint for production, or give {item.text} processing_id: P",
                related=((f"processing_id {processing.text} {origin}", processing.place.origin),),
                severity=Severity.WARNING,
            )


def _same_receiver(site: SiteReading, archive: ArchiveReading) -> Iterator[tuple[Scalar, Scalar]]:
    """Find pairs of items that reach one receiver under two names."""
    first: dict[_Listener, Scalar] = {}
    for item in archive.forward_to:
        endpoint = site.endpoints.get(item.text)
        if endpoint is None or endpoint.value is None:
            continue
        other = first.setdefault(_receiver(site, endpoint.value), item)
        if other.text != item.text:
            yield other, item


def _receiver(site: SiteReading, endpoint: EhrEndpoint) -> _Listener:
    return (
        site.dialler(endpoint.link),
        same_host(endpoint.host),
        endpoint.port,
        endpoint.receiving_application,
        endpoint.receiving_facility,
    )


def _joins(archive: ArchiveReading, first: Scalar, second: Scalar, reached: EndpointReading) -> Problem:
    return problem_at(
        second.place,
        "duplicate-listener-identity",
        f"{first.text} and {second.text} are the same receiver, "
        f"so it would get each result of {archive.key.text} twice",
        "forward to one of them, or correct host, port or receiver of the other",
        related=((f"{first.text} is named here", first.place.origin), *reached.shared(_RECEIVER)),
    )


def _same_everything(
    site: SiteReading, joined: set[frozenset[str]], earlier: dict[_Listener, _Member]
) -> Iterator[Problem]:
    """Warn of endpoints that no EHR can tell from an earlier one, of this site or of another; `earlier` grows."""
    for endpoint in site.endpoints.values():
        if (value := endpoint.value) is None:
            continue
        names = value.sending_application, value.sending_facility, value.processing_id
        other_site, other = earlier.setdefault((*_receiver(site, value), *names), (site, endpoint))
        is_joined = other_site is site and frozenset((other.name, endpoint.name)) in joined
        if other is endpoint or is_joined:
            continue
        one, two = other.name, endpoint.name
        if site is not other_site:
            one, two = f"{other_site.name}/{one}", f"{site.name}/{two}"
        yield problem_at(
            endpoint.key.place,
            "duplicate-listener-identity",
            f"{one} and {two} reach the same listener under the same names "
            "and processing_id (MSH-3 to MSH-6, MSH-11)",
            "correct one of them, or keep only one",
            related=((f"{one} is here", other.key.place.origin), *endpoint.shared(_RECEIVER)),
            severity=Severity.WARNING,
        )


def _too_many_archives(reading: FleetReading) -> Iterator[Problem]:
    keys = [archive.key for site in reading.sites for archive in site.archives.values()]
    # Every site beyond the limit must stay as it runs, and hear of it once.
    first_of_site = {key.place.source.site: key for key in reversed(keys[MAX_ARCHIVES_PER_FLEET:])}
    for key in first_of_site.values():
        message = f"the fleet has {len(keys)}, at most {MAX_ARCHIVES_PER_FLEET}"
        yield problem_at(
            key.place,
            "too-many-archives",
            f"{key.text} is one archive too many: {message}",
            f"take out {len(keys) - MAX_ARCHIVES_PER_FLEET} of them, in this site or another",
        )
