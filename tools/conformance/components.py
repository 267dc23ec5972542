"""Which components of a composite data type are filled, and with what; the others stay empty."""

FILLED: dict[str, dict[str, str]] = {
    "HD": {
        "1": "the name as the setting has it; of a Study UID empty",
        "2": "the universal id, where the setting has one; the Study UID",
        "3": "its type (table 0301)",
    },
    "MSG": {"1": "`ORU`", "2": "`R01`", "3": "`ORU_R01`, from v2.3.1 on"},
    "PT": {"1": "`processing_id`"},
    "VID": {"1": "`message.hl7_version`"},
    "CX": {
        "1": "the identifier; PID-18 and PV1-19 hold nothing else",
        "4": "the assigning authority; with `message.authorities` its name, universal id and type as `&` parts 1, 2 and 3",
        "5": "the type of identifier (table 0203)",
    },
    "EI": {"1": "the number"},
    "XPN": {
        "1": "family name",
        "2": "given name",
        "7": "`L`, or `U` for a patient without a name, in v2.3 `O` (table 0200)",
    },
    "XCN": {
        "1": "the identifier",
        "2": "family name",
        "3": "given name",
        "9": "the assigning authority of the identifier, as CX.4",
        "13": "the type of identifier (table 0203)",
    },
    "NDL": {
        "1": "the person, in `&` parts: 1 identifier, 2 family name, 3 given name, 9 assigning authority; with "
        "`message.authorities` 10 its universal id and 11 the type of that",
    },
    "PL": {"1": "unit", "2": "room", "3": "bed"},
    "CE": {
        "1": "the code; in OBX-3 of text with its suffix as `&` part 2; empty in OBR-31; in OBX-6 the unit",
        "2": "its text; never in OBX-6",
        "3": "its system (table 0396); in OBX-6 `UCUM` with `message.unit_system: UCUM` alone",
    },
    "CWE": {"1": "the code", "2": "its text", "3": "its system (table 0396)"},
    "TQ": {"4": "as OBR-7, in v2.3", "6": "in `notice`: `R`"},
    "ED": {
        "1": "`message.pdf.source`",
        "2": "`message.pdf.type`",
        "3": "`message.pdf.subtype`",
        "4": "`Base64`",
        "5": "the document",
    },
    "RP": {
        "1": "the link to the images; the Study UID in ZDS-1",
        "3": "`image`; in ZDS-1 `Application`",
        "4": "in ZDS-1 `DICOM`",
    },
}
"""By data type and number of the component."""
