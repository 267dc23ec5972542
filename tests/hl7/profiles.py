"""What three IHE transactions ask of a message, field by field: each rule with its source, and how to break it.

RAD-128 is Send Imaging Result (profile Results Distribution), RAD-132 is Notify of Imaging Results (profile Encounter
Based Imaging Workflow), CARD-7 is Encapsulated Report Submission (profile Displayable Reports). A source is a section
of our notes on the domain: 2.1 the message, 2.2 the three transactions, 2.3 the statuses, 2.5 the variants; D is the
HL7 conformance statement of dcm4chee. Where an endpoint may ask for another form, the rule says so.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.hl7.samples import Case
from tests.hl7.wire import Wire, field

Break = Callable[[Wire], Wire]
_STUDY_UID = "113014^DICOM Study^DCM"
# LOINC codes of documents that the IHE connectathon's grader takes.
_DOCUMENT_CODES = {"18760-9", "11525-3", "11522-0", "18748-4", "11528-7"}
_SECTION_CODES = {"18782-3", "59776-5", "19005-8", "18783-1", "18785-6", "18834-2", "18748-4"}
_SHAPE_OF_RESULT = re.compile(r"MSH PID( NTE)?( PV1)?( ORC)?( OBR)+( OBX)+( ZDS)?")
_SHAPE_OF_NOTICE = re.compile(r"MSH PID PV1 ORC OBR TQ1( OBX)+( ZDS)?")
_SHAPE_OF_DOCUMENT = re.compile(r"MSH PID( PV1)?( ORC)? OBR( OBX)+( ZDS)?")
_TABLE_0074 = {"RAD", "RUS", "OUS", "VUS", "CUS", "IMG"}
_XCN = re.compile(r"[^&]+")
_NDL = re.compile(r"[^^]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One requirement: what must hold of a message (and of the study that it tells of), and a breach of it."""

    says: str
    source: str
    holds: Callable[[Wire, Case], bool]
    broken_by: Break
    concerns: Callable[[Case], bool] = lambda _: True


def _set(place: str, value: str) -> Break:
    return lambda wire: wire.with_field(place, value)


def _drop(name: str) -> Break:
    return lambda wire: wire.without(name)


def _is_shaped(shape: re.Pattern[str]) -> Callable[[Wire, Case], bool]:
    return lambda wire, _: shape.fullmatch(" ".join(wire.names)) is not None


def _row(wire: Wire, code: str) -> tuple[str, ...]:
    rows = [row for row in wire.all("OBX") if field(row, 3).startswith(code)]
    return rows[0] if len(rows) == 1 else ()


def _study_uid_row(wire: Wire, case: Case) -> bool:
    row = _row(wire, _STUDY_UID)
    uid = case.event.study.study_uid
    return bool(row) and field(row, 5) in (uid, f"^{uid}^ISO")


def _sends_study_uid_as_a_row(case: Case) -> bool:
    asked = case.endpoint.message.study_uid
    return bool(case.event.study.study_uid) and asked not in ("ZDS", "none")


def _form_of_study_uid(default: str) -> Callable[[Wire, Case], bool]:
    return lambda wire, case: field(_row(wire, _STUDY_UID), 2) == (case.endpoint.message.study_uid or default)


def _status_of_a_result(wire: Wire, case: Case) -> bool:
    """W is in no table of OBR-25, so a withdrawal is a correction there."""
    return set(wire.each("OBX-11")) == {"W" if case.status == "W" else wire["OBR-25"]}


def _visit_is_known(case: Case) -> bool:
    return bool(case.event.encounter and case.event.encounter.visit_number)


def _visit_stands_in_pv1(case: Case) -> bool:
    message = case.endpoint.message
    return _visit_is_known(case) and message.visit_number == "PV1-19" and message.visit_segment != "leave_out"


COMMON = (
    Rule(
        says="MSH-3 to MSH-6 are valued",
        source="IHE RAD requires all four of a sender",
        holds=lambda wire, _: all(wire[f"MSH-{number}"] for number in (3, 4, 5, 6)),
        broken_by=_set("MSH-5", ""),
    ),
    Rule(
        says="MSH-9 is an unsolicited observation",
        source="2.1: ORU^R01, with its structure from v2.3.1 on",
        holds=lambda wire, _: wire["MSH-9"] in ("ORU^R01^ORU_R01", "ORU^R01"),
        broken_by=_set("MSH-9", "ORU^R02^ORU_R02"),
    ),
    Rule(
        says="MSH-18 is valued only when the text is not ASCII, with one value",
        source="IHE RAD; table 0211",
        holds=lambda wire, case: (
            "~" not in wire["MSH-18"] and (wire["MSH-18"] == "" or case.endpoint.encoding != "US-ASCII")
        ),
        broken_by=_set("MSH-18", "8859/1~8859/2"),
    ),
    Rule(
        says="PID-3 is an identifier of the patient, with who assigned it",
        source="2.1: PID-3 and PID-5 are required",
        holds=lambda wire, case: (
            wire["PID-3"].split("^")[0] in {one.id for one in case.event.patient.identifiers}
            and wire["PID-3"].split("^")[3] != ""
        ),
        broken_by=_set("PID-3", "MRN0000^^^STE^MR"),
    ),
    Rule(
        says="PID-5 is valued",
        source="2.1: required by the base standard",
        holds=lambda wire, _: bool(wire["PID-5"]),
        broken_by=_set("PID-5", ""),
    ),
    Rule(
        says="OBR-2 and OBR-3 are ORC-2 and ORC-3, and one of them is valued",
        source="2.1: if both segments carry them they must be equal",
        holds=lambda wire, _: (
            bool(wire["OBR-2"] or wire["OBR-3"])
            and ("ORC" not in wire.names or (wire["ORC-2"], wire["ORC-3"]) == (wire["OBR-2"], wire["OBR-3"]))
        ),
        broken_by=lambda wire: wire.with_field("OBR-2", "").with_field("OBR-3", ""),
    ),
    Rule(
        says="OBR-4 names the exam: code, text, system",
        source="2.1: required by the base standard",
        holds=lambda wire, _: len(wire["OBR-4"].split("^")) == 3 and all(wire["OBR-4"].split("^")),
        broken_by=_set("OBR-4", "EFAST"),
    ),
    Rule(
        says="OBR-7 is the time of the exam, OBR-22 that of the report",
        source="2.1: both are required in a report",
        holds=lambda wire, _: bool(wire["OBR-7"]) and wire["OBR-7"][:12] < wire["OBR-22"][:12],
        broken_by=lambda wire: wire.with_field("OBR-7", wire["OBR-22"]),
    ),
    Rule(
        says="OBR-16 is an XCN, OBR-32 an NDL, whose name is one component",
        source="2.1: NDL separates the parts of a name by &",
        holds=lambda wire, _: (
            _XCN.fullmatch(wire["OBR-16"]) is not None and _NDL.fullmatch(wire["OBR-32"]) is not None
        ),
        broken_by=lambda wire: wire.with_field("OBR-32", wire["OBR-32"].replace("&", "^")),
    ),
    Rule(
        says="OBR-24 is of table 0074",
        source="2.1: RAD, RUS, OUS, VUS, CUS or IMG",
        holds=lambda wire, _: wire["OBR-24"] in _TABLE_0074,
        broken_by=_set("OBR-24", "US"),
    ),
    Rule(
        says="the Study UID stands in an OBX with the code 113014",
        source="2.2: in all three; ZDS and none are an endpoint's own wish",
        holds=_study_uid_row,
        broken_by=_set("OBX-5", "1.2.3"),
        concerns=_sends_study_uid_as_a_row,
    ),
)

_IMAGING = (
    Rule(
        says="MSH-12 is 2.5.1",
        source="2.2: RAD-128 and RAD-132",
        holds=lambda wire, _: wire["MSH-12"] == "2.5.1",
        broken_by=_set("MSH-12", "2.3.1"),
    ),
    Rule(
        says="OBR-18 is the accession number",
        source="2.1, 2.2: a known receiver refuses a message without it",
        holds=lambda wire, case: wire["OBR-18"] == case.event.study.accession_number,
        broken_by=_set("OBR-18", ""),
        concerns=lambda case: bool(case.event.study.accession_number),
    ),
    Rule(
        says="PV1-19 is the visit number",
        source="2.1: the DICOM Admission ID, the encounter link of point-of-care ultrasound",
        holds=lambda wire, case: (
            bool(case.event.encounter)
            and wire["PV1-19"].partition("^")[0] == case.event.encounter.visit_number
        ),
        broken_by=_set("PV1-19", "V0"),
        concerns=_visit_stands_in_pv1,
    ),
)

RAD_128 = (
    *COMMON,
    *_IMAGING,
    Rule(
        says="the segments are MSH PID NTE? PV1? ORC? OBR+ OBX+",
        source="2.2, and 2.1 for ORC",
        holds=_is_shaped(_SHAPE_OF_RESULT),
        broken_by=_drop("OBX"),
    ),
    Rule(
        says="OBR-25 is P, F or C",
        source="2.2, table 0123",
        holds=lambda wire, _: wire["OBR-25"] in {"P", "F", "C"},
        broken_by=_set("OBR-25", "R"),
    ),
    Rule(
        says="every OBX-11 agrees with OBR-25; in a withdrawal it is W",
        source="2.3",
        holds=_status_of_a_result,
        broken_by=_set("OBX-11", "R"),
    ),
    Rule(
        says="the Study UID is an ST",
        source="2.2; HD is an endpoint's own wish",
        holds=_form_of_study_uid("ST"),
        broken_by=_set("OBX-2", "UID"),
        concerns=_sends_study_uid_as_a_row,
    ),
    Rule(
        says="each section of the report has an OBX of its own with a LOINC code",
        source="2.2: sections in separate OBX",
        holds=lambda wire, case: len(_sections(wire)) == len(case.event.study.report),
        broken_by=lambda wire: wire.with_field(f"OBX-3#{_sections(wire)[0]}", "FINDINGS^Findings^L"),
    ),
    Rule(
        says="OBX-8, where it is valued, is N, A or AA",
        source="2.2",
        holds=lambda wire, _: set(wire.each("OBX-8")) <= {"", "N", "A", "AA"},
        broken_by=_set("OBX-8", "H"),
    ),
)

RAD_132 = (
    *COMMON,
    *_IMAGING,
    Rule(
        says="the segments are MSH PID PV1 ORC OBR TQ1 OBX",
        source="2.2",
        holds=_is_shaped(_SHAPE_OF_NOTICE),
        broken_by=_drop("TQ1"),
    ),
    Rule(
        says="ORC-1 is SC, for the status of the study changed",
        source="2.2, D: mapping of its outbound ORU",
        holds=lambda wire, _: wire["ORC-1"] == "SC",
        broken_by=_set("ORC-1", "RE"),
    ),
    Rule(
        says="ORC-2 is the order's number, or OBR-3 where the endpoint lets it stand in",
        source="2.2, D: ORC-2 is required",
        holds=lambda wire, case: wire["ORC-2"] == (case.event.study.placer_order_number or wire["ORC-3"]),
        broken_by=_set("ORC-2", ""),
        concerns=lambda case: bool(
            case.event.study.placer_order_number or case.endpoint.message.placer_fallback == "filler"
        ),
    ),
    Rule(
        says="ORC-5 is CM; CA takes a notice back",
        source="2.2, D; table 0038",
        holds=lambda wire, case: wire["ORC-5"] == ("CA" if case.status == "W" else "CM"),
        broken_by=_set("ORC-5", "SC"),
        concerns=lambda case: case.status != "P",
    ),
    Rule(
        says="TQ1-7 is when the exam was",
        source="2.2, D: TQ1-7 is required",
        holds=lambda wire, _: wire["TQ1-7"] == wire["OBR-7"],
        broken_by=_set("TQ1-7", ""),
    ),
    Rule(
        says="TQ1-9 is routine",
        source="2.2, D: set to R^Routine^HL70078",
        holds=lambda wire, _: wire["TQ1-9"] == "R^Routine^HL70078",
        broken_by=_set("TQ1-9", "R"),
    ),
    Rule(
        says="OBR-27 is routine, too",
        source="2.2, D: set to ^^^^^R",
        holds=lambda wire, _: wire["OBR-27"] == "^^^^^R",
        broken_by=_set("OBR-27", ""),
    ),
    Rule(
        says="OBR-44 is the procedure of OBR-4",
        source="2.2, D: shall match OBR-4",
        holds=lambda wire, _: wire["OBR-44"] == wire["OBR-4"],
        broken_by=_set("OBR-44", ""),
    ),
    Rule(
        says="OBR-25 is R; X takes a notice back",
        source="2.2, 2.3",
        holds=lambda wire, case: wire["OBR-25"] == ("X" if case.status == "W" else "R"),
        broken_by=_set("OBR-25", "F"),
    ),
    Rule(
        says="every OBX-11 is O, for it is detail of the order",
        source="2.2",
        holds=lambda wire, _: set(wire.each("OBX-11")) == {"O"},
        broken_by=_set("OBX-11", "F"),
    ),
    Rule(
        says="the Study UID is an ST",
        source="2.2; HD is an endpoint's own wish",
        holds=_form_of_study_uid("ST"),
        broken_by=_set("OBX-2", "UID"),
    ),
    Rule(
        says="PV1-51 is V with a visit number",
        source="2.1",
        holds=lambda wire, _: (wire["PV1-51"] == "V") == bool(wire["PV1-19"]),
        broken_by=_set("PV1-51", ""),
        concerns=_visit_stands_in_pv1,
    ),
    Rule(
        says="no part of the report is told",
        source="2.2: report OBX none",
        holds=lambda wire, _: {code.split("^")[0] for code in wire.each("OBX-3")} <= {"113014", "IMAGES"},
        broken_by=lambda wire: wire.with_segment(
            "OBX", "9", "TX", "18782-3^Findings^LN", "", "Free fluid.", "", "", "", "", "", "O"
        ),
    ),
)

CARD_7 = (
    *COMMON,
    Rule(
        says="the segments are MSH PID OBR OBX; PV1 and ORC are an endpoint's own wish",
        source="2.2",
        holds=_is_shaped(_SHAPE_OF_DOCUMENT),
        broken_by=_drop("PID"),
    ),
    Rule(
        says="OBR-25 is R, P, F or C",
        source="2.2",
        holds=lambda wire, _: wire["OBR-25"] in {"R", "P", "F", "C"},
        broken_by=_set("OBR-25", "X"),
    ),
    Rule(
        says="the Study UID is an HD",
        source="2.2; ST is an endpoint's own wish",
        holds=_form_of_study_uid("HD"),
        broken_by=_set("OBX-2", "UI"),
        concerns=_sends_study_uid_as_a_row,
    ),
    Rule(
        says="OBX-11 of the Study UID is O",
        source="2.2",
        holds=lambda wire, _: field(_row(wire, _STUDY_UID), 11) == "O",
        broken_by=_set("OBX-11", "F"),
        concerns=_sends_study_uid_as_a_row,
    ),
    Rule(
        says="the report is an ED whose OBX-3 is a LOINC code of documents",
        source="2.2, and the grader's list of codes",
        holds=lambda wire, _: (
            [code.split("^")[0] in _DOCUMENT_CODES for code in _codes_of_documents(wire)] == [True]
        ),
        broken_by=lambda wire: wire.with_field(f"OBX-3#{_nth_of_document(wire)}", "REPORT^Report^L"),
    ),
    Rule(
        says="OBX-5 of the report has five components: source, type, subtype, Base64, data without a line end",
        source="2.2, 2.5",
        holds=lambda wire, _: all(
            re.fullmatch(r"[^^]*\^[^^]+\^[^^]*\^Base64\^[A-Za-z0-9+/]+={0,2}", field(row, 5))
            for row in wire.all("OBX")
            if field(row, 2) == "ED"
        ),
        broken_by=lambda wire: wire.with_field(
            f"OBX-5#{_nth_of_document(wire)}", "^Application^PDF^Base64^JVBE\\.br\\Ri0="
        ),
    ),
    Rule(
        says="OBX-11 of the report is OBR-25; in a withdrawal it is W",
        source="2.2",
        holds=lambda wire, case: (
            {field(row, 11) for row in wire.all("OBX") if field(row, 2) == "ED"}
            == {"W" if case.status == "W" else wire["OBR-25"]}
        ),
        broken_by=lambda wire: wire.with_field(f"OBX-11#{_nth_of_document(wire)}", "R"),
    ),
)

PROFILES = {"report": RAD_128, "notice": RAD_132, "pdf": CARD_7}
"""The profile of a layout; `lines` has none."""


def _codes_of_documents(wire: Wire) -> list[str]:
    return [field(row, 3) for row in wire.all("OBX") if field(row, 2) == "ED"]


def _nth_of_document(wire: Wire) -> int:
    return wire.each("OBX-2").index("ED") + 1


def _sections(wire: Wire) -> list[int]:
    """The numbers of the OBX that tell a section of the report."""
    return [
        nth
        for nth, code in enumerate(wire.each("OBX-3"), start=1)
        if code.endswith("^LN") and code.split("^")[0] in _SECTION_CODES
    ]
