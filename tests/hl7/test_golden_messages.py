"""Golden messages are found by themselves; each is what we render, and two other implementations agree with it."""

import re
from itertools import chain
from pathlib import Path
from typing import Any

import hl7
import pytest
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message

from butterfly_gitops.hl7.layouts.catalog import LAYOUTS
from butterfly_gitops.hl7.length import LENGTHS
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.message import Message
from tests.hl7 import standard
from tests.hl7.samples import CASES, GOLDEN, Case, golden_names, read_case
from tests.hl7.wire import Wire, field
from tests.table import in_one_test

# What hl7apy reports of a message that is as we want it: a case that shows it, and why.
DEVIATIONS = {
    "Warning: Value CWE not in table HL70125 in element OBX.OBX_2": (
        "cardiac",
        "the table of 2.5.1 lacks CWE, which chapter 7 and the national guides of that version use",
    ),
    "Warning: Value HD not in table HL70125 in element OBX.OBX_2": (
        "pdf-2.5.1",
        "IHE CARD-7 wants the Study UID as HD",
    ),
    "Warning: Value UNICODE UTF-8 not in table HL70211 in element MSH.MSH_18": (
        "lines-2.4-utf-8",
        "named from v2.5 on; UNICODE, which earlier tables have, says no encoding",
    ),
    "Warning: Value U not in table HL70004 in element PV1.PV1_2": (
        "lines-2.3.1-utf-8",
        "the table is the user's own until v2.4 adds U, and no other class would be true",
    ),
    "Warning: Value UCUM not in table HL70396 in element OBX_6.CE_3": (
        "twins-ucum",
        "national guides of 2.5.1 name UCUM so (laboratory results, public health); later tables have it",
    ),
    "Warning: Value HL70078 not in table HL70396 in element TQ1_9.CWE_3": (
        "notice-order-based",
        "IHE RAD-132 names that table for the priority",
    ),
}
# What hl7apy cannot read though the standard allows it, and what it is given in its place: the suffix of a section is a
# subcomponent of CE.1 (7.4.2.3), and neither the data of an ED nor a TX is an ST of at most 199 characters (2.A.24,
# 2.A.78).
NOT_READ = (
    (re.compile(r"&(GDT|IMP|REC|ADT)(?=\^)"), ""),
    (re.compile(r"(?<=\^Base64\^)[A-Za-z0-9+/=]+"), "JVBERi0="),
    (re.compile(r"(?<=\|TX\|)([^|]*)\|([^|]*)\|[^|]{200,}"), r"\1|\2|Text"),
)

NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")
TIME = re.compile(r"[0-9]{12}([0-9]{2})?([+-][0-9]{4})?")
SEQUENCE = re.compile(r"\\(?:[EFSTR]|X(?:[0-9A-F]{2})+|\.br)\\")


ALL = {name: read_case(name) for name in golden_names()}
WIRES = {name: Wire.read(case.text) for name, case in ALL.items()}
# These take hl7apy as long as all others together.
LONG = {"long-report-lines"}
each_case = in_one_test("case", ALL.values(), ids=ALL)
each_wire = in_one_test("wire", WIRES.values(), ids=WIRES)
each_message = in_one_test(("case", "wire"), zip(ALL.values(), WIRES.values(), strict=True), ids=ALL)


# What there is.


def test_each_case_has_its_message_and_the_other_way_round():
    assert golden_names() == sorted(path.stem for path in CASES.glob("*.json"))


def test_each_layout_is_shown_in_each_of_its_versions():
    wanted = {(layout.name, version) for layout in LAYOUTS.values() for version in layout.versions}
    assert {
        (case.endpoint.message.layout, case.endpoint.message.hl7_version) for case in ALL.values()
    } == wanted


def test_each_encoding_is_shown():
    encodings = EhrEndpoint.model_json_schema()["properties"]["encoding"]["enum"]
    assert {case.endpoint.encoding for case in ALL.values()} == set(encodings) == standard.CODECS.keys()


def test_each_status_is_shown_in_a_report_and_in_a_document():
    shown = {(case.endpoint.message.layout, case.status.value) for case in ALL.values()}
    assert shown >= {(layout, status) for layout in ("report", "pdf") for status in "PFCW"}


# These change no byte of a message that can be sent, or are one code among six.
NOT_SHOWN = {"too_long", "filler_in_use", "diagnostic_service", "document_type"}


def choices(schema: dict[str, Any]) -> list[str]:
    branches = (schema, *schema.get("anyOf", ()))
    return list(chain.from_iterable(branch.get("enum", ()) for branch in branches))


@in_one_test(
    ("setting", "choice"),
    [
        (name, choice)
        for name, schema in Message.model_json_schema()["properties"].items()
        for choice in choices(schema)
        if name not in NOT_SHOWN
    ],
)
def test_each_choice_of_a_setting_is_shown(setting: str, choice: str):
    assert choice in {getattr(case.endpoint.message, setting) for case in ALL.values()}


def test_each_head_of_a_pdf_that_receivers_are_known_to_want_is_shown():
    heads = {
        value.rpartition("^")[0]
        for case in ALL.values()
        for value in Wire.read(case.text).each("OBX-5")
        if "^Base64^" in value
    }
    assert heads == {
        "1.2.840.113619.2.55^Application^PDF^Base64",
        "^Application^PDF^Base64",
        "^application^pdf^Base64",
        "X^AP^PDF^Base64",
        "^TX^PDF^Base64",
        "^TEXT^^Base64",
        "X^PDF^^Base64",
    }


# The bytes.


@each_case
def test_we_render_what_the_golden_file_shows(case: Case):
    """By Python's own codec of that name, not by the product's reader."""
    codec, _ = standard.CODECS[case.endpoint.encoding]
    shown = (GOLDEN / f"message-{case.name}.hl7").read_text(encoding="utf-8")
    assert case.rendered.data.decode(codec).replace("\r", "\n") == shown
    assert case.text + "\n" == shown


@each_case
def test_every_segment_ends_in_one_cr_and_no_other_control_byte_is_sent(case: Case):
    assert case.rendered.data.endswith(b"\r")
    assert b"\r\r" not in case.rendered.data
    assert not re.search(rb"[\x00-\x0c\x0e-\x1f\x7f]", case.rendered.data)


@each_wire
def test_every_backslash_belongs_to_a_sequence_that_the_standard_knows(wire: Wire):
    texts = [text for segment in wire.segments for text in segment[3 if segment[0] == "MSH" else 1 :]]
    assert not [text for text in texts if "\\" in SEQUENCE.sub("", text)]


@each_message
def test_msh_18_names_the_encoding(case: Case, wire: Wire):
    _, name = standard.CODECS[case.endpoint.encoding]
    assert wire["MSH-18"] == (name if case.endpoint.declare_encoding else "")


# Two other implementations.


def wire_text(case: Case) -> str:
    return case.text.replace("\n", "\r") + "\r"


@each_case
def test_hl7_parses_it_and_writes_it_alike(case: Case):
    assert str(hl7.parse(wire_text(case))).rstrip("\r") == wire_text(case).rstrip("\r")


def reported_by_hl7apy(text: str, report: Path) -> set[str]:
    for pattern, instead in NOT_READ:
        text = pattern.sub(instead, text)
    message = parse_message(text, validation_level=VALIDATION_LEVEL.STRICT, find_groups=True)
    message.validate(report_file=str(report))
    return set(report.read_text(encoding="utf-8").splitlines())


@in_one_test("case", [ALL[name] for name in sorted(ALL.keys() - LONG)], ids=sorted(ALL.keys() - LONG))
def test_hl7apy_reports_nothing_at_its_strictest_but_what_we_know(case: Case, tmp_path: Path):
    assert reported_by_hl7apy(wire_text(case), tmp_path / "report.txt") <= DEVIATIONS.keys()


@pytest.mark.soak
@pytest.mark.parametrize("name", LONG)
def test_hl7apy_reports_as_little_of_a_long_message(name: str, tmp_path: Path):
    assert reported_by_hl7apy(wire_text(ALL[name]), tmp_path / "report.txt") <= DEVIATIONS.keys()


@pytest.mark.parametrize("reported", DEVIATIONS)
def test_a_deviation_that_is_listed_is_one(reported: str, tmp_path: Path):
    name, _ = DEVIATIONS[reported]
    assert reported in reported_by_hl7apy(wire_text(ALL[name]), tmp_path / "report.txt")


# What neither of them looks at.


@each_wire
def test_each_segment_stands_where_the_version_has_it(wire: Wire):
    assert standard.is_in_order(wire.names, wire["MSH-12"])


@in_one_test(
    ("version", "names", "is_right"),
    [
        ("2.5.1", "MSH PID PV1 ORC OBR TQ1 OBX", True),
        ("2.5.1", "MSH PID PV1 ORC TQ1 OBR OBX", False),
        ("2.4", "MSH PID PV1 ORC OBR TQ1 OBX", False),
        ("2.4", "MSH PID PV1 OBR OBX OBX ZDS", True),
        ("2.3.1", "MSH PID OBR ORC OBX", False),
        ("2.3", "MSH PV1 PID OBR OBX", False),
        ("2.3", "MSH PID OBR ZDS OBX", False),
    ],
)
def test_the_place_of_a_segment_is_looked_at(version: str, names: str, is_right: bool):
    assert standard.is_in_order(names.split(), version) == is_right


@each_message
def test_the_version_says_what_kind_of_message_it_is(case: Case, wire: Wire):
    assert wire["MSH-12"] == case.endpoint.message.hl7_version
    assert wire["MSH-9"] == standard.MESSAGE_TYPES[wire["MSH-12"]]


@each_wire
def test_what_the_version_requires_is_there(wire: Wire):
    places = f"{standard.REQUIRED[wire['MSH-12']]} {standard.REQUIRED_IN_A_REPORT}".split()
    assert not [place for place in places if not all(wire.each(place))]


def valued(wire: Wire) -> list[tuple[str, str]]:
    """Every field that holds something, by its place."""
    return [
        (f"{segment[0]}-{number}", value)
        for segment in wire.segments
        for number, value in enumerate(segment)
        if number and value and not (segment[0] == "MSH" and number < 3)
    ]


@each_wire
def test_no_field_is_longer_than_its_version_says(wire: Wire):
    version = wire["MSH-12"]
    free = {"OBX-5", "ZDS-1"} | {place for of, place in standard.NO_LIMIT if of == version}
    for place, value in valued(wire):
        name, _, number = place.partition("-")
        if place in free:
            continue
        by_first = version in ("2.3", "2.3.1") and place in standard.BY_FIRST_COMPONENT
        parts = [one.partition("^")[0] if by_first else one for one in value.split("~")]
        assert max(map(len, parts)) <= standard.LENGTHS[version][name][int(number)], place


@pytest.mark.parametrize("version", LENGTHS)
def test_the_product_s_lengths_are_those_of_the_standard(version: str):
    for name, fields in LENGTHS[version].items():
        assert fields == {number: standard.LENGTHS[version][name][number] for number in fields}


@each_wire
def test_every_code_is_in_its_table(wire: Wire):
    codes = [(place, value) for place, value in valued(wire) if place in standard.TABLES and value != '""']
    assert not [
        (place, value) for place, value in codes if value not in standard.TABLES[place][wire["MSH-12"]]
    ]


@each_wire
def test_every_value_type_is_one_of_the_version_and_its_value_is_such_a_one(wire: Wire):
    known = standard.VALUE_TYPES[wire["MSH-12"]]
    for row in wire.all("OBX"):
        kind, code, value = field(row, 2), field(row, 3), field(row, 5)
        assert kind in (standard.STUDY_UID_TYPES if code.startswith("113014^") else known)
        assert kind != "NM" or NUMBER.fullmatch(value)
        assert kind not in ("ST", "TX", "FT", "NM") or not set(value) & set("^~&")
        assert kind != "ED" or re.fullmatch(r"[^^]*\^[^^]+\^[^^]*\^Base64\^[A-Za-z0-9+/]+=*", value)


@each_message
def test_every_time_is_one(case: Case, wire: Wire):
    times = [wire[place] for place in ("MSH-7", "OBR-7", "OBR-8", "OBR-22", "TQ1-7")] + wire.each("OBX-14")
    printed = [time for time in times if time]
    assert all(TIME.fullmatch(time) for time in printed)
    assert len({len(time) for time in printed}) == 1
    assert wire["PID-7"] == (case.event.patient.birth_date or "").replace("-", "")


@each_wire
def test_numbers_of_rows_and_orders_agree(wire: Wire):
    assert len(wire["MSH-10"]) == 20
    assert 0 < len(wire["OBR-3"]) <= 22
    if "ORC" in wire.names:
        assert (wire["ORC-2"], wire["ORC-3"]) == (wire["OBR-2"], wire["OBR-3"])
    assert wire.each("OBX-1") == [str(n) for n in range(1, len(wire.all("OBX")) + 1)]
    rows = [(field(row, 3), field(row, 4)) for row in wire.all("OBX")]
    assert len(set(rows)) == len(rows)


@each_message
def test_the_statuses_of_a_message_agree(case: Case, wire: Wire):
    """D, X, W and O are excepted (7.4.2.11): O where a layout says so, W in a withdrawal."""
    rows = set(wire.each("OBX-11"))
    if case.endpoint.message.layout == "notice":
        assert (wire["OBR-25"], rows) == ("X" if case.status == "W" else "R", {"O"})
        assert wire["ORC-5"] == ("CA" if case.status == "W" else "CM")
        return
    status = case.endpoint.message.corrected_as if case.status == "C" else case.status.value
    assert wire["OBR-25"] == ("C" if status == "W" else status)
    assert rows - {"O"} == {status}
    assert "O" not in rows or case.endpoint.message.layout == "pdf"
    assert wire["ORC-5"] in ({""} if "ORC" not in wire.names else {"A" if status == "P" else "CM"})
