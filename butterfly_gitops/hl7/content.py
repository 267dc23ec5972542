"""The parts of a result as OBX rows: Study UID, report, values, attestation, documents and the link to the images.

Layouts choose among them; which field of OBX holds what belongs to `segments.obx`.
"""

from collections.abc import Iterator
from functools import cache

from butterfly_gitops.hl7.datatype import coded, composite, is_nm
from butterfly_gitops.hl7.escape import escape, escape_text
from butterfly_gitops.hl7.refusal import RenderingRefused
from butterfly_gitops.hl7.result import Result
from butterfly_gitops.hl7.segments.obx import ObxRow
from butterfly_gitops.model.study import Observation

# LOINC codes of a report's sections (DICOM PS3.20, chapter 9): code, display, and the suffix of OBX-3 where one
# names such a section (HL7 v2.5.1, 7.4.2.3: GDT general description, IMP impression, REC recommendation).
SECTIONS = {
    "findings": ("18782-3", "Radiology Study observation (narrative)", "GDT"),
    "impression": ("19005-8", "Radiology Imaging study [Impression] (narrative)", "IMP"),
    "recommendation": ("18783-1", "Radiology Study recommendation (narrative)", "REC"),
    "indication": ("18785-6", "Radiology Reason for study (narrative)", ""),
    "comparison": ("18834-2", "Radiology Comparison study (narrative)", ""),
    "other": ("18748-4", "Diagnostic imaging study", ""),
}
ADDENDUM = "ADT"

STUDY_UID = composite("113014", "DICOM Study", "DCM")
# No LOINC code says "attestation of an imaging report", so the code is local; so is the one of the link.
ATTESTATION = composite("ATTESTATION", "Attestation statement", "L")
_ATTESTED_ADDENDUM = f"ATTESTATION&{ADDENDUM}^Attestation statement^L"
IMAGES = composite("IMAGES", "Link to the images", "L")
# LOINC document types, as `message.document_type` names them.
DOCUMENT_TYPES = {
    "18760-9": "Ultrasound report",
    "11522-0": "Echocardiography study",
    "11525-3": "Obstetric ultrasound study",
    "18748-4": "Diagnostic imaging study",
    "11528-7": "Radiology studies",
}


def study_uid(result: Result, *, form: str, status: str = "") -> Iterator[ObxRow]:
    """The DICOM Study UID as an OBX of type ST or HD; in a ZDS, or nowhere, it is none of the rows."""
    uid = result.study.study_uid
    if not uid or form not in ("ST", "HD"):
        return
    # HD.2 and HD.3: a UID is a universal id of type ISO (2.A.33).
    value = uid if form == "ST" else composite("", uid, "ISO")
    yield ObxRow(type=form, code=STUDY_UID, value=value, status=status)


def sections(result: Result, *, kind: str) -> Iterator[ObxRow]:
    """Each section of the report as one OBX under its LOINC code, line ends as the endpoint wants them."""
    suffix = ADDENDUM if result.is_addendum else ""
    for part in result.study.report:
        if part.text.strip():
            yield ObxRow(
                type=kind,
                code=_section_code(part.section, suffix),
                value=escape_text(part.text, line_break=result.options.line_break),
                observed=result.observed,
            )


@cache
def _section_code(section: str, suffix: str) -> str:
    code, display, _ = SECTIONS[section]
    return f"{code}{suffix and f'&{suffix}'}^{escape(display)}^LN"


def values(result: Result) -> Iterator[ObxRow]:
    """Each observation as one OBX of its own type."""
    for number, one in enumerate(result.study.observations, start=1):
        kind, value = _typed(result, number, one)
        # Not cached: a display is the source's free text.
        code, unit = composite(one.code, one.display, one.system), coded(one.unit)
        instance = escape(one.instance) if one.instance else ""
        # By position, since there are many: names take twice as long.
        yield ObxRow(kind, code, value, instance, unit, result.observed)


def _typed(result: Result, number: int, observation: Observation) -> tuple[str, str]:
    """OBX-2 and OBX-5, which must agree."""
    match observation.type:
        case "numeric":
            if not is_nm(observation.value):
                raise RenderingRefused(
                    "OBX-5", f"observation {number} is numeric, but its value is no number"
                )
            return "NM", observation.value
        case "text":
            return "TX", escape_text(observation.value, line_break=result.options.line_break)
        case "coded":
            # A code without a system is the source's own (L of table 0396), and says itself where it has no text.
            text, system = observation.value_display or observation.value, observation.value_system or "L"
            return result.version.coded, composite(observation.value, text, system)


def attestation(result: Result, *, kind: str) -> Iterator[ObxRow]:
    """The attesting physician's statement, with the time that it was made."""
    stated = result.study.attestation
    if stated and stated.text.strip():
        value = escape_text(stated.text, line_break=result.options.line_break)
        code = _ATTESTED_ADDENDUM if result.is_addendum else ATTESTATION
        yield ObxRow(type=kind, code=code, value=value, observed=attested(result))


def attested(result: Result) -> str:
    """The time of the attestation, as printed; that of the exam where nobody says."""
    stated = result.study.attestation
    return result.clock.prints(stated.at) if stated and stated.at else result.observed


def image_link(result: Result) -> Iterator[ObxRow]:
    """The link to the images: as text for people, or as RP (2.A.66) for a program that opens it."""
    url = result.study.images_url
    form = result.options.image_link
    if not url or form == "none":
        return
    value = escape(url) if form == "text" else composite(url, "", "image")
    yield ObxRow(type="TX" if form == "text" else "RP", code=IMAGES, value=value, observed=result.observed)


def documents(result: Result) -> Iterator[ObxRow]:
    """Each PDF as ED (2.A.24), its components as the endpoint wants them; base64 holds no delimiter."""
    pdf = result.options.pdf
    head = "^".join(escape(part or "") for part in (pdf.source, pdf.type, pdf.subtype, "Base64"))
    exam = result.options.exam_codes.get(result.study.exam_type.code)
    kind = (exam and exam.document_type) or result.options.document_type
    code = composite(kind, DOCUMENT_TYPES[kind], "LN")
    for document in result.study.documents:
        if document.is_pdf:
            yield ObxRow(type="ED", code=code, value=f"{head}^{document.base64}", observed=result.observed)
