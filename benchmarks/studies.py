"""Invented studies as the text of events: what both pipelines and the HTTP client hand in."""

import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime

_FINDINGS = (
    "No free fluid in the hepatorenal recess, the splenorenal recess or the pelvis. No pericardial effusion. "
    "Lung sliding is present on both sides, without B-lines. The inferior vena cava is 1.8 cm and collapses with "
    "breathing. The left ventricle contracts well. Views of the spleen are limited by bowel gas."
)
_IMPRESSION = (
    "Negative extended FAST exam. No sonographic sign of tamponade, pneumothorax or haemoperitoneum; repeat if the "
    "patient becomes unstable, and correlate with the computed tomography that has been ordered."
)


def arrays(count: int, *, size: int, archives: list[str], prefix: str) -> Iterator[list[str]]:
    """Return events in arrays of a size, their archives in turn; `prefix` tells one run's studies from another's."""
    numbers = iter(range(count))
    while taken := list(itertools.islice(numbers, size)):
        yield [
            study_event(f"{prefix}-{number}", archive=archives[number % len(archives)]) for number in taken
        ]


def study_event(name: str, *, archive: str) -> str:
    """Return one finalized study, which occurs now."""
    return json.dumps(
        {
            "event_id": f"event-{name}",
            "event": "finalized",
            "occurred_at": datetime.now(UTC).isoformat(),
            "archive": archive,
            "study": _study(name),
            "patient": {
                "identifiers": [{"id": f"MRN-{name}", "authority": "STE", "type": "MR"}],
                "family": "Muster",
                "given": "Erika",
                "birth_date": "1980-02-29",
                "sex": "F",
            },
            "encounter": {
                "visit_number": f"V-{name}",
                "class": "E",
                "location": {"unit": "ED", "room": "12"},
            },
        }
    )


def _study(name: str) -> dict[str, object]:
    return {
        "id": f"study-{name}",
        "revision": 1,
        "study_uid": "1.2.840.113619.2.55.3.604688119.971.1387297",
        "accession_number": f"A-{name}"[:16],
        "exam_type": {"code": "EFAST", "display": "eFAST", "system": "L"},
        "started_at": "2026-11-24T13:41:00Z",
        "people": [
            {"role": "performer", "id": "1043", "authority": "STE", "family": "Okafor", "given": "Ngozi"}
        ],
        "report": [
            {"section": "findings", "text": _FINDINGS},
            {"section": "impression", "text": _IMPRESSION},
        ],
        "observations": [
            {
                "type": "numeric",
                "code": "EF",
                "system": "L",
                "display": "Ejection fraction",
                "value": "55",
                "unit": "%",
            }
        ],
    }
