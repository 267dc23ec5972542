"""Names of what a field is made of: the components of the data types (HL7 v2.5.1, 2.A) that our messages use.

The names of fields stand in the tables of `segments`, beside what fills them.
"""

_NAMED_PERSON = (
    "ID Number", "Family Name", "Given Name", "Second and Further Given Names or Initials Thereof",
    "Suffix", "Prefix", "Degree", "Source Table",
)  # fmt: skip
_CODED = (
    "Identifier", "Text", "Name of Coding System", "Alternate Identifier", "Alternate Text",
    "Name of Alternate Coding System",
)  # fmt: skip
_TYPES: dict[str, tuple[str, ...]] = {
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
    **dict.fromkeys(("MSH-3", "MSH-4", "MSH-5", "MSH-6"), "HD"),
    "MSH-9": "MSG",
    "MSH-11": "PT",
    "MSH-12": "VID",
    **dict.fromkeys(("PID-3", "PID-18", "PV1-19"), "CX"),
    "PID-5": "XPN",
    "PV1-3": "PL",
    **dict.fromkeys(("ORC-2", "ORC-3", "OBR-2", "OBR-3"), "EI"),
    **dict.fromkeys(("PV1-7", "OBR-16"), "XCN"),
    **dict.fromkeys(("OBR-4", "OBR-31", "OBR-44", "OBX-3", "OBX-6"), "CE"),
    "TQ1-9": "CWE",
    **dict.fromkeys(("OBR-32", "OBR-33", "OBR-34", "OBR-35"), "NDL"),
    **dict.fromkeys(("ORC-7", "OBR-27"), "TQ"),
    "ZDS-1": "RP",
}
"""The data type of each field of ours that has components; that of OBX-5 stands in OBX-2."""

# Where a component has parts of its own, which type says what they are.
_WITHIN = {
    ("NDL", 1): "CNN",
    ("CE", 1): "SUFFIXED",
    **dict.fromkeys((("CX", 4), ("CX", 6), ("XCN", 9), ("XCN", 14), ("NDL", 7)), "HD"),
    **dict.fromkeys((("VID", 2), ("VID", 3)), "CE"),
    **dict.fromkeys((("CX", 9), ("CX", 10), ("XCN", 22), ("XCN", 23)), "CWE"),
}


def component_name(data_type: str, number: int, subcomponent: int | None = None) -> str:
    """What a component is, or a part of one, counted from 1; empty where we have no name for it."""
    if subcomponent is not None:
        return component_name(_WITHIN.get((data_type, number), ""), subcomponent)
    names = _TYPES.get(data_type, ())
    return names[number - 1] if number <= len(names) else ""
