"""Which data type each field has in HL7 v2.5.1 (chapters 2 to 4, 7), and how many components that has (chapter 2A)."""

_TYPES = {
    "MSH": ("ST ST HD HD HD HD TS ST MSG ST PT VID NM ST ID ID ID ID CE ID EI"),
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
    "TQ1": ("SI CQ RPT TM CQ CQ TS TS CWE TX TX ID CQ NM"),
    "OBR": (
        "SI EI EI CE ID TS TS TS CQ XCN ID CE ST TS SPS XCN XTN ST ST ST ST TS MOC ID ID PRL TQ XCN "
        "EIP ID CE NDL NDL NDL NDL TS NM CE CE CE ID ID CE CE CE CE CE CWE IS CWE"
    ),
    "OBX": ("SI ID CE ST varies CE ST IS NM ID ID TS ST TS CE XCN CE EI TS varies varies varies XON XAD XCN"),
}
_VARIES = "varies"
_COMPONENTS = {
    "CE": 6,
    "CNE": 9,
    "CQ": 2,
    "CWE": 9,
    "CX": 10,
    "DLD": 2,
    "DLN": 3,
    "EI": 4,
    "EIP": 2,
    "FC": 2,
    "HD": 3,
    "MOC": 2,
    "MSG": 3,
    "NDL": 11,
    "PL": 11,
    "PRL": 3,
    "PT": 2,
    "RPT": 11,
    "SPS": 7,
    "TQ": 12,
    "TS": 2,
    "VID": 3,
    "XAD": 14,
    "XCN": 23,
    "XON": 10,
    "XPN": 14,
    "XTN": 12,
}


def components_of(segment: str, number: int) -> int | None:
    """How many components a field has, 1 where its type has none; None where its type varies."""
    kind = _TYPES[segment].split()[number - 1]
    return None if kind == _VARIES else _COMPONENTS.get(kind, 1)
