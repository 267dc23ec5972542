"""Universal ids that are not what their type says: an EHR that checks them refuses every message."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from butterfly_gitops.config.context import shown
from butterfly_gitops.config.reading import EndpointReading, FleetReading
from butterfly_gitops.config.rules.documentation import Rule
from butterfly_gitops.config.tree import Mapping, Scalar, mapping_at, problem_at, text_at
from butterfly_gitops.model.problem import Origin, Problem

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
_UUID = "32 hexadecimal digits with hyphens, such as f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
_UUID_FORM = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_OID = re.compile(r"([01]\.[1-3]?[0-9]|2\.(0|[1-9][0-9]*))(\.(0|[1-9][0-9]*))*")
_FORMS = {
    "ISO": (_OID, "an OID", "an OID, such as 2.16.840.1.113883.3.9999.1"),
    "UUID": (_UUID_FORM, "a UUID", _UUID),
    "GUID": (re.compile(rf"{_UUID_FORM.pattern}|\{{{_UUID_FORM.pattern}\}}"), "a GUID", _UUID),
}


def check_universal_ids(reading: FleetReading) -> Iterator[Problem]:
    """All rules of this module, for each endpoint with all its layers: an id and its type may stand in two."""
    said: set[Origin] = set()
    for _, endpoint in reading.endpoints:
        for identity in _identities(endpoint.merged.tree):
            for problem in _judged(identity, endpoint):
                # What a preset says in full is wrong once, however many endpoints have it.
                if problem.origin not in said:
                    said.add(problem.origin)
                    yield problem


@dataclass(frozen=True, slots=True, kw_only=True)
class _Identity:
    """A universal id with its type, if one is written, and the path of what has it."""

    name: str
    path: tuple[str, ...]
    written: Scalar
    said: Scalar | None
    otherwise: str = ""

    @property
    def kind(self) -> str:
        return self.said.text if self.said else self.otherwise


def _identities(tree: Mapping) -> Iterator[_Identity]:
    authorities = mapping_at(tree, "message", "authorities")
    for name, path, otherwise in (
        *((name, (name,), "") for name in _IDENTITIES),
        # Where an authority says nothing of it, its id is an OID.
        *((f"the authority {name}", ("message", "authorities", name), "ISO") for name in _names(authorities)),
    ):
        written = text_at(tree, *path, "universal_id")
        if written is not None and not written.is_null:
            said = text_at(tree, *path, "universal_id_type")
            yield _Identity(name=name, path=path, written=written, said=said, otherwise=otherwise)


def _names(authorities: Mapping | None) -> Iterable[str]:
    return authorities.entries if authorities else ()


def _judged(one: _Identity, endpoint: EndpointReading) -> Iterator[Problem]:
    if one.kind not in _FORMS or _FORMS[one.kind][0].fullmatch(one.written.text):
        return
    _, what, wanted = _FORMS[one.kind]
    is_above = one.said is not None and _is_of_a_layer_above(one, endpoint)
    yield problem_at(
        one.said.place if one.said and is_above else one.written.place,
        rule="bad-universal-id",
        message=f"{one.name} has the universal_id {shown(one.written)}, which is not {what}{_why(one.written, one.kind)}",
        hint=f"write {wanted}, or the universal_id_type that it has",
        related=endpoint.provenance(*one.path, "universal_id") if is_above else (),
    )


def _is_of_a_layer_above(one: _Identity, endpoint: EndpointReading) -> bool:
    """Whether the type was laid over the id, which is then at odds here alone."""
    layers = [layer.name for layer in endpoint.layers]
    of = endpoint.merged.layer_of
    id_path, type_path = (".".join((*one.path, key)) for key in ("universal_id", "universal_id_type"))
    return layers.index(of[type_path]) > layers.index(of[id_path])


def _why(written: Scalar, kind: str) -> str:
    """What is wrong with an OID that looks like one."""
    arcs = written.text.split(".")
    if kind != "ISO" or not all(arc.isascii() and arc.isdigit() for arc in arcs):
        return ""
    if zeros := next((arc for arc in arcs if len(arc) > 1 and arc.startswith("0")), None):
        return f": {zeros} has a leading zero"
    return ": its first number is not 0, 1 or 2" if len(arcs[0]) > 1 or arcs[0] > "2" else ""
