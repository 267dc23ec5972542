"""Whom a connection reaches and what it carries there: host, encoding and the names in MSH-3 to MSH-6.

What one value must look like is refused as it is read (`host_reader`, `encoding_reader`, `identity_reader`).
"""

from collections.abc import Iterator

from butterfly_gitops.config.reading import FleetReading
from butterfly_gitops.config.rules.documentation import Rule
from butterfly_gitops.config.tree import problem_at, text_at
from butterfly_gitops.model.host import address_of
from butterfly_gitops.model.problem import Problem, Severity

RULES = (
    Rule(
        id="bad-host",
        says="host is the name or the address of the EHR as seen from the Link, and nothing else: its port stands in "
        "port, and a URL, a path or a user has no place in it. An IPv4 address is four numbers from 0 to 255, an "
        "IPv6 address stands without brackets. Addresses that nobody can be reached at (0.0.0.0, multicast, "
        "broadcast) are refused, and so are link-local ones (169.254.0.0/16, fe80::/10) and the names and addresses at "
        "which clouds tell a machine its credentials; what a name leads to is looked at again when it is dialled. "
        "Loopback is not refused, for an interface engine may run beside the Link.",
        wrong="host: 10.20.30.40:6661",
        right="host: 10.20.30.40\nport: 6661",
    ),
    Rule(
        id="unknown-encoding",
        says="An encoding has one name here: US-ASCII, ISO-8859-1 to ISO-8859-9, ISO-8859-15, windows-1252 or UTF-8. "
        "Others are not offered: characters of UTF-16 and UTF-32 hold the bytes that frame a message on MLLP (0B, "
        "1C and 0D), and those of GB18030, Big5 and Shift_JIS the bytes that separate its fields.",
        wrong="encoding: utf8",
        right="encoding: UTF-8",
    ),
    Rule(
        id="bad-identity",
        says="MSH-3 to MSH-6 say who sends and who receives, and the EHR compares them letter by letter. So they hold "
        "no character that separates parts of a message, none that controls, and no space at either end. HL7 "
        "v2.5.1 (HD, 2.A.33) allows 20 characters, and 199 for a universal_id.",
        wrong="receiving_facility: REG^2.16.840.1.113883.3.9999.1^ISO",
        right="receiving_facility: {namespace: REG, universal_id: 2.16.840.1.113883.3.9999.1, universal_id_type: ISO}",
    ),
    Rule(
        id="plain-text-to-public",
        says="With tls.mode off, names and findings of patients travel readable. Within a hospital's network or a VPN "
        "that is usual for MLLP; to a public address they cross networks of others. Only addresses are judged: "
        "what a name stands for is known where the Link looks it up.",
        wrong="host: 8.8.4.4   (tls.mode: off)",
        right="host: 10.20.30.40",
        severity=Severity.WARNING,
    ),
)


def check_connections(reading: FleetReading) -> Iterator[Problem]:
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
            rule="plain-text-to-public",
            message=f"{host.text} is a public address, and {who} to it without TLS",
            hint="write the address that the EHR has within a VPN",
            related=endpoint.provenance("host") if own else (),
            severity=Severity.WARNING,
        )
