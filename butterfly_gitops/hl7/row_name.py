"""A name for the OBX that cannot be written, for a person who fixes the study.

A row is named by its number and by its place in the study, in words of ours: even the code of an observation is the
source's own text, and may tell of a patient.
"""

from collections.abc import Sequence

from butterfly_gitops.hl7.content import ATTESTATION, IMAGES, SECTIONS, STUDY_UID

_BY_CODE = {
    **{code: section for section, (code, _, _) in SECTIONS.items()},
    STUDY_UID.partition("^")[0]: "Study UID",
    ATTESTATION.partition("^")[0]: "attestation",
    IMAGES.partition("^")[0]: "link to the images",
}
# What is measured may bear the code of the exam itself, or of a section.
_MEASURED = ("NM", "CE", "CWE")
_BY_SUFFIX = {suffix: section for section, (_, _, suffix) in SECTIONS.items() if suffix}


def row_name(rows: Sequence[tuple[str, str]], exam: str) -> str:
    """Name the last of the OBX that a message begins with, `OBX 3 (findings)`.

    Of each row OBX-2 and OBX-3 are given; `exam` is OBR-4.
    """
    exam_code, _ = _identifier(exam)
    kinds = [_kind(value_type, _identifier(code)[0], exam_code) for value_type, code in rows]
    kind = kinds[-1]
    count = kinds.count(kind)
    if kind == "line":
        section = _BY_SUFFIX.get(_identifier(rows[-1][1])[1], "")
        name = f"line {count} of the report{section and f', {section}'}"
    else:
        name = f"{kind} {count}" if kind in ("document", "observation") else kind
    return f"OBX {len(rows)} ({name})"


def _kind(value_type: str, code: str, exam_code: str) -> str:
    if value_type == "ED":
        return "document"
    if value_type in _MEASURED:
        return "observation"
    return "line" if code == exam_code else _BY_CODE.get(code, "observation")


def _identifier(code: str) -> tuple[str, str]:
    """CE.1, and the suffix of a section in it (7.4.2.3)."""
    identifier, _, suffix = code.partition("^")[0].partition("&")
    return identifier, suffix
