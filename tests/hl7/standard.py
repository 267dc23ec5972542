"""What the versions of HL7 say of the fields that we send: lengths and tables, written down beside the product's own.

The lengths are those of the tables of segments in chapters 2, 3, 4 and 7. hl7apy has no tables of v2.3; those of
v2.3.1 stand for them.
"""

import re
from collections.abc import Iterable
from itertools import chain

_ORC = {1: 2, 2: 22, 3: 22, 5: 2, 7: 200}
_OBR = {
    1: 4,
    2: 22,
    3: 22,
    7: 26,
    8: 26,
    18: 60,
    22: 26,
    24: 10,
    25: 1,
    27: 200,
    32: 200,
    33: 200,
    34: 200,
    35: 200,
}
_OLD = {
    "MSH": {3: 180, 4: 180, 5: 180, 6: 180, 7: 26, 9: 7, 10: 20, 11: 3, 12: 60, 15: 2, 16: 2, 18: 16},
    "PID": {1: 4, 3: 20, 5: 48, 7: 26, 8: 1, 18: 20},
    "PV1": {1: 4, 2: 1, 3: 80, 7: 60, 10: 3, 19: 20, 51: 1},
    "ORC": _ORC,
    "OBR": {**_OBR, 4: 200, 15: 300, 16: 120, 31: 300},
    "OBX": {1: 4, 2: 3, 3: 80, 4: 20, 6: 60, 8: 5, 11: 1, 14: 26},
}
_NEW = {
    "MSH": {**_OLD["MSH"], 9: 15},
    "PID": {1: 4, 3: 250, 5: 250, 7: 26, 8: 1, 18: 250},
    "PV1": {1: 4, 2: 1, 3: 80, 7: 250, 10: 3, 19: 250, 51: 1},
    "ORC": _ORC,
    "TQ1": {1: 4, 7: 26, 9: 250},
    "OBR": {**_OBR, 4: 250, 15: 300, 16: 250, 31: 250, 44: 250},
    "OBX": {1: 4, 2: 3, 3: 250, 4: 20, 6: 250, 8: 5, 11: 1, 14: 26},
}
LENGTHS: dict[str, dict[str, dict[int, int]]] = {
    "2.3": {**_OLD, "MSH": {**_OLD["MSH"], 12: 8, 18: 6}},
    "2.3.1": _OLD,
    "2.4": _NEW,
    "2.5.1": {**_NEW, "MSH": {**_NEW["MSH"], 3: 227, 4: 227, 5: 227, 6: 227}},
}
# Limits that are no limits, and why.
NO_LIMIT = {
    ("2.3.1", "MSH-9"): "v2.3.1 gave MSG its third component and left the length of two",
    ("2.3", "MSH-18"): "no name of UTF-8 fits into six characters; the encoding is stated all the same",
}
# Before v2.4 these lengths are those of the first component.
BY_FIRST_COMPONENT = {"PID-3", "PID-18", "PV1-7", "PV1-19", "OBR-16"}

_0125 = frozenset(
    "AD|CE|CF|CK|CN|CP|CX|DT|ED|FT|MO|NM|PN|RP|SN|ST|TM|TN|TS|TX|XAD|XCN|XON|XPN|XTN".split("|")  # noqa: SIM905
)
VALUE_TYPES = {**dict.fromkeys(("2.3", "2.3.1", "2.4"), _0125), "2.5.1": _0125 | {"CWE"}}
# No version's table has HD, and IHE CARD-7 wants the Study UID in it.
STUDY_UID_TYPES = frozenset({"ST", "HD"})

_0211 = [*(f"8859/{n}" for n in range(1, 10)), "ASCII", "UNICODE"]
CODECS = {
    "US-ASCII": ("ascii", ""),
    **{f"ISO-8859-{n}": (f"iso8859_{n}", f"8859/{n}") for n in chain(range(1, 10), [15])},
    "windows-1252": ("cp1252", ""),
    "UTF-8": ("utf_8", "UNICODE UTF-8"),
}
"""Encoding: codec, MSH-18."""

_0004 = frozenset("BEIOPR")
TABLES: dict[str, dict[str, frozenset[str]]] = {
    "MSH-11": dict.fromkeys(LENGTHS, frozenset("PTD")),
    "MSH-15": dict.fromkeys(LENGTHS, frozenset({"AL", "NE", "ER", "SU"})),
    "MSH-16": dict.fromkeys(LENGTHS, frozenset({"AL", "NE", "ER", "SU"})),
    "MSH-18": {
        # User sites wrote UTF-8 long before v2.5 named it; UNICODE alone says no encoding.
        version: frozenset([*_0211, "UNICODE UTF-8", *(["8859/15"] if version == "2.5.1" else [])])
        for version in LENGTHS
    },
    "PID-8": {version: frozenset("FMOU" if version in ("2.3", "2.3.1") else "AFMNOU") for version in LENGTHS},
    # The table is the user's own; U came with v2.4.
    "PV1-2": {
        version: _0004 | frozenset("U" if version in ("2.3", "2.3.1") else "CNU") for version in LENGTHS
    },
    "PV1-51": dict.fromkeys(LENGTHS, frozenset("AV")),
    "ORC-1": dict.fromkeys(LENGTHS, frozenset({"RE", "SC"})),
    "ORC-5": dict.fromkeys(LENGTHS, frozenset({"A", "CA", "CM", "DC", "ER", "HD", "IP", "RP", "SC"})),
    "TQ1-9": dict.fromkeys(LENGTHS, frozenset({"R^Routine^HL70078"})),
    # Only the table of v2.4 has IMG; v2.5 lost it, and later versions have it again.
    "OBR-24": {
        version: frozenset({"RAD", "RUS", "OUS", "VUS", "CUS", *(["IMG"] if version == "2.4" else [])})
        for version in LENGTHS
    },
    "OBR-25": dict.fromkeys(LENGTHS, frozenset("ACFIOPRSXYZ")),
    "OBX-8": dict.fromkeys(LENGTHS, frozenset({"N", "A", "AA"})),
    "OBX-11": dict.fromkeys(LENGTHS, frozenset("CDFINOPRSUWX")),
}
"""Field: version: what it may say, where it says anything."""

MESSAGE_TYPES = {"2.3": "ORU^R01", **dict.fromkeys(("2.3.1", "2.4", "2.5.1"), "ORU^R01^ORU_R01")}
REQUIRED = {
    "2.3": "MSH-9 MSH-10 MSH-11 MSH-12 PID-3 PID-5 PV1-2 ORC-1 ORC-7 OBR-4 OBR-27 OBX-2 OBX-3 OBX-11",
    "2.3.1": "MSH-9 MSH-10 MSH-11 MSH-12 PID-3 PID-5 PV1-2 ORC-1 OBR-4 OBX-2 OBX-3 OBX-4 OBX-11",
    "2.4": "MSH-7 MSH-9 MSH-10 MSH-11 MSH-12 PID-3 PID-5 PV1-2 ORC-1 OBR-4 OBX-3 OBX-11",
    "2.5.1": "MSH-7 MSH-9 MSH-10 MSH-11 MSH-12 PID-3 PID-5 PV1-2 ORC-1 OBR-4 OBX-3 OBX-11",
}
# In a report, whatever the version (7.4.1.7, 7.4.1.22, 7.4.1.25).
REQUIRED_IN_A_REPORT = "OBR-7 OBR-22 OBR-25"

_STRUCTURES = {
    "2.3": "MSH {[PID [PD1] [{NTE}] [PV1 [PV2]]] {[ORC] OBR [{NTE}] {[OBX] [{NTE}]} [{CTI}]}} [DSC]",
    "2.3.1": "MSH {[PID [PD1] [{NTE}] [PV1 [PV2]]] {[ORC] OBR [{NTE}] {[OBX] [{NTE}]} [{CTI}]}} [DSC]",
    "2.4": "MSH {[PID [PD1] [{NK1}] [{NTE}] [PV1 [PV2]]] "
    "{[ORC] OBR [{NTE}] [CTD] {[OBX] [{NTE}]} [{FT1}] [{CTI}]}} [DSC]",
    "2.5.1": "MSH [{SFT}] {[PID [PD1] [{NTE}] [{NK1}] [PV1 [PV2]]] "
    "{[ORC] OBR [{NTE}] [{TQ1 [{TQ2}]}] [CTD] [{OBX [{NTE}]}] [{FT1}] [{CTI}] [{SPM [{OBX}]}]}} [DSC]",
}
"""Version: ORU^R01 in the abstract syntax of messages, as chapter 7 has it: [optional], {repeating}."""

_LOCAL = " ZDS"


def _pattern(structure: str) -> re.Pattern[str]:
    by_sign = {"[": "(?:", "]": ")?", "{": "(?:", "}": ")+", " ": ""}
    pieces = re.findall(r"[A-Z0-9]{3}|.", structure)
    return re.compile("".join(by_sign.get(piece, f" {piece}") for piece in pieces))


_ORDER = {version: _pattern(structure) for version, structure in _STRUCTURES.items()}


def is_in_order(names: Iterable[str], version: str) -> bool:
    """Whether each segment stands where the version has it; one of our own (Z) may follow the last of its group."""
    text = "".join(f" {name}" for name in names).removesuffix(_LOCAL)
    return _ORDER[version].fullmatch(text) is not None
