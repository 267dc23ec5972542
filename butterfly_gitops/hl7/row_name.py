"""Which OBX it is that cannot be written, for a person who fixes the study.

A row is named by its number and by its place in the study, in words of ours: even the code of an observation is the
source's own text, and may tell of a patient.
"""

from collections.abc import Sequence
from typing import NamedTuple

from butterfly_gitops.hl7.content import ATTESTATION, IMAGES, SECTIONS, STUDY_UID


class Said(NamedTuple):
    """OBX-2 and OBX-3 of a row."""

    type: str
    code: str


_BY_CODE = {
    **{code: section for section, (code, _, _) in SECTIONS.items()},
    STUDY_UID.partition("^")[0]: "Study UID",
    ATTESTATION.partition("^")[0]: "attestation",
    IMAGES.partition("^")[0]: "link to the images",
}
# What is measured may bear the code of the exam itself, or of a section.
_MEASURED = ("NM", "CE", "CWE")
_BY_SUFFIX = {suffix: section for section, (_, _, suffix) in SECTIONS.items() if suffix}


def row_name(rows: Sequence[Said], exam: str) -> str:
    """Name the last of the rows that a message begins with, `OBX 3 (findings)`; `exam` is OBR-4."""
    kinds = [_kind(row, _identifier(exam)) for row in rows]
    kind = kinds[-1]
    count = kinds.count(kind)
    if kind == "line":
        section = _BY_SUFFIX.get(_suffix(rows[-1].code), "")
        name = f"line {count} of the report{section and f', {section}'}"
    else:
        name = f"{kind} {count}" if kind in ("document", "observation") else kind
    return f"OBX {len(rows)} ({name})"


def _kind(row: Said, exam: str) -> str:
    if row.type == "ED":
        return "document"
    if row.type in _MEASURED:
        return "observation"
    identifier = _identifier(row.code)
    if identifier == exam:
        return "line"
    return _BY_CODE.get(identifier, "observation")


def _identifier(code: str) -> str:
    """CE.1 without the suffix of a section (7.4.2.3)."""
    return code.partition("^")[0].partition("&")[0]


def _suffix(code: str) -> str:
    return code.partition("^")[0].partition("&")[2]
