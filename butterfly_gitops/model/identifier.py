"""Whose identifiers of patients and providers one endpoint knows."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from butterfly_gitops.model.frozen import Frozen
from butterfly_gitops.model.meaning import Meanings


class PatientIdChoice(Frozen):
    """Which identifier of a patient becomes PID-3."""

    authority: Annotated[str, StringConstraints(min_length=1)] | None = Field(default=None, examples=["STE"])
    """CX.4, the assigning authority."""
    type: Annotated[str, StringConstraints(min_length=1)] | None = Field(default=None, examples=["MR"])
    """CX.5, table 0203: MR, for example."""


AuthorityName = Annotated[str, StringConstraints(min_length=1, max_length=199)]


class Authority(Frozen):
    """What identifies an assigning authority beyond its local name (HD.2 and HD.3, HL7 v2.5.1 2.A.33)."""

    universal_id: Annotated[str, StringConstraints(min_length=1, max_length=199)] = Field(
        examples=["1.2.840.114350"]
    )
    """HD.2, for example an OID."""
    universal_id_type: Annotated[
        Literal["ISO", "DNS", "GUID", "UUID", "URI", "CLIA"],
        Meanings(
            {
                "ISO": "An OID.",
                "DNS": "An Internet domain name.",
                "GUID": "A GUID.",
                "UUID": "A UUID.",
                "URI": "A URI.",
                "CLIA": "A CLIA number.",
            }
        ),
    ] = "ISO"
    """HD.3, what kind of identifier HD.2 is (table 0301)."""


class ProviderIdChoice(Frozen):
    """Whose identifiers of physicians and sonographers this EHR knows."""

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
        Meanings({"send": "Sent as it comes.", "leave_out": "Left out; the name is still sent."}),
    ] = "send"
    """What becomes of an identifier of another authority."""
