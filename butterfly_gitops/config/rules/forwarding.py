"""What an archive may forward to."""

from collections.abc import Iterator

from butterfly_gitops.config.reading import ArchiveReading, EndpointReading, FleetReading, SiteReading
from butterfly_gitops.config.rules.documentation import Rule
from butterfly_gitops.config.tree import Scalar, problem_at, text_at
from butterfly_gitops.model.archive import MAX_ENDPOINTS_PER_ARCHIVE
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.host import same_host
from butterfly_gitops.model.problem import Problem, Severity

RULES = (
    Rule(
        id="too-many-endpoints",
        says="An archive forwards to at most three EHR endpoints.",
        wrong="forward_to: [epic-prod, registry, oracle-prod, athena]",
        right="forward_to: [epic-prod, registry, oracle-prod]",
    ),
    Rule(
        id="duplicate-forward",
        says="An endpoint stands once in an archive's forward_to; it receives each result once.",
        wrong="forward_to: [epic-prod, epic-prod]",
        right="forward_to: [epic-prod]",
    ),
    Rule(
        id="educational-forwards",
        says="An archive for education never forwards: its studies are no part of a patient's record.",
        wrong="purpose: educational\nforward_to: [epic-prod]",
        right="purpose: educational",
    ),
    Rule(
        id="test-endpoint-clinical",
        says="A message whose MSH-11 is T (training) or D (debugging) is for a test: an EHR that reads the field keeps "
        "it out of the chart, and one that does not files it as any other. The results of a clinical archive are "
        "for the chart, so they go to endpoints with processing_id P.",
        wrong="epic-test: {…, processing_id: T}\nemergency: {purpose: clinical, forward_to: [epic-test]}",
        right="epic-prod: {…, processing_id: P}\nemergency: {purpose: clinical, forward_to: [epic-prod]}",
        severity=Severity.WARNING,
    ),
    Rule(
        id="duplicate-listener-identity",
        says="Two endpoints that reach the same listener (Link, host and port) under the same receiver (MSH-5 and "
        "MSH-6) are one EHR. An archive that forwards to both would put each result into the chart twice: that "
        "is an error. Two such endpoints with the same sender (MSH-3 and MSH-4) and processing_id too, which no "
        "archive joins, are only warned of: the EHR cannot tell them apart. Two senders at one listener are usual, "
        "and fine, and so are P and T. The same is warned of between sites: a copied folder says what the first one "
        "says. However the host is spelled (fd00::1, fd00:0:0:0:0:0:0:1), it is one. All Links that run here dial from this "
        "machine, so for a listener they are one.",
        wrong="forward_to: [epic-prod, epic-again]   (same host, port and receiver)",
        right="forward_to: [epic-prod]",
        may_warn=True,
    ),
)

# What MSH-11 says of a message that is no production (table 0103).
_TESTS = {"T": "training", "D": "debugging"}

Listener = tuple[object, ...]
Member = tuple[SiteReading, EndpointReading]
# What makes a receiver; a layer that gives it to one endpoint may give it to the other.
_RECEIVER = ("link", "host", "port", "receiving_application", "receiving_facility")


def check_forwarding(reading: FleetReading) -> Iterator[Problem]:
    """All rules of this module."""
    earlier: dict[Listener, Member] = {}
    for site in reading.sites:
        joined: set[frozenset[str]] = set()
        for archive in site.archives.values():
            yield from _too_many(archive)
            yield from _twice(archive)
            yield from _educational(archive)
            yield from _tests(site, archive)
            for first, second in _same_receiver(site, archive):
                joined.add(frozenset((first.text, second.text)))
                yield _joins(archive, first, second, site.endpoints[second.text])
        yield from _same_everything(site, joined, earlier)


def _too_many(archive: ArchiveReading) -> Iterator[Problem]:
    if len(archive.forward_to) > MAX_ENDPOINTS_PER_ARCHIVE:
        yield problem_at(
            archive.forward_to[MAX_ENDPOINTS_PER_ARCHIVE].place,
            rule="too-many-endpoints",
            message=f"{archive.key.text} forwards to {len(archive.forward_to)} EHR endpoints, "
            f"at most {MAX_ENDPOINTS_PER_ARCHIVE}",
            hint=f"leave {MAX_ENDPOINTS_PER_ARCHIVE} of them",
        )


def _twice(archive: ArchiveReading) -> Iterator[Problem]:
    first: dict[str, Scalar] = {}
    for item in archive.forward_to:
        if item.text in first:
            yield problem_at(
                item.place,
                rule="duplicate-forward",
                message=f'"{item.text}" stands twice in forward_to of {archive.key.text}',
                hint="keep one of them",
                related=(("first named here", first[item.text].place.origin),),
            )
        first.setdefault(item.text, item)


def _educational(archive: ArchiveReading) -> Iterator[Problem]:
    purpose = text_at(archive.tree, "purpose")
    if purpose and purpose.text == "educational" and archive.forward_to:
        yield problem_at(
            archive.forward_to[0].place,
            rule="educational-forwards",
            message=f"{archive.key.text} is educational, and forwards",
            hint="write forward_to: [], or purpose: clinical",
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
                rule="test-endpoint-clinical",
                message=f"{archive.key.text} is clinical, and {item.text} marks its results as "
                f"{_TESTS[processing.text]} (MSH-11 {processing.text})",
                hint=f"forward to an endpoint for production, or give {item.text} processing_id: P",
                related=((f"processing_id {processing.text} {origin}", processing.place.origin),),
                severity=Severity.WARNING,
            )


def _same_receiver(site: SiteReading, archive: ArchiveReading) -> Iterator[tuple[Scalar, Scalar]]:
    """Pairs of items that reach one receiver under two names."""
    first: dict[Listener, Scalar] = {}
    for item in archive.forward_to:
        endpoint = site.endpoints.get(item.text)
        if endpoint is None or endpoint.value is None:
            continue
        receiver = _receiver(site, endpoint.value)
        other = first.setdefault(receiver, item)
        if other.text != item.text:
            yield other, item


def _receiver(site: SiteReading, endpoint: EhrEndpoint) -> Listener:
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
        rule="duplicate-listener-identity",
        message=f"{first.text} and {second.text} are the same receiver, "
        f"so it would get each result of {archive.key.text} twice",
        hint="forward to one of them, or correct host, port or receiver of the other",
        related=((f"{first.text} is named here", first.place.origin), *reached.shared(_RECEIVER)),
    )


def _same_everything(
    site: SiteReading, joined: set[frozenset[str]], earlier: dict[Listener, Member]
) -> Iterator[Problem]:
    """Endpoints of a site that no EHR can tell from an earlier one, of this site or of another; `earlier` grows."""
    for endpoint in site.endpoints.values():
        if (value := endpoint.value) is None:
            continue
        identity = (
            *_receiver(site, value),
            value.sending_application,
            value.sending_facility,
            value.processing_id,
        )
        other_site, other = earlier.setdefault(identity, (site, endpoint))
        is_joined = other_site is site and frozenset((other.name, endpoint.name)) in joined
        if other is not endpoint and not is_joined:
            one, two = _called(other_site, other, site), _called(site, endpoint, other_site)
            yield problem_at(
                endpoint.key.place,
                rule="duplicate-listener-identity",
                message=f"{one} and {two} reach the same listener under the same names "
                "and processing_id (MSH-3 to MSH-6, MSH-11)",
                hint="correct one of them, or keep only one",
                related=((f"{one} is here", other.key.place.origin), *endpoint.shared(_RECEIVER)),
                severity=Severity.WARNING,
            )


def _called(site: SiteReading, endpoint: EndpointReading, other: SiteReading) -> str:
    """What an endpoint is called beside one of another site."""
    return endpoint.name if site is other else f"{site.name}/{endpoint.name}"
