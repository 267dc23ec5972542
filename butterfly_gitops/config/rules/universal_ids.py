"""Universal ids that are not what their type says: an EHR that checks them refuses every message."""

import re
from collections.abc import Iterator

from butterfly_gitops.config.context import shown
from butterfly_gitops.config.reading import EndpointReading, FleetReading
from butterfly_gitops.config.rules.documentation import Rule
from butterfly_gitops.config.tree import Mapping, Scalar, mapping_at, problem_at, text_at
from butterfly_gitops.model.problem import Problem

RULES = (
    Rule(
        id="bad-universal-id",
        says="A universal_id is what its universal_id_type says (HL7 v2.5.1, HD, 2.A.33). ISO is an OID: numbers with "
        "points between them and no leading zeros, the first 0, 1 or 2, and the second below 40 behind 0 and 1 (ITU-T "
        "X.660). UUID and GUID are 32 hexadecimal digits with hyphens (RFC 9562).",
        wrong="sending_facility: {universal_id: 1.2.x, universal_id_type: ISO}",
        right="sending_facility: {universal_id: 2.16.840.1.113883.3.9999.1, universal_id_type: ISO}",
    ),
)

_IDENTITIES = ("sending_application", "sending_facility", "receiving_application", "receiving_facility")
_UUID = "32 hexadecimal digits, such as f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
_UUID_FORM = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_OID = re.compile(r"([01]\.[1-3]?[0-9]|2\.(0|[1-9][0-9]*))(\.(0|[1-9][0-9]*))*")
_FORMS = {
    "ISO": (_OID, "an OID", "an OID, such as 2.16.840.1.113883.3.9999.1"),
    "UUID": (_UUID_FORM, "a UUID", _UUID),
    "GUID": (re.compile(rf"{_UUID_FORM.pattern}|\{{{_UUID_FORM.pattern}\}}"), "a GUID", _UUID),
}


def check_universal_ids(reading: FleetReading) -> Iterator[Problem]:
    """All rules of this module, in each shared layer by itself, and in each endpoint."""
    presets = reading.presets
    for name in presets.entries if presets else ():
        yield from _of_tree(mapping_at(presets, name))
    for site in reading.sites:
        yield from _of_tree(mapping_at(site.site_tree, "endpoint_defaults"))
        for endpoint in site.endpoints.values():
            yield from _of_endpoint(endpoint)


def _of_endpoint(endpoint: EndpointReading) -> Iterator[Problem]:
    """Of all layers, for an id and its type may stand in two; what a preset says is said there."""
    for problem in _of_tree(endpoint.merged.tree):
        if problem.site is not None:
            yield problem


def _of_tree(tree: Mapping | None) -> Iterator[Problem]:
    for name in _IDENTITIES:
        yield from _of_id(mapping_at(tree, name), name)
    authorities = mapping_at(tree, "message", "authorities")
    for name in authorities.entries if authorities else ():
        # Where an authority says nothing of it, its id is an OID.
        yield from _of_id(mapping_at(authorities, name), f"the authority {name}", kind="ISO")


def _of_id(tree: Mapping | None, name: str, *, kind: str = "") -> Iterator[Problem]:
    written, said = text_at(tree, "universal_id"), text_at(tree, "universal_id_type")
    kind = said.text if said else kind
    if written is None or written.is_null or kind not in _FORMS:
        return
    form, what, wanted = _FORMS[kind]
    if form.fullmatch(written.text) is None:
        yield problem_at(
            written.place,
            rule="bad-universal-id",
            message=f"{name} has the universal_id {shown(written)}, which is not {what}{_why(written, kind)}",
            mend=f"write {wanted}, or the universal_id_type that it has",
        )


def _why(written: Scalar, kind: str) -> str:
    """What is wrong with an OID that looks like one."""
    arcs = written.text.split(".")
    if kind != "ISO" or not all(arc.isascii() and arc.isdigit() for arc in arcs):
        return ""
    if zeros := next((arc for arc in arcs if len(arc) > 1 and arc.startswith("0")), None):
        return f": {zeros} has a leading zero"
    return ": its first number is not 0, 1 or 2" if len(arcs[0]) > 1 or arcs[0] > "2" else ""
