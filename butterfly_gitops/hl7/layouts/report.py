"""The layout `report`: IHE RAD-128 (Send Imaging Result) as ORU^R01 v2.5.1, one OBX for each part of the report.

Each function is the map of one segment: field number to what stands there.
"""

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from butterfly_gitops.hl7.charset import charset_of
from butterfly_gitops.hl7.datatype import composite, cx, hd, is_nm, ndl, pl, xcn, xpn
from butterfly_gitops.hl7.escape import escape, escape_text
from butterfly_gitops.hl7.message import header, segment
from butterfly_gitops.hl7.refusal import RenderingRefused
from butterfly_gitops.hl7.result import Result
from butterfly_gitops.model.study import Observation, PatientIdentifier, Person, Study

# LOINC codes of a report's sections (DICOM PS3.20, chapter 9).
_SECTIONS = {
    "findings": composite("18782-3", "Radiology Study observation (narrative)", "LN"),
    "impression": composite("19005-8", "Radiology Imaging study [Impression] (narrative)", "LN"),
    "recommendation": composite("18783-1", "Radiology Study recommendation (narrative)", "LN"),
    "indication": composite("18785-6", "Radiology Reason for study (narrative)", "LN"),
    "comparison": composite("18834-2", "Radiology Comparison study (narrative)", "LN"),
    "other": composite("18748-4", "Diagnostic imaging study", "LN"),
}
_STUDY_UID = composite("113014", "DICOM Study", "DCM")
# No LOINC code says "attestation of an imaging report", so the code is local.
_ATTESTATION = composite("ATTESTATION", "Attestation statement", "L")

# The same few codes come again and again; no patient's data is kept here.
_coded = lru_cache(maxsize=1024)(composite)

_PATIENT_CLASSES = frozenset("BCEINOPRU")  # table 0004


class _Line(NamedTuple):
    """One OBX before it has a number: OBX-2, 3, 4, 5, 6 and 14."""

    type: str
    code: str
    value: str
    instance: str = ""
    unit: str = ""
    observed: str = ""


def segments(result: Result) -> list[str]:
    """Lay a result out. Raises RenderingRefused naming the field that cannot be written."""
    visit = [] if result.event.encounter is None else [_pv1(result)]
    observed = _observed(result)
    lines = _told_apart(list(_lines(result, observed)))
    status = result.obx_11
    return [
        _msh(result),
        _pid(result),
        *visit,
        _orc(result),
        _obr(result, observed),
        *[_obx(number, line, status) for number, line in enumerate(lines, start=1)],
    ]


def _msh(result: Result) -> str:
    endpoint = result.endpoint
    commit = endpoint.acknowledgement.mode == "commit"
    return header(
        {
            3: hd(endpoint.sending_application),
            4: hd(endpoint.sending_facility),
            5: hd(endpoint.receiving_application),
            6: hd(endpoint.receiving_facility),
            7: result.sent_at,
            9: "ORU^R01^ORU_R01",
            10: result.control_id,
            11: endpoint.processing_id,
            12: endpoint.message.hl7_version,
            15: "AL" if commit else "",  # both empty is original mode (2.9.2)
            16: "NE" if commit else "",
            18: charset_of(endpoint.encoding).declared if endpoint.declare_encoding else "",
        }
    )


def _pid(result: Result) -> str:
    patient, encounter = result.event.patient, result.event.encounter
    return segment(
        "PID",
        {
            1: "1",
            3: cx(_patient_id(result)),
            5: xpn(patient.family, patient.given),
            7: (patient.birth_date or "").replace("-", ""),  # a date has no zone
            8: patient.sex or "",
            18: escape((encounter and encounter.account_number) or ""),
        },
    )


def _pv1(result: Result) -> str:
    encounter = result.event.encounter
    if encounter is None:
        return ""
    return segment(
        "PV1",
        {
            1: "1",
            2: encounter.class_ if encounter.class_ in _PATIENT_CLASSES else "U",
            3: pl(encounter.location),
            7: xcn(encounter.attending),
            19: escape(encounter.visit_number or ""),
        },
    )


def _orc(result: Result) -> str:
    return segment("ORC", {1: "RE", 2: _placer(result), 3: escape(result.filler), 5: result.orc_5})


def _obr(result: Result, observed: str) -> str:
    study = result.event.study
    interpreter = _first(study, "attester", "author", "performer")
    performer = _first(study, "performer")
    return segment(
        "OBR",
        {
            1: "1",
            2: _placer(result),
            3: escape(result.filler),
            4: _exam_code(result),
            7: observed,
            8: result.clock.prints(study.ended_at) if study.ended_at else "",
            16: xcn(_first(study, "ordering") or interpreter),
            18: escape(study.accession_number or ""),
            22: result.status_time,
            24: "RUS",  # table 0074: radiology ultrasound
            25: result.obr_25,
            31: composite("", study.reason),
            32: ndl(interpreter),
            33: _assistants(study, interpreter),
            34: "" if performer is interpreter else ndl(performer),
            35: ndl(_first(study, "scribe")),
        },
    )


def _obx(number: int, line: _Line, status: str) -> str:
    return segment(
        "OBX",
        {
            1: str(number),
            2: line.type,
            3: line.code,
            4: line.instance,
            5: line.value,
            6: line.unit,
            11: status,
            14: line.observed,
        },
    )


def _lines(result: Result, observed: str) -> Iterator[_Line]:
    study = result.event.study
    if study.study_uid:
        yield _Line(type="ST", code=_STUDY_UID, value=study.study_uid)
    for part in study.report:
        if part.text.strip():
            code = _SECTIONS[part.section]
            yield _Line(type="TX", code=code, value=escape_text(part.text), observed=observed)
    for number, observation in enumerate(study.observations, start=1):
        yield _observation(number, observation, observed)
    if study.attestation and study.attestation.text.strip():
        at = study.attestation.at
        stated = result.clock.prints(at) if at else observed
        yield _Line(type="TX", code=_ATTESTATION, value=escape_text(study.attestation.text), observed=stated)


def _observation(number: int, observation: Observation, observed: str) -> _Line:
    kind, value = _typed_value(number, observation)
    return _Line(
        type=kind,
        code=_coded(observation.code, observation.display, observation.system),
        instance=escape(observation.instance or ""),
        value=value,
        unit=escape(observation.unit or ""),
        observed=observed,
    )


def _typed_value(number: int, observation: Observation) -> tuple[str, str]:
    """OBX-2 and OBX-5, which must agree."""
    match observation.type:
        case "numeric":
            if not is_nm(observation.value):
                raise RenderingRefused(
                    "OBX-5", f"observation {number} is numeric, but its value is no number"
                )
            return "NM", observation.value
        case "text":
            return "TX", escape_text(observation.value)
        case "coded":
            return "CWE", escape(observation.value)


def _told_apart(lines: list[_Line]) -> list[_Line]:
    """Number in OBX-4 what else agrees in OBX-3 and OBX-4: receivers replace such lines as one (7.4.2.4)."""
    how_often = Counter((line.code, line.instance) for line in lines)
    if len(how_often) == len(lines):
        return lines
    seen: Counter[tuple[str, str]] = Counter()
    apart = []
    for line in lines:
        key = line.code, line.instance
        seen[key] += 1
        if how_often[key] == 1:
            apart.append(line)
        else:
            apart.append(line._replace(instance=".".join(filter(None, (line.instance, str(seen[key]))))))
    return apart


def _patient_id(result: Result) -> PatientIdentifier:
    choice = result.endpoint.message.patient_id
    for identifier in result.event.patient.identifiers:
        if choice is None or (
            choice.authority in (None, identifier.authority) and choice.type in (None, identifier.type)
        ):
            return identifier
    if choice is None:
        raise RenderingRefused("PID-3", "the patient has no identifier")
    raise RenderingRefused("PID-3", "the patient has no identifier as message.patient_id wants it")


def _placer(result: Result) -> str:
    placer = result.event.study.placer_order_number
    if placer is None and result.endpoint.message.placer_fallback == "filler":
        placer = result.filler
    return escape(placer or "")


def _exam_code(result: Result) -> str:
    exam = result.event.study.exam_type
    known = result.endpoint.message.exam_codes.get(exam.code) or exam
    return _coded(known.code, known.display, known.system)


def _observed(result: Result) -> str:
    """OBR-7, which a report must value: when the exam was, or the nearest moment after it that we know."""
    study = result.event.study
    return result.clock.prints(study.started_at or study.ended_at or result.event.occurred_at)


def _first(study: Study, *roles: str) -> Person | None:
    """Return the first person of the first role that anybody has."""
    for role in roles:
        for person in study.people:
            if person.role == role:
                return person
    return None


def _assistants(study: Study, interpreter: Person | None) -> str:
    """OBR-33 repeats: every author beside the principal interpreter."""
    authors = (person for person in study.people if person.role in ("author", "secondary_author"))
    return "~".join(ndl(person) for person in authors if person is not interpreter)
