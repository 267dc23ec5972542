"""Units with their coding system: which are symbols of UCUM, and that no other one is ever called so or rewritten."""

import json
import re
from typing import Any

import pytest

from butterfly_gitops.hl7.refusal import RenderingRefused
from butterfly_gitops.hl7.ucum import SYMBOLS
from tests.hl7.samples import TESTS, endpoint, lines, rendered, study
from tests.table import in_one_test

# Of UCUM's own tables: units that take a prefix, those that take none, prefixes, and units in brackets.
METRIC = "m|g|L|s|Hz|Pa|B|m\\[Hg\\]|m\\[H2O\\]"
PLAIN = "%|deg|min|h|d|wk|mo|a"
TERM = rf"(?:1|(?:(?:k|M|d|c|m|u)?(?:{METRIC})|{PLAIN})[23]?|\{{[a-z]+\}})"
UNIT = re.compile(rf"(?:{TERM})?(?:/{TERM})*")


@in_one_test("symbol", sorted(SYMBOLS))
def test_each_symbol_is_one_by_the_grammar_of_ucum(symbol: str):
    assert symbol
    assert UNIT.fullmatch(symbol)
    assert not set(symbol) & set("|^~&\\")


def unit(text: str | None, **message: Any) -> str:
    observations = [{"type": "numeric", "code": "X", "value": "1", "unit": text}]
    message = {"unit_system": "UCUM", **message}
    sent = rendered(study("efast.json", study={"observations": observations}), endpoint(message=message))
    row = next(line.split("|") for line in lines(sent) if "|NM|X|" in line)
    return row[6]


@in_one_test(
    ("text", "written"),
    [
        ("cm", "cm^^UCUM"),
        ("%", "%^^UCUM"),
        ("{beats}/min", "{beats}/min^^UCUM"),
        ("mm[Hg]", "mm[Hg]^^UCUM"),
        # Each of these is another one in UCUM, or none.
        *((text, text) for text in ("bpm", "mmHg", "ML", "CM", "ml", "cm ", "Cm", "weeks", "W")),
        ("a^b", "a\\S\\b"),
        (None, ""),
    ],
)
def test_a_unit_has_its_system_only_where_it_is_a_symbol_letter_for_letter(text: str | None, written: str):
    assert unit(text) == written


def test_without_the_setting_a_unit_stands_alone():
    assert unit("cm", unit_system="none") == "cm"


@pytest.mark.parametrize("version", ["2.3", "2.3.1", "2.4", "2.5.1"])
def test_it_is_the_same_in_each_version_of_the_layout_lines(version: str):
    assert unit("mL", layout="lines", hl7_version=version) == "mL^^UCUM"


def test_a_unit_that_is_too_long_is_refused_with_it_as_without():
    for system in ("none", "UCUM"):
        with pytest.raises(RenderingRefused) as refused:
            unit("x" * 61, unit_system=system, layout="lines", hl7_version="2.3")
        assert refused.value.field == "OBX-6"


def test_the_units_of_the_sample_studies_are_symbols():
    found = {
        one["unit"]
        for path in (TESTS / "studies").glob("*.json")
        for one in json.loads(path.read_text(encoding="utf-8"))["study"].get("observations", [])
        if one.get("unit")
    }
    assert found <= SYMBOLS
