"""Endpoints that share a connection must want the same of it."""

from collections.abc import Iterator

from butterfly_gitops.config.reading import EndpointReading, FleetReading, SiteReading
from butterfly_gitops.config.rules.documentation import Rule
from butterfly_gitops.config.tree import problem_at
from butterfly_gitops.model.endpoint import EhrEndpoint, Tls
from butterfly_gitops.model.host import same_host
from butterfly_gitops.model.problem import Problem
from butterfly_gitops.model.scalar import print_duration

RULES = (
    Rule(
        id="wire-settings-differ",
        says="Endpoints that reach the same listener (Link, host, port, TLS) share one connection, and take turns "
        "on it. So they agree on connection, connection_timeout and minimum_gap. All Links that run here dial "
        "from this machine, so their endpoints share a connection across sites too. A preset keeps them alike.",
        wrong="epic-prod: {…, connection: keep_open}\nepic-lab: {…, connection: per_message}   (same host and port)",
        right="epic-prod: {…, preset: epic}\nepic-lab: {…, preset: epic}",
    ),
)

Member = tuple[SiteReading, EndpointReading, EhrEndpoint]
# Who dials, host, port and TLS.
Wire = tuple[str, str, int, Tls]


def check_wires(reading: FleetReading) -> Iterator[Problem]:
    """All rules of this module."""
    wires: dict[Wire, list[Member]] = {}
    for site in reading.sites:
        for endpoint in site.endpoints.values():
            if endpoint.value is not None:
                wires.setdefault(_wire(site, endpoint.value), []).append((site, endpoint, endpoint.value))
    for members in wires.values():
        for later in members[1:]:
            yield from _differences(members[0], later)


def _wire(site: SiteReading, endpoint: EhrEndpoint) -> Wire:
    return site.dialler(endpoint.link), same_host(endpoint.host), endpoint.port, endpoint.tls


def _differences(first: Member, later: Member) -> Iterator[Problem]:
    for setting in ("connection", "connection_timeout", "minimum_gap"):
        one, other = _printed(first[2], setting), _printed(later[2], setting)
        if one != other:
            yield _problem(later, first, setting=setting)
            if first[0] is not later[0]:
                # Either site may be the one to fix, so both wait.
                yield _problem(first, later, setting=setting)


def _problem(here: Member, there: Member, *, setting: str) -> Problem:
    site, endpoint, value = here
    other_site, other, other_value = there
    one, two = f"{site.name}/{endpoint.name}", f"{other_site.name}/{other.name}"
    # A value from a preset is shown at the endpoint: the preset itself may be right.
    entry = endpoint.own.entry(setting)
    other_entry = other.own.entry(setting)
    return problem_at(
        (entry.value if entry else endpoint.key).place,
        rule="wire-settings-differ",
        message=f"{one} and {two} share a connection to {value.host}:{value.port}, but {setting} is "
        f"{_printed(value, setting)} here and {_printed(other_value, setting)} there",
        hint=f"give both the same {setting}",
        related=(
            *endpoint.provenance(setting),
            (f"{two} is here", (other_entry.value if other_entry else other.key).place.origin),
            *((f"{setting} there {what}", origin) for what, origin in other.provenance(setting)),
        ),
    )


def _printed(endpoint: EhrEndpoint, setting: str) -> str:
    match setting:
        case "connection_timeout":
            return print_duration(endpoint.connection_timeout)
        case "minimum_gap":
            return print_duration(endpoint.minimum_gap)
        case _:
            return endpoint.connection
