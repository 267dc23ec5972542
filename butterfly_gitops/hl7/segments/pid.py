"""PID, patient identification (HL7 v2.5.1, 3.4.2): whom the result is of."""

from butterfly_gitops.hl7.datatype import cx, xpn
from butterfly_gitops.hl7.escape import escape
from butterfly_gitops.hl7.refusal import RenderingRefused
from butterfly_gitops.hl7.result import Result
from butterfly_gitops.hl7.segment_map import Field, SegmentMap, fixed
from butterfly_gitops.model.study import PatientIdentifier


def _identifier(result: Result) -> PatientIdentifier:
    choice = result.options.patient_id
    for identifier in result.patient.identifiers:
        if choice is None or (
            choice.authority in (None, identifier.authority) and choice.type in (None, identifier.type)
        ):
            return identifier
    if choice is None:
        raise RenderingRefused("PID-3", "the patient has no identifier")
    raise RenderingRefused(
        "PID-3",
        "the patient has no identifier as message.patient_id wants it",
        settings=("message.patient_id",),
    )


def _account(result: Result) -> str:
    encounter = result.encounter
    if result.options.visit_number == "PID-18":
        return escape(encounter.visit_number or "")
    return escape(encounter.account_number or "")


def _sex(result: Result) -> str:
    known = result.patient.sex or ""
    return known if known in result.version.sexes else "O"


PID: SegmentMap[Result] = SegmentMap(
    name="PID",
    title="Patient identification",
    fields=(
        Field(1, "Set ID", fixed("1"), "1"),
        Field(
            3,
            "Patient Identifier List",
            lambda of: cx(_identifier(of), of.options.authorities),
            "one identifier: the first, or the one that `message.patient_id` picks",
        ),
        Field(
            5,
            "Patient Name",
            lambda of: xpn(of.patient.family, of.patient.given, unnamed=of.version.unnamed),
            "legal name (L of table 0200), or U without any; O in v2.3, which has no U",
        ),
        Field(
            7,
            "Date/Time of Birth",
            # A date has no zone.
            lambda of: (of.patient.birth_date or "").replace("-", ""),
            "as precise as it is known; never shifted by a time zone",
        ),
        Field(8, "Administrative Sex", _sex, "table 0001; A and N are O before v2.4"),
        Field(
            18,
            "Patient Account Number",
            _account,
            "account number; visit number with `message.visit_number: PID-18`",
        ),
    ),
)
