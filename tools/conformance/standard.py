"""What HL7 v2.5.1 says of the fields that we send: data types and tables; and how surely a field is valued.

The usage codes are those of conformance profiles (v2.5.1, 2.12.6): R is valued in every message, RE where the study or a
setting has something for it, C under the condition that stands beside it.
"""

from typing import NamedTuple, get_args

from butterfly_gitops.hl7.charset import charset_of
from butterfly_gitops.hl7.version import VERSIONS
from butterfly_gitops.model.endpoint import Encoding


class Kind(NamedTuple):
    """The data type of a field, and its usage."""

    type: str
    usage: str


KINDS: dict[str, dict[int, Kind]] = {
    "MSH": {
        3: Kind("HD", "R"),
        4: Kind("HD", "R"),
        5: Kind("HD", "RE"),
        6: Kind("HD", "R"),
        7: Kind("TS", "R"),
        9: Kind("MSG", "R"),
        10: Kind("ST", "R"),
        11: Kind("PT", "R"),
        12: Kind("VID", "R"),
        15: Kind("ID", "C"),
        16: Kind("ID", "C"),
        18: Kind("ID", "C"),
    },
    "PID": {
        1: Kind("SI", "R"),
        3: Kind("CX", "R"),
        5: Kind("XPN", "R"),
        7: Kind("TS", "RE"),
        8: Kind("IS", "RE"),
        18: Kind("CX", "RE"),
    },
    "PV1": {
        1: Kind("SI", "R"),
        2: Kind("IS", "R"),
        3: Kind("PL", "RE"),
        7: Kind("XCN", "RE"),
        19: Kind("CX", "RE"),
        51: Kind("IS", "C"),
    },
    "ORC": {
        1: Kind("ID", "R"),
        2: Kind("EI", "RE"),
        3: Kind("EI", "R"),
        5: Kind("ID", "R"),
        7: Kind("TQ", "C"),
    },
    "TQ1": {1: Kind("SI", "R"), 7: Kind("TS", "R"), 9: Kind("CWE", "R")},
    "OBR": {
        1: Kind("SI", "R"),
        2: Kind("EI", "RE"),
        3: Kind("EI", "R"),
        4: Kind("CE", "R"),
        7: Kind("TS", "R"),
        8: Kind("TS", "RE"),
        16: Kind("XCN", "RE"),
        18: Kind("ST", "RE"),
        22: Kind("TS", "R"),
        24: Kind("ID", "R"),
        25: Kind("ID", "R"),
        27: Kind("TQ", "C"),
        31: Kind("CE", "RE"),
        32: Kind("NDL", "RE"),
        33: Kind("NDL", "RE"),
        34: Kind("NDL", "RE"),
        35: Kind("NDL", "RE"),
        44: Kind("CE", "C"),
    },
    "OBX": {
        1: Kind("SI", "R"),
        2: Kind("ID", "R"),
        3: Kind("CE", "R"),
        4: Kind("ST", "C"),
        5: Kind("by OBX-2", "RE"),  # an empty line of the layout `lines` is a row, too
        6: Kind("CE", "RE"),
        11: Kind("ID", "R"),
        14: Kind("TS", "C"),
    },
    # Ours is the segment of IHE; no chapter has it.
    "ZDS": {1: Kind("RP", "R")},
}


# The choice stands inside of what says what each means.
DECLARED: dict[str, str] = {one: charset_of(one).declared for one in get_args(get_args(Encoding)[0])}
"""Each encoding with its name in MSH-18, empty where that stays empty."""


class Table(NamedTuple):
    """A table of codes: where we write or read them, and what each means; no values where a study brings its own."""

    number: str
    name: str
    places: str
    values: dict[str, str]


_STATUS = {"P": "preliminary", "F": "final", "C": "corrected"}

TABLES = (
    Table(
        "0001",
        "Administrative Sex",
        "PID-8",
        {
            "F": "female",
            "M": "male",
            "O": "other",
            "U": "unknown",
            "A": "ambiguous",
            "N": "not applicable",
        },
    ),
    Table(
        "0004",
        "Patient Class",
        "PV1-2",
        {
            "E": "emergency",
            "I": "inpatient",
            "O": "outpatient",
            "P": "preadmit",
            "R": "recurring",
            "B": "obstetrics",
            "C": "commercial account",
            "N": "not applicable",
            "U": "unknown, and whatever is none of the others",
        },
    ),
    Table(
        "0008",
        "Acknowledgment Code",
        "MSA-1, read",
        {
            "AA": "application accept",
            "AE": "application error",
            "AR": "application reject",
            "CA": "commit accept",
            "CE": "commit error",
            "CR": "commit reject",
        },
    ),
    Table(
        "0038",
        "Order Status",
        "ORC-5",
        {"A": "some, but not all, results available", "CM": "completed", "CA": "canceled (`notice`)"},
    ),
    Table(
        "0074",
        "Diagnostic Service Section ID",
        "OBR-24",
        {
            "RUS": "radiology ultrasound",
            "OUS": "OB ultrasound",
            "VUS": "vascular ultrasound",
            "CUS": "cardiac ultrasound",
            "RAD": "radiology",
            "IMG": "diagnostic imaging (in v2.4 alone)",
        },
    ),
    Table(
        "0085",
        "Observation Result Status",
        "OBX-11",
        {
            **_STATUS,
            "W": "posted wrong: a withdrawal",
            "O": "detail of the order, no result (`notice`, `pdf`)",
        },
    ),
    Table(
        "0103",
        "Processing ID",
        "MSH-11",
        {"P": "production", "T": "training", "D": "debugging"},
    ),
    Table("0104", "Version ID", "MSH-12", dict.fromkeys(VERSIONS, "")),
    Table(
        "0119",
        "Order Control",
        "ORC-1",
        {"RE": "observations to follow", "SC": "status changed (`notice`)"},
    ),
    Table(
        "0123",
        "Result Status",
        "OBR-25",
        {**_STATUS, "R": "results stored (`notice`)", "X": "no result; a withdrawal (`notice`)"},
    ),
    Table(
        "0125",
        "Value Type",
        "OBX-2",
        {
            "ST": "string",
            "TX": "text",
            "FT": "formatted text, where `message.text_type` says so",
            "NM": "number",
            "CWE": "coded value, in v2.5.1",
            "CE": "coded value, before v2.5.1",
            "ED": "encapsulated data: a PDF",
            "RP": "reference pointer: the link to the images",
            "HD": "the Study UID, as IHE CARD-7 wants it; not in the table of any version",
        },
    ),
    Table(
        "0155",
        "Accept/Application Acknowledgment Conditions",
        "MSH-15, MSH-16",
        {"AL": "always", "NE": "never"},
    ),
    Table(
        "0200",
        "Name Type",
        "PID-5.7",
        {"L": "legal", "U": "unspecified: the patient has no name", "O": "other: the same in v2.3"},
    ),
    Table("0203", "Identifier Type", "PID-3.5, OBR-16.13, PV1-7.13", {}),
    Table(
        "0211",
        "Alternate Character Sets",
        "MSH-18",
        {declared: encoding for encoding, declared in DECLARED.items() if declared},
    ),
    Table(
        "0301",
        "Universal ID Type",
        "MSH-3.3 to MSH-6.3",
        {
            "ISO": "an OID",
            "DNS": "an internet name",
            "GUID": "",
            "UUID": "",
            "URI": "",
            "CLIA": "a laboratory's number",
        },
    ),
    Table("0357", "Message Error Condition Codes", "ERR-3, read", {}),
    Table("0396", "Coding System", "OBR-4.3, OBX-3.3", {"LN": "LOINC", "DCM": "DICOM", "L": "local"}),
    Table("0516", "Error Severity", "ERR-4, read", {}),
)
