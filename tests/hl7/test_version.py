"""What each version of HL7 has in its tables, by hl7apy and by the standard, and what a message says in it."""

from importlib import import_module
from typing import get_args

import pytest

from butterfly_gitops.hl7.version import VERSIONS
from butterfly_gitops.model.coding import DiagnosticService
from tests.hl7 import standard
from tests.hl7.samples import endpoint, field_of, rendered, study

# hl7apy has no tables of v2.3. That of name types holds A, C, D, L, M and O there.
NAME_TYPES_OF_2_3 = frozenset("ACDLMO")
OFFERED = frozenset(get_args(get_args(DiagnosticService)[0]))


def table(version: str, number: str) -> frozenset[str]:
    tables = import_module(f"hl7apy.v{version.replace('.', '_')}.tables").TABLES
    return frozenset(tables[f"HL7{number}"][1])


def name_types(version: str) -> frozenset[str]:
    return NAME_TYPES_OF_2_3 if version == "2.3" else table(version, "0200")


@pytest.mark.parametrize("version", ["2.3.1", "2.4", "2.5.1"])
def test_departments_are_those_of_table_0074(version: str):
    assert VERSIONS[version].departments == OFFERED & table(version, "0074")


def test_departments_are_those_that_the_standard_has():
    for version in VERSIONS.values():
        assert version.departments == standard.TABLES["OBR-24"][version.id]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_patient_without_a_name_has_one_of_a_type_that_the_version_knows(version: str):
    to = endpoint(message={"layout": "lines", "hl7_version": version})
    nameless = rendered(study("efast.json", patient={"family": None, "given": None}), to)
    kind = field_of(nameless, "PID-5").removeprefix("^^^^^^")
    assert kind == VERSIONS[version].unnamed
    assert kind in name_types(version)
    assert "L" in name_types(version)
