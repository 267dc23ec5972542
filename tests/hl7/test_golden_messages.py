"""Golden messages are found by themselves; each is what we render, and two other implementations agree with it."""

import re
from pathlib import Path

import hl7
import pytest
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message

from tests.hl7.samples import CASES, CONTROL_ID, GOLDEN, Case, golden_names, read_case

# What hl7apy reports of a message that is as we want it, and why.
DEVIATIONS = {
    "Warning: Value CWE not in table HL70125 in element OBX.OBX_2": "its table of 2.5.1 lacks CWE, which coded results use",
}

NUMBER = re.compile(r"[+-]?[0-9]*\.?[0-9]*")
VALUE_TYPES = {"ST", "TX", "NM", "CWE"}
TABLE_0123 = {"P", "F", "C"}
TABLE_0085 = {"P", "F", "C", "W"}


@pytest.fixture(params=golden_names())
def case(request: pytest.FixtureRequest) -> Case:
    return read_case(request.param)


def test_each_case_has_its_message_and_the_other_way_round():
    assert golden_names() == sorted(path.stem for path in CASES.glob("*.json"))


def test_we_render_what_the_golden_file_shows(case: Case):
    assert case.text + "\n" == (GOLDEN / f"message-{case.name}.hl7").read_text(encoding="utf-8")


def test_every_segment_ends_in_one_cr_and_no_other_control_byte_is_sent(case: Case):
    assert case.rendered.data.endswith(b"\r")
    assert b"\r\r" not in case.rendered.data
    assert not re.search(rb"[\x00-\x0c\x0e-\x1f\x7f]", case.rendered.data)


def wire_text(case: Case) -> str:
    return case.text.replace("\n", "\r") + "\r"


def test_hl7_parses_it_and_writes_it_alike(case: Case):
    assert str(hl7.parse(wire_text(case))).rstrip("\r") == wire_text(case).rstrip("\r")


def test_hl7apy_reports_nothing_at_its_strictest_but_what_we_know(case: Case, tmp_path: Path):
    message = parse_message(wire_text(case), validation_level=VALIDATION_LEVEL.STRICT, find_groups=True)
    report = tmp_path / "report.txt"
    message.validate(report_file=str(report))
    assert set(report.read_text(encoding="utf-8").splitlines()) <= DEVIATIONS.keys()


def test_lengths_value_types_and_statuses_are_right(case: Case):
    """What neither oracle looks at."""
    segments = [line.split("|") for line in case.text.split("\n")]
    header = segments[0]
    obr = next(fields for fields in segments if fields[0] == "OBR")
    orc = next(fields for fields in segments if fields[0] == "ORC")
    results = [fields for fields in segments if fields[0] == "OBX"]
    assert len(header[9]) == len(CONTROL_ID)
    assert 0 < len(obr[3]) <= 22
    assert (orc[2], orc[3]) == (obr[2], obr[3])
    assert obr[25] in TABLE_0123
    assert [fields[1] for fields in results] == [str(n) for n in range(1, len(results) + 1)]
    assert len({(fields[3], fields[4]) for fields in results}) == len(results)
    assert {fields[2] for fields in results} <= VALUE_TYPES
    assert all(NUMBER.fullmatch(fields[5]) for fields in results if fields[2] == "NM")
    statuses = {fields[11] for fields in results}
    assert statuses <= TABLE_0085
    assert statuses == {obr[25]} or (obr[25] == "C" and statuses == {"W"})
