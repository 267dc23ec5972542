"""Codes of exams and documents, and identifiers of patients and providers, as one endpoint knows them."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from butterfly_gitops.model.frozen import Frozen
from butterfly_gitops.model.meaning import Meanings

DiagnosticService = Annotated[
    Literal["RAD", "RUS", "OUS", "VUS", "CUS", "IMG"],
    Meanings(
        RAD="Radiology.",
        RUS="Radiology ultrasound.",
        OUS="Obstetric ultrasound.",
        VUS="Vascular ultrasound.",
        CUS="Cardiac ultrasound.",
        IMG="Diagnostic imaging, in v2.4 alone.",
    ),
]
DocumentType = Annotated[
    Literal["18760-9", "11522-0", "11525-3", "18748-4", "11528-7"],
    Meanings(
        {
            "18760-9": "Ultrasound report.",
            "11522-0": "Echocardiography study.",
            "11525-3": "Obstetric ultrasound study.",
            "18748-4": "Diagnostic imaging study.",
            "11528-7": "Radiology studies.",
        }
    ),
]


class ExamCode(Frozen):
    """A universal service identifier, OBR-4."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=20)] = Field(examples=["76705"])
    """CE.1."""
    display: Annotated[str, StringConstraints(max_length=199)] | None = Field(
        default=None, examples=["US abdomen limited"]
    )
    """CE.2."""
    system: Annotated[str, StringConstraints(max_length=20)] | None = Field(default=None, examples=["C4"])
    """CE.3, table 0396: LN, C4, L and so on."""
    diagnostic_service: DiagnosticService | None = None
    """OBR-24 of this exam, in place of the endpoint's."""
    document_type: DocumentType | None = None
    """OBX-3 of the PDF of this exam, in place of the endpoint's."""


UniversalIdType = Annotated[
    Literal["ISO", "DNS", "GUID", "UUID", "URI", "CLIA"],
    Meanings(
        ISO="An OID, such as 2.16.840.1.113883.3.9999.1.",
        DNS="An internet name, such as registry.example.org.",
        GUID="A globally unique identifier.",
        UUID="A universally unique identifier (RFC 9562).",
        URI="A uniform resource identifier.",
        CLIA="The number of a laboratory under the US Clinical Laboratory Improvement Amendments.",
    ),
]


class PatientIdChoice(Frozen):
    """The choice of the identifier that becomes PID-3."""

    authority: Annotated[str, StringConstraints(min_length=1)] | None = Field(default=None, examples=["STE"])
    """CX.4, the assigning authority."""
    type: Annotated[str, StringConstraints(min_length=1)] | None = Field(default=None, examples=["MR"])
    """CX.5, table 0203: MR, for example."""


AuthorityName = Annotated[str, StringConstraints(min_length=1, max_length=199)]


class Authority(Frozen):
    """The universal id of an assigning authority (HD.2 and HD.3, HL7 v2.5.1 2.A.33)."""

    universal_id: Annotated[str, StringConstraints(min_length=1, max_length=199)] = Field(
        examples=["1.2.840.114350"]
    )
    """HD.2, for example an OID."""
    universal_id_type: UniversalIdType = "ISO"
    """HD.3, the kind of identifier in HD.2 (table 0301)."""


class ProviderIdChoice(Frozen):
    """The identifiers of physicians and sonographers that this EHR knows."""

    authority: Annotated[str, StringConstraints(min_length=1, max_length=199)] | None = Field(
        default=None, examples=["STE"]
    )
    """XCN.9: the assigning authority of identifiers for which the study names none."""
    type: Annotated[str, StringConstraints(min_length=1, max_length=20)] | None = Field(
        default=None, examples=["NPI"]
    )
    """XCN.13, table 0203: the kind of identifiers for which the study names none."""
    others: Annotated[
        Literal["send", "leave_out"],
        Meanings(send="Sent as it comes.", leave_out="Left out; the name is still sent."),
    ] = "send"
    """Handling of an identifier of another authority."""
