"""Connections: where they lead, what endpoints that share one must agree on, and the names of both ends."""

import re
from collections.abc import Iterator

from butterfly_gitops.config.reading import EndpointReading, FleetReading, SiteReading, keys_of
from butterfly_gitops.config.tree import Scalar, mapping_at, problem_at, text_at
from butterfly_gitops.config.values.context import shown
from butterfly_gitops.model.endpoint import EhrEndpoint, Retry, Tls
from butterfly_gitops.model.host import address_of, same_host
from butterfly_gitops.model.problem import Origin, Problem, Severity
from butterfly_gitops.model.scalar import parse_duration, print_duration


def check_public_hosts(reading: FleetReading) -> Iterator[Problem]:
    """Warn of results that would travel readable through networks of others."""
    for _, endpoint in reading.endpoints:
        host = text_at(endpoint.merged.tree, "host")
        if endpoint.value is None or host is None:
            continue
        address = address_of(endpoint.value.host)
        if endpoint.value.tls.mode != "off" or address is None or not address.is_global:
            continue
        # Who writes tls.mode off by himself takes it on himself; an address for several endpoints is one problem.
        own = text_at(endpoint.own, "host") or text_at(endpoint.own, "tls", "mode")
        who = (
            f"{endpoint.name} sends" if own else f"endpoints that have it from {endpoint.layer('host')} send"
        )
        yield problem_at(
            (own or host).place,
            "plain-text-to-public",
            f"{host.text} is a public address, and {who} to it without TLS",
            "write the address that the EHR has within a VPN",
            related=endpoint.provenance("host") if own else (),
            severity=Severity.WARNING,
        )


_Member = tuple[SiteReading, EndpointReading, EhrEndpoint]
# Who dials, host, port and TLS.
_Wire = tuple[str, str, int, Tls]


def check_wires(reading: FleetReading) -> Iterator[Problem]:
    """Check that endpoints that share a connection want the same of it."""
    wires: dict[_Wire, list[_Member]] = {}
    for site, endpoint in reading.endpoints:
        if value := endpoint.value:
            wire = (site.dialler(value.link), same_host(value.host), value.port, value.tls)
            wires.setdefault(wire, []).append((site, endpoint, value))
    for first, *others in wires.values():
        for later in others:
            for setting in ("connection", "connection_timeout", "minimum_gap"):
                if getattr(first[2], setting) != getattr(later[2], setting):
                    yield _differ(later, first, setting=setting)
                    if first[0] is not later[0]:
                        # Either site may be the one to fix, so both wait.
                        yield _differ(first, later, setting=setting)


def _differ(here: _Member, there: _Member, *, setting: str) -> Problem:
    (site, endpoint, value), (other_site, other, other_value) = here, there
    one, two = f"{site.name}/{endpoint.name}", f"{other_site.name}/{other.name}"
    # A value from a preset is shown at the endpoint: the preset itself may be right.
    entry, other_entry = endpoint.own.entry(setting), other.own.entry(setting)
    return problem_at(
        (entry.value if entry else endpoint.key).place,
        "wire-settings-differ",
        f"{one} and {two} share a connection to {value.host}:{value.port}, but {setting} is "
        f"{_printed(value, setting)} here and {_printed(other_value, setting)} there",
        f"give both the same {setting}",
        related=(
            *endpoint.provenance(setting),
            (f"{two} is here", (other_entry.value if other_entry else other.key).place.origin),
            *((f"{setting} there {what}", origin) for what, origin in other.provenance(setting)),
        ),
    )


def _printed(endpoint: EhrEndpoint, setting: str) -> str:
    value = getattr(endpoint, setting)
    return value if isinstance(value, str) else print_duration(value)


def check_waits(reading: FleetReading) -> Iterator[Problem]:
    """Check that the first wait is no longer than the longest, in each shared layer by itself and in each endpoint."""
    for layer in reading.shared_layers:
        first, longest = (text_at(layer, "retry", name) for name in ("first", "longest"))
        if first and longest:
            yield from _too_long(first, longest, at=first)
    for _, endpoint in reading.endpoints:
        first, longest = (text_at(endpoint.merged.tree, "retry", name) for name in ("first", "longest"))
        if first:
            # Said at the outer one of two layers: the inner one may be right for others.
            is_outer = longest and endpoint.is_above("retry.longest", "retry.first")
            yield from _too_long(first, longest, at=longest if longest and is_outer else first)


def _too_long(first: Scalar, longest: Scalar | None, *, at: Scalar) -> Iterator[Problem]:
    try:
        wait = parse_duration(first.text)
        most = parse_duration(longest.text) if longest else Retry().longest
    except ValueError:
        return  # what is no duration has been refused
    if wait <= most:
        return
    there = (("retry.first", first), ("retry.longest", longest))
    printed = print_duration(most)
    says = f"retry.first is {first.text}, and retry.longest {printed}"
    yield problem_at(
        at.place,
        "first-wait-too-long",
        says if longest else f"{says} where nothing is written",
        f"write first: {printed} or less, or a longest of at least {first.text}",
        related=tuple((f"{name} is here", one.place.origin) for name, one in there if one and one is not at),
    )


_IDENTITIES = ("sending_application", "sending_facility", "receiving_application", "receiving_facility")
_UUID = "32 hexadecimal digits with hyphens, such as f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
_UUID_FORM = r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_OID_FORM = r"([01]\.[1-3]?[0-9]|2\.(0|[1-9][0-9]*))(\.(0|[1-9][0-9]*))*"
_FORMS = {
    "ISO": (_OID_FORM, "an OID", "an OID, such as 2.16.840.1.113883.3.9999.1"),
    "UUID": (_UUID_FORM, "a UUID", _UUID),
    "GUID": (rf"{_UUID_FORM}|\{{{_UUID_FORM}\}}", "a GUID", _UUID),
}


def check_universal_ids(reading: FleetReading) -> Iterator[Problem]:
    """Check universal ids by their types, for each endpoint with all its layers: an id and its type may stand in two."""
    said: set[Origin] = set()
    for _, endpoint in reading.endpoints:
        authorities = mapping_at(endpoint.merged.tree, "message", "authorities")
        paths: list[tuple[str, ...]] = [(name,) for name in _IDENTITIES]
        paths += [("message", "authorities", key.text) for key in keys_of(authorities)]
        for path in paths:
            for problem in _misnumbered(endpoint, path):
                # What a preset says in full is wrong once, however many endpoints have it.
                if problem.origin not in said:
                    said.add(problem.origin)
                    yield problem


def _misnumbered(endpoint: EndpointReading, path: tuple[str, ...]) -> Iterator[Problem]:
    written = text_at(endpoint.merged.tree, *path, "universal_id")
    said = text_at(endpoint.merged.tree, *path, "universal_id_type")
    # Where an authority says nothing of it, its id is an OID.
    kind = said.text if said else "ISO" if path[1:] else ""
    if written is None or written.is_null or kind not in _FORMS:
        return
    form, what, wanted = _FORMS[kind]
    if re.fullmatch(form, written.text):
        return
    # A type that was laid over the id is at odds with it here alone.
    id_path, type_path = (".".join((*path, key)) for key in ("universal_id", "universal_id_type"))
    is_above = said is not None and endpoint.is_above(type_path, id_path)
    yield problem_at(
        said.place if said and is_above else written.place,
        "bad-universal-id",
        f"{'the authority ' if path[1:] else ''}{path[-1]} has the universal_id {shown(written)}, which is not {what}",
        f"write {wanted}, or the universal_id_type that it has",
        related=endpoint.provenance(*path, "universal_id") if is_above else (),
    )
