"""Data types of our segments' fields in HL7 v2.5.1 (chapters 2 to 4, 7), and the components of each type (chapter 2.A).

The names of fields stand in the tables of `segments`, beside what fills them.
"""

_OF_FIELDS = {
    "MSH": "ST ST HD HD HD HD TS ST MSG ST PT VID NM ST ID ID ID ID CE ID EI",
    "PID": (
        "SI CX CX CX XPN XPN TS IS XPN CE XAD IS XTN XTN CE CE CE CX ST DLN CX CE ST ID NM CE CE CE "
        "TS ID ID IS TS HD CE CE ST CE CWE"
    ),
    "PV1": (
        "SI IS PL IS CX PL XCN XCN XCN IS PL IS IS IS IS IS XCN IS CX FC IS IS IS IS DT NM NM IS IS "
        "DT IS NM NM IS DT IS DLD CE IS IS IS PL PL TS TS NM NM NM NM CX IS XCN"
    ),
    "ORC": (
        "ID EI EI EI ID ID TQ EIP TS XCN XCN XCN PL XTN TS CE CE CE XCN CE XON XAD XTN XAD CWE CWE TS "
        "CWE CWE CNE CWE"
    ),
    "TQ1": "SI CQ RPT TM CQ CQ TS TS CWE TX TX ID CQ NM",
    "OBR": (
        "SI EI EI CE ID TS TS TS CQ XCN ID CE ST TS SPS XCN XTN ST ST ST ST TS MOC ID ID PRL TQ XCN "
        "EIP ID CE NDL NDL NDL NDL TS NM CE CE CE ID ID CE CE CE CE CE CWE IS CWE"
    ),
    "OBX": "SI ID CE ST varies CE ST IS NM ID ID TS ST TS CE XCN CE EI TS varies varies varies XON XAD XCN",
}
_VARIES = "varies"
_COMPONENTS = {
    "CE": 6, "CNE": 9, "CQ": 2, "CWE": 9, "CX": 10, "DLD": 2, "DLN": 3, "EI": 4, "EIP": 2, "FC": 2, "HD": 3, "MOC": 2,
    "MSG": 3, "NDL": 11, "PL": 11, "PRL": 3, "PT": 2, "RPT": 11, "SPS": 7, "TQ": 12, "TS": 2, "VID": 3, "XAD": 14,
    "XCN": 23, "XON": 10, "XPN": 14, "XTN": 12,
}  # fmt: skip

_NAMED_PERSON = (
    "ID Number", "Family Name", "Given Name", "Second and Further Given Names or Initials Thereof",
    "Suffix", "Prefix", "Degree", "Source Table",
)  # fmt: skip
_CODED = (
    "Identifier", "Text", "Name of Coding System", "Alternate Identifier", "Alternate Text",
    "Name of Alternate Coding System",
)  # fmt: skip
_NAMES: dict[str, tuple[str, ...]] = {
    "HD": ("Namespace ID", "Universal ID", "Universal ID Type"),
    "MSG": ("Message Code", "Trigger Event", "Message Structure"),
    "PT": ("Processing ID", "Processing Mode"),
    "VID": ("Version ID", "Internationalization Code", "International Version ID"),
    "CX": (
        "ID Number", "Check Digit", "Check Digit Scheme", "Assigning Authority", "Identifier Type Code",
        "Assigning Facility", "Effective Date", "Expiration Date", "Assigning Jurisdiction",
        "Assigning Agency or Department",
    ),
    "EI": ("Entity Identifier", "Namespace ID", "Universal ID", "Universal ID Type"),
    "XPN": (
        "Family Name", "Given Name", "Second and Further Given Names or Initials Thereof", "Suffix", "Prefix",
        "Degree", "Name Type Code", "Name Representation Code", "Name Context", "Name Validity Range",
        "Name Assembly Order",
    ),
    "XCN": (
        *_NAMED_PERSON, "Assigning Authority", "Name Type Code", "Identifier Check Digit", "Check Digit Scheme",
        "Identifier Type Code", "Assigning Facility", "Name Representation Code", "Name Context",
        "Name Validity Range", "Name Assembly Order", "Effective Date", "Expiration Date", "Professional Suffix",
        "Assigning Jurisdiction", "Assigning Agency or Department",
    ),
    "CNN": (*_NAMED_PERSON, "Assigning Authority - Namespace ID"),
    "NDL": ("Name", "Start Date/Time", "End Date/Time", "Point of Care", "Room", "Bed", "Facility"),
    "PL": (
        "Point of Care", "Room", "Bed", "Facility", "Location Status", "Person Location Type", "Building", "Floor",
    ),
    "CE": _CODED,
    "CWE": _CODED,
    "SUFFIXED": ("Identifier", "Suffix"),  # OBX-3, until v2.6 (7.4.2.3)
    "TQ": ("Quantity", "Interval", "Duration", "Start Date/Time", "End Date/Time", "Priority"),
    "ED": ("Source Application", "Type of Data", "Data Subtype", "Encoding", "Data"),
    "RP": ("Pointer", "Application ID", "Type of Data", "Subtype"),
}  # fmt: skip
TYPE_OF_FIELD: dict[str, str] = {
    f"{segment}-{number}": kind
    for segment, kinds in _OF_FIELDS.items()
    for number, kind in enumerate(kinds.split(), start=1)
    if kind in _NAMES
} | {"ZDS-1": "RP"}
"""The data type of each field that has named components; that of OBX-5 stands in OBX-2."""
LAST_FIELDS = {segment: len(kinds.split()) for segment, kinds in _OF_FIELDS.items()}
"""The last field of each segment; no version of ours has more."""

# Where a component has parts of its own, which type says what they are.
_WITHIN = {
    ("NDL", 1): "CNN",
    ("CE", 1): "SUFFIXED",
    **dict.fromkeys((("CX", 4), ("CX", 6), ("XCN", 9), ("XCN", 14), ("NDL", 7)), "HD"),
    **dict.fromkeys((("VID", 2), ("VID", 3)), "CE"),
    **dict.fromkeys((("CX", 9), ("CX", 10), ("XCN", 22), ("XCN", 23)), "CWE"),
}


def components_of(segment: str, number: int) -> int | None:
    """The number of components of a field: 1 where its type has none; None where its type varies."""
    kind = _OF_FIELDS[segment].split()[number - 1]
    return None if kind == _VARIES else _COMPONENTS.get(kind, 1)


def component_name(data_type: str, number: int, *within: int) -> str:
    """The name of a component, or of a part of one, counted from 1; empty where we have none."""
    if within:
        return component_name(_WITHIN.get((data_type, number), ""), *within)
    names = _NAMES.get(data_type, ())
    return names[number - 1] if number <= len(names) else ""
