"""A study event: a full snapshot of one study, as it arrives."""

import binascii
from datetime import UTC, date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

from butterfly_gitops.model.frozen import Frozen

Id = Annotated[str, StringConstraints(min_length=1, max_length=199)]
Line = Annotated[str, StringConstraints(max_length=1000)]
EventKind = Literal["attestation_requested", "finalized", "reverted", "deleted"]


def _calendar_date(text: str) -> str:
    """Refuse a day, month or year that no calendar has; a part that is left out is no part of it."""
    try:
        date.fromisoformat(f"{text}-01-01"[:10] if len(text) == len("YYYY") else f"{text}-01"[:10])
    except ValueError:
        raise ValueError("no calendar has this date") from None
    return text


def _base64(text: str) -> str:
    try:
        binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        raise ValueError("this is no base64 (RFC 4648, section 4)") from None
    return text


BirthDate = Annotated[
    str, StringConstraints(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$"), AfterValidator(_calendar_date)
]


_EARLIEST, _LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _in_utc(at: datetime) -> datetime:
    # Outside of these years, zones and differences leave what a calendar can hold.
    if not _EARLIEST <= at < _LATEST:
        raise ValueError("must be from 1900-01-01 to 2199-12-31")
    return at.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A time with its offset, kept in UTC: one instant is written in one way."""


class Private(Frozen):
    """Part of what is said of a patient: none of it shows in a repr, and so in no traceback or log line."""

    def __repr_args__(self) -> tuple[()]:
        return ()


class ExamType(Private):
    """What was done."""

    code: Id
    display: Line | None = None
    system: Line | None = None


class Person(Private):
    """Somebody who took part, by role."""

    role: Literal["performer", "author", "secondary_author", "scribe", "attester", "ordering"]
    id: Id | None = None
    authority: Line | None = None
    id_type: Line | None = None
    family: Line | None = None
    given: Line | None = None


class Attestation(Private):
    """The attesting physician's statement."""

    text: str
    at: Instant | None = None


class ReportSection(Private):
    """One part of the written report."""

    section: Literal["findings", "impression", "recommendation", "indication", "comparison", "other"]
    text: str


class Observation(Private):
    """One measured or coded finding."""

    type: Literal["numeric", "text", "coded"]
    code: Id
    system: Line | None = None
    display: Line | None = None
    value: str
    unit: Line | None = None
    instance: Line | None = None


class Document(Private):
    """An attached document."""

    title: Line | None = None
    media_type: Line
    base64: Annotated[str, AfterValidator(_base64)]


class Study(Private):
    """The study itself, at one revision."""

    id: Id
    revision: Annotated[int, Field(ge=0, lt=2**31)]
    study_uid: Annotated[str, StringConstraints(pattern=r"^[0-9.]{1,64}$")] | None = None
    filler_order_number: Id | None = None
    placer_order_number: Id | None = None
    accession_number: Id | None = None
    exam_type: ExamType
    ordered_procedure: ExamType | None = None
    """What was ordered, as the order codes it."""
    started_at: Instant | None = None
    ended_at: Instant | None = None
    reason: Line | None = None
    people: tuple[Person, ...] = ()
    attestation: Attestation | None = None
    report: tuple[ReportSection, ...] = ()
    observations: tuple[Observation, ...] = ()
    images_url: Line | None = None
    documents: tuple[Document, ...] = ()


class PatientIdentifier(Private):
    """One identifier of a patient (CX: id, assigning authority, type)."""

    id: Id
    authority: Line | None = None
    type: Line | None = None


class Patient(Private):
    """Whom the study is of."""

    identifiers: tuple[PatientIdentifier, ...] = ()
    merged_from: tuple[PatientIdentifier, ...] = ()
    family: Line | None = None
    given: Line | None = None
    birth_date: BirthDate | None = None
    sex: Annotated[str, StringConstraints(pattern=r"^[FMOUAN]$")] | None = None


class Location(Private):
    """Where the patient is: PV1-3."""

    unit: Line | None = None
    room: Line | None = None
    bed: Line | None = None


class Attending(Private):
    """The attending physician of the encounter: PV1-7."""

    id: Id | None = None
    authority: Line | None = None
    id_type: Line | None = None
    family: Line | None = None
    given: Line | None = None


class Encounter(Private):
    """The visit that the study belongs to."""

    visit_number: Id | None = None
    account_number: Id | None = None
    class_: Annotated[Line | None, Field(alias="class")] = None
    location: Location | None = None
    attending: Attending | None = None


class StudyEvent(Private):
    """One study at attestation requested, finalized, reverted or deleted."""

    event_id: Id
    event: EventKind
    occurred_at: Instant
    archive: Id
    study: Study
    patient: Patient
    encounter: Encounter | None = None


def canonical_text(event: StudyEvent) -> str:
    """Return the one JSON text of an event; a field that says what its absence says is left out.

    So neither a later field of the format nor another spelling of a time makes a known event another one.
    """
    return event.model_dump_json(by_alias=True, exclude_defaults=True)
