"""The identity of patients: identifiers are compared as digests, so that they outlive bodies."""

import hashlib
from collections.abc import Iterable

from butterfly_gitops.model.study import PatientIdentifier


def identifier_keys(identifiers: Iterable[PatientIdentifier]) -> frozenset[str]:
    """Return one digest per identifier over authority, type and id."""
    return frozenset(_key(one) for one in identifiers)


def _key(identifier: PatientIdentifier) -> str:
    # A length before each part keeps ("ab", "c") apart from ("a", "bc").
    parts = (identifier.authority or "", identifier.type or "", identifier.id)
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def is_same_patient(known: frozenset[str], arriving: frozenset[str], merged_from: frozenset[str]) -> bool:
    """Tell whether an arriving snapshot is of the known patient (docs/architecture.md, "patient")."""
    named = arriving | merged_from
    return bool(known & named) or (not known and not named)
