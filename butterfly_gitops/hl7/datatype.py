"""Composite data types (HL7 v2.5.1, 2.A): components in, the escaped text of a field out.

Each function is named for its data type. Empty components at the end are cut; which value goes where in a segment
is the layout's.
"""

import re
from collections.abc import Mapping
from functools import lru_cache, partial

from butterfly_gitops.hl7.escape import escape, escaped
from butterfly_gitops.model.coding import Authority
from butterfly_gitops.model.endpoint import Hd, Identity
from butterfly_gitops.model.study import NM_PATTERN, Attending, Location, PatientIdentifier, Person

Authorities = Mapping[str, Authority]

_NUMBER = re.compile(NM_PATTERN)


def is_nm(text: str) -> bool:
    """Tell whether a text can be written as NM, a number (2.A.47): no exponent, no blanks."""
    return _NUMBER.fullmatch(text) is not None


def composite(*parts: str | None, separator: str = "^") -> str:
    """Join components that are not escaped yet."""
    return separator.join(escaped(*parts)).rstrip(separator)


# The same few codes, beds and members of staff come again and again; no patient's data is kept here.
coded = lru_cache(maxsize=1024)(composite)
_in_one = lru_cache(maxsize=1024)(partial(composite, separator="&"))


def hd(identity: Identity | None) -> str:
    """HD, hierarchic designator: a local name, or a universal id with its type."""
    if isinstance(identity, Hd):
        return composite(identity.namespace, identity.universal_id, identity.universal_id_type)
    return escape(identity or "")


def cx(identifier: PatientIdentifier, authorities: Authorities) -> str:
    """CX, extended composite id: id (1), assigning authority (4), type of table 0203 (5)."""
    if identifier.authority not in authorities:
        return escape(identifier.id) + coded("", "", "", identifier.authority, identifier.type)
    parts = (
        escape(identifier.id),
        "",
        "",
        _full(identifier.authority, authorities),
        escape(identifier.type or ""),
    )
    return "^".join(parts).rstrip("^")


def _full(authority: str | None, authorities: Authorities) -> str:
    """An assigning authority as HD within a component: its own name, and its universal id with the type of that."""
    known = authorities[authority or ""]
    return composite(authority, known.universal_id, known.universal_id_type, separator="&")


def xpn(family: str | None, given: str | None, *, unnamed: str) -> str:
    """XPN, a patient's name: legal (L of table 0200), or of the type `unnamed` where there is none to print."""
    if not (family or given):
        return f"^^^^^^{unnamed}"
    family, given = escaped(family, given)
    return f"{family}^{given}^^^^^L"


def xcn(person: Person | Attending | None, authorities: Authorities) -> str:
    """XCN, a numbered person: id (1), family (2), given (3), assigning authority (9), type of id (13)."""
    if person is None:
        return ""
    if not person.id:
        return coded("", person.family, person.given)
    nothing = ("",) * 5
    if person.authority not in authorities:
        return coded(
            person.id, person.family, person.given, *nothing, person.authority, "", "", "", person.id_type
        )
    names = [escape(part or "") for part in (person.id, person.family, person.given)]
    authority = _full(person.authority, authorities)
    return "^".join([*names, *nothing, authority, "", "", "", escape(person.id_type or "")]).rstrip("^")


def ndl(person: Person | None, authorities: Authorities) -> str:
    """NDL, a name with date and place: all of the name is its first component, so `&` stands between its parts."""
    if person is None:
        return ""
    nothing = ("",) * 5
    authority = (person.authority or "") if person.id else ""
    known = authorities.get(authority)
    # CNN.10 and CNN.11: what an HD holds after its name (2.A.7).
    full = (known.universal_id, known.universal_id_type) if known else ()
    return _in_one(person.id, person.family, person.given, *nothing, authority, *full)


def pl(location: Location | None) -> str:
    """PL, person location: point of care, room, bed."""
    return coded(location.unit, location.room, location.bed) if location else ""
