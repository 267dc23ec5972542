"""How a result is written for one endpoint: the `message` part of its settings."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from butterfly_gitops.model.frozen import Frozen


class PatientIdChoice(Frozen):
    """Which identifier of a patient becomes PID-3."""

    authority: Annotated[str, StringConstraints(min_length=1)] | None = None
    """CX.4, the assigning authority."""
    type: Annotated[str, StringConstraints(min_length=1)] | None = None
    """CX.5, table 0203: MR, for example."""


class ExamCode(Frozen):
    """A universal service identifier, OBR-4."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=20)]
    """CE.1."""
    display: Annotated[str, StringConstraints(max_length=199)] | None = None
    """CE.2."""
    system: Annotated[str, StringConstraints(max_length=20)] | None = None
    """CE.3, table 0396: LN, C4, L and so on."""


class Message(Frozen):
    """How a result is written."""

    layout: Literal["report", "lines", "pdf", "notice"] = "report"
    """IHE RAD-128, plain lines, CARD-7, RAD-132."""
    hl7_version: Literal["2.3", "2.3.1", "2.4", "2.5.1"] = "2.5.1"
    """MSH-12."""
    patient_id: PatientIdChoice | None = None
    """Which identifier becomes PID-3; the first one without it."""
    exam_codes: dict[str, ExamCode] = {}
    """Exam type code to OBR-4."""
    placer_fallback: Literal["none", "filler"] = "none"
    """What OBR-2 holds without a placer order number."""
    corrected_as: Literal["C", "F"] = "C"
    """The status of a correction."""
    image_link: Literal["none", "text", "rp"] = "none"
    """How the link to the images is sent."""
    times: Literal["local", "local_with_offset"] = "local"
    """Whether times carry the offset from UTC."""
