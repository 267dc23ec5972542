"""How exams, departments and documents are coded for one endpoint."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from butterfly_gitops.model.frozen import Frozen
from butterfly_gitops.model.meaning import Meanings

DiagnosticService = Annotated[
    Literal["RAD", "RUS", "OUS", "VUS", "CUS", "IMG"],
    Meanings(
        {
            "RAD": "Radiology.",
            "RUS": "Radiology ultrasound.",
            "OUS": "Obstetric ultrasound.",
            "VUS": "Vascular ultrasound.",
            "CUS": "Cardiac ultrasound.",
            "IMG": "Diagnostic imaging, in v2.4 alone.",
        }
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
