"""One study in which every field that may tell of a patient holds a word of its own, to be looked for everywhere."""

import copy
import json
from collections.abc import Iterator
from typing import Any

# Patterns leave no room for a word in these, so that a value stands for it that nothing else has.
UID, BORN, MEASURED = "9.87.654.3210", "1907-03-19", "98765.4321"
BASE64 = "S0FOQVJJQS1QREY="

# What names a study without telling of its patient; ids may be shown and logged.
NAMES_NOTHING = {
    "/event_id", "/event", "/occurred_at", "/archive", "/study/id", "/study/revision", "/study/started_at",
    "/study/ended_at", "/study/attestation/at", "/study/people/0/role", "/study/report/0/section",
    "/study/observations/0/type", "/study/observations/1/type",
    "/study/observations/2/type", "/patient/sex",
}  # fmt: skip

SHOWN_IN_LISTS = "KANARI-ACC"
"""The accession number: a person finds a delivery by it, so lists of deliveries may show it, and nothing else."""

EVENT: dict[str, Any] = {
    "event_id": "E1",
    "event": "finalized",
    "occurred_at": "2026-11-24T14:03:11Z",
    "archive": "st-elsewhere/emergency",
    "study": {
        "id": "s-1",
        "revision": 1,
        "study_uid": UID,
        "filler_order_number": "KANARI-FILLER",
        "placer_order_number": "KANARI-PLACER",
        "accession_number": SHOWN_IN_LISTS,
        "exam_type": {"code": "KANARI-EX", "display": "KANARI-EXD", "system": "KANARI-EXS"},
        "ordered_procedure": {"code": "KANARI-OP", "display": "KANARI-OPD", "system": "KANARI-OPS"},
        "started_at": "2026-11-24T13:41:00Z",
        "ended_at": "2026-11-24T13:51:00Z",
        "reason": "KANARI-REASON",
        "people": [
            {
                "role": "performer",
                "id": "KANARI-PEI",
                "authority": "KANARI-PEA",
                "id_type": "KANARI-PET",
                "family": "KANARI-PEF",
                "given": "KANARI-PEG",
            }
        ],
        "attestation": {"text": "KANARI-ATTESTS", "at": "2026-11-24T13:55:00Z"},
        "report": [{"section": "findings", "text": "KANARI-FINDS"}],
        "observations": [
            {
                "type": "numeric",
                "code": "KANARI-OC",
                "system": "KANARI-OS",
                "display": "KANARI-OD",
                "value": MEASURED,
                "value_display": "KANARI-OVD0",
                "value_system": "KANARI-OVS0",
                "unit": "KANARI-OU",
                "instance": "KANARI-OI",
            },
            {"type": "text", "code": "KANARI-OC2", "value": "KANARI-OV"},
            {
                "type": "coded",
                "code": "KANARI-OC3",
                "value": "KANARI-OV3",
                "value_display": "KANARI-OVD",
                "value_system": "KANARI-OVS",
            },
        ],
        "images_url": "https://KANARI-URL.example.org",
        "documents": [{"title": "KANARI-DT", "media_type": "KANARI/pdf", "base64": BASE64}],
    },
    "patient": {
        "identifiers": [{"id": "KANARI-MRN", "authority": "KANARI-AUT", "type": "KANARI-TY"}],
        "merged_from": [{"id": "KANARI-OLD", "authority": "KANARI-OLA", "type": "KANARI-OLT"}],
        "family": "KANARI-FAMILY",
        "given": "KANARI-GIVEN",
        "birth_date": BORN,
        "sex": "F",
    },
    "encounter": {
        "visit_number": "KANARI-VISIT",
        "account_number": "KANARI-ACCOUNT",
        "class": "KANARI-CLASS",
        "location": {"unit": "KANARI-UNIT", "room": "KANARI-ROOM", "bed": "KANARI-BED"},
        "attending": {
            "id": "KANARI-ATI",
            "authority": "KANARI-ATA",
            "id_type": "KANARI-ATT",
            "family": "KANARI-ATF",
            "given": "KANARI-ATG",
        },
    },
}


def leaves(part: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Every value that is no map or list, by its JSON pointer."""
    if isinstance(part, dict):
        for name, value in part.items():
            yield from leaves(value, f"{pointer}/{name}")
    elif isinstance(part, list):
        for number, value in enumerate(part):
            yield from leaves(value, f"{pointer}/{number}")
    else:
        yield pointer, part


# As they are written in HL7 too, where a date has no dashes.
_OTHER_WAYS = [BORN.replace("-", "")]
WORDS = sorted({str(value) for pointer, value in leaves(EVENT) if pointer not in NAMES_NOTHING}) + _OTHER_WAYS


def event(**overrides: Any) -> dict[str, Any]:
    return {**copy.deepcopy(EVENT), **overrides}


def edited(pointer: str, value: Any) -> dict[str, Any]:
    changed = event()
    *parents, last = pointer.split("/")[1:]
    part: Any = changed
    for name in parents:
        part = part[int(name)] if isinstance(part, list) else part[name]
    part[last] = value
    return changed


REFUSED: dict[str, bytes] = {
    name: body if isinstance(body, bytes) else json.dumps(body).encode()
    for name, body in {
        "unknown archive": event(archive="KANARI-ARCHIVE"),
        "of next week": event(occurred_at="2126-11-24T14:03:11Z"),
        "wrong sex": edited("/patient/sex", "KANARI-SEX"),
        "wrong date": edited("/patient/birth_date", "KANARI-BORN"),
        "wrong time": edited("/occurred_at", "KANARI-TIME"),
        "wrong kind": edited("/event", "KANARI-KIND"),
        "wrong revision": edited("/study/revision", "KANARI-REVISION"),
        "wrong uid": edited("/study/study_uid", "KANARI-UID"),
        "name too long": edited("/patient/family", "KANARI-LONG" * 200),
        "identifiers as text": edited("/patient/identifiers", "KANARI-MRN"),
        "text as a list": edited("/patient/family", ["KANARI-FAMILY"]),
        "unknown field": edited("/patient/nickname", "KANARI-NICK"),
        "name of a field": edited("/patient/KANARI-MRN", "x"),
        "not JSON": b'{"patient": {"family": "KANARI-FAMILY", given: "KANARI-GIVEN"}}',
        "not UTF-8": b'{"family": "KANARI-FAMILY\xff"}',
        "a key twice": b'{"family": "KANARI-FAMILY", "family": "KANARI-GIVEN"}',
        "HL7": b"PID|1||KANARI-MRN||KANARI-FAMILY^KANARI-GIVEN",
        "too large": json.dumps(event()).encode().ljust(33 * 1024 * 1024),
    }.items()
}


def found_in(text: str, *, may_list: bool = False) -> list[str]:
    """The canaries in a text; the word alone betrays those that no list names."""
    known = text.replace(SHOWN_IN_LISTS, "") if may_list else text
    return sorted({word for word in [*WORDS, "KANARI"] if word in known})
