"""A study event: a full snapshot of one study, as it arrives."""

import binascii
import string
from datetime import UTC, date, datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, StringConstraints, model_validator

from butterfly_gitops.model.frozen import Frozen

_BLANK = r" \x09-\x0d\x85\xa0"
_NOT_BLANK = rf"^[^{_BLANK}]([^\x00]*[^{_BLANK}])?$"
# A blank one, or one with blanks around it, would be another identifier to whoever trims it.
Id = Annotated[str, StringConstraints(min_length=1, max_length=199, pattern=_NOT_BLANK)]
Line = Annotated[str, StringConstraints(max_length=1000)]
NM_PATTERN = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)"
"""A number as HL7 writes it (NM, v2.5.1 2.A.47): no exponent, no blanks."""
EventKind = Literal["attestation_requested", "finalized", "reverted", "deleted"]


def _calendar_date(text: str) -> str:
    """Refuse a day, month or year that no calendar has; a part that is left out is no part of it."""
    try:
        date.fromisoformat(f"{text}-01-01"[:10] if len(text) == len("YYYY") else f"{text}-01"[:10])
    except ValueError:
        raise ValueError("no calendar has this date") from None
    return text


_ALPHABET = (string.ascii_letters + string.digits + "+/").encode()
_PADDING = ("", "=", "==")
MAX_DOCUMENT_BASE64 = 28_000_000
"""The most characters of base64 in a document: those of 20 MB, whichever way one counts them."""
# The header of a PDF stands within its first 1,024 bytes (ISO 32000-1, annex H.3.4.1); in base64, four for three.
_PDF_HEAD = 1368


def _base64(text: str) -> str:
    # What the alphabet leaves over says all, and a document of 20 MB need not be decoded for it.
    if not text:
        raise ValueError("the document is empty")
    if len(text) > MAX_DOCUMENT_BASE64:
        raise ValueError("the document is over 20 MB")
    left = text.encode().translate(None, _ALPHABET).decode()
    if left in _PADDING and text.endswith(left) and len(text) % 4 == 0:
        return text
    if left.strip("=") and not left.strip("=\r\n\t "):
        raise ValueError("this base64 has line ends or blanks, which RFC 4648 (section 3.1) does not allow")
    raise ValueError("this is no base64 (RFC 4648, section 4)")


BirthDate = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"), AfterValidator(_calendar_date)
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
    """The kind of exam."""

    code: Id
    """The exam type's code, which `message.exam_codes` may map to OBR-4."""
    display: Line | None = None
    """The exam type's name."""
    system: Line | None = None
    """The system of the code: L for local, LN for LOINC."""


class Person(Private):
    """Somebody who took part, by role."""

    role: Literal["performer", "author", "secondary_author", "scribe", "attester", "ordering"]
    """The part that the person took."""
    id: Id | None = None
    """The person's identifier."""
    authority: Line | None = None
    """The authority that assigned the identifier."""
    id_type: Line | None = None
    """The kind of identifier (table 0203)."""
    family: Line | None = None
    """The family name."""
    given: Line | None = None
    """The given name."""


class Attestation(Private):
    """The attesting physician's statement."""

    text: str
    """The text that the physician attests."""
    at: Instant | None = None
    """The time of the attestation."""


class ReportSection(Private):
    """One part of the written report."""

    section: Literal["findings", "impression", "recommendation", "indication", "comparison", "other"]
    """The part of the report."""
    text: str
    """The text of the part."""


class Observation(Private):
    """One measured or coded finding."""

    # What intake refuses, for those who check what they send.
    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"type": {"const": "numeric", "description": "The value is a number."}}},
            "then": {
                "properties": {
                    "value": {"pattern": f"^{NM_PATTERN}$", "description": "Digits, such as 55 or -0.5."}
                }
            },
        }
    )

    type: Literal["numeric", "text", "coded"]
    """The kind of value: a number, text or a code."""
    code: Id
    """The thing observed, as a code."""
    system: Line | None = None
    """The system of the code: L for local, LN for LOINC."""
    display: Line | None = None
    """The thing observed, in words."""
    value: str
    """The value as it was entered."""
    value_display: Line | None = None
    """The meaning of a coded value, in words."""
    value_system: Line | None = None
    """The system of a coded value: SCT for SNOMED CT, L for local."""
    unit: Line | None = None
    """The unit of a number."""
    instance: Line | None = None
    """Tells observations of the same thing apart: a fetus, a side, a repeat."""


class Document(Private):
    """An attached document."""

    title: Line | None = None
    """The title of the document."""
    media_type: Line
    """The kind of document, such as application/pdf."""
    base64: Annotated[str, AfterValidator(_base64)] = Field(
        json_schema_extra={
            "contentEncoding": "base64",
            "maxLength": MAX_DOCUMENT_BASE64,
            "pattern": "^[A-Za-z0-9+/]+={0,2}$",
        }
    )
    """The document itself, in base64 (RFC 4648, section 4)."""

    @model_validator(mode="after")
    def _is_what_it_says(self) -> Self:
        if self.is_pdf and b"%PDF-" not in binascii.a2b_base64(self.base64[:_PDF_HEAD]):
            raise ValueError("this is no PDF, though its media type says so")
        return self

    @property
    def is_pdf(self) -> bool:
        """Tell whether it claims to be a PDF; parameters and case of a media type say nothing (RFC 2045, 5.1)."""
        return self.media_type.partition(";")[0].strip().lower() == "application/pdf"


class Study(Private):
    """The study itself, at one revision."""

    id: Id
    """The study's identifier at the source, the same for life."""
    revision: Annotated[int, Field(ge=0, lt=2**31)]
    """Counts the changes of the study; a later snapshot has a larger one."""
    study_uid: Annotated[str, StringConstraints(max_length=64, pattern=r"^[0-9]+(\.[0-9]+)*$")] | None = None
    """The DICOM study instance UID."""
    filler_order_number: Id | None = None
    """The order number of the system that performs."""
    placer_order_number: Id | None = None
    """The order number of the system that orders."""
    accession_number: Id | None = None
    """The accession number."""
    exam_type: ExamType
    """The exam that was done."""
    ordered_procedure: ExamType | None = None
    """The procedure that was ordered, as the order codes it."""
    started_at: Instant | None = None
    """The start of the exam."""
    ended_at: Instant | None = None
    """The end of the exam."""
    reason: Line | None = None
    """The reason for the exam."""
    people: tuple[Person, ...] = ()
    """The people who took part."""
    attestation: Attestation | None = None
    """The attesting physician's statement."""
    report: tuple[ReportSection, ...] = ()
    """The written report, part by part."""
    observations: tuple[Observation, ...] = ()
    """The values that were measured or coded."""
    images_url: (
        Annotated[str, StringConstraints(max_length=1000, pattern=r"^https?://[^\x00-\x20]+$")] | None
    ) = None
    """The address of the images, for those who may see them."""
    documents: tuple[Document, ...] = ()
    """Attached documents."""


class PatientIdentifier(Private):
    """One identifier of a patient (CX: id, assigning authority, type)."""

    id: Id
    """The identifier itself."""
    authority: Line | None = None
    """The authority that assigned it."""
    type: Line | None = None
    """The kind of identifier (table 0203): MR, for example."""


class Patient(Private):
    """The patient of the study."""

    identifiers: tuple[PatientIdentifier, ...] = ()
    """The identifiers that hold now."""
    merged_from: tuple[PatientIdentifier, ...] = ()
    """Identifiers of records that were merged into this one."""
    family: Line | None = None
    """The family name."""
    given: Line | None = None
    """The given name."""
    birth_date: BirthDate | None = None
    """The date of birth: a year, a month or a day."""
    sex: Annotated[str, StringConstraints(pattern=r"^[FMOUAN]$")] | None = None
    """The administrative sex (table 0001)."""


class Location(Private):
    """The location of the patient: PV1-3."""

    unit: Line | None = None
    """The ward or department."""
    room: Line | None = None
    """The room."""
    bed: Line | None = None
    """The bed."""


class Attending(Private):
    """The attending physician of the encounter: PV1-7."""

    id: Id | None = None
    """The physician's identifier."""
    authority: Line | None = None
    """The authority that assigned the identifier."""
    id_type: Line | None = None
    """The kind of identifier (table 0203)."""
    family: Line | None = None
    """The family name."""
    given: Line | None = None
    """The given name."""


class Encounter(Private):
    """The visit that the study belongs to."""

    visit_number: Id | None = None
    """The number of the visit."""
    account_number: Id | None = None
    """The number of the patient's account."""
    class_: Annotated[Line | None, Field(alias="class")] = None
    """The patient class (table 0004): E for emergency, I for inpatient."""
    location: Location | None = None
    """The location of the patient."""
    attending: Attending | None = None
    """The attending physician."""


class StudyEvent(Private):
    """One study at attestation requested, finalized, reverted or deleted."""

    event_id: Id
    """The event's identifier, unique in the fleet; a repeat has the same one."""
    event: EventKind
    """The change of the study."""
    occurred_at: Instant
    """The time of the change."""
    archive: Id
    """The archive that holds the study: SITE/NAME, or its `cloud_id`."""
    study: Study
    """The whole study, as it now is."""
    patient: Patient
    """The patient of the study."""
    encounter: Encounter | None = None
    """The visit that the study belongs to."""


def canonical_text(event: StudyEvent) -> str:
    """Return the one JSON text of an event; a field that says what its absence says is left out.

    So neither a later field of the format nor another spelling of a time makes a known event another one.
    """
    return event.model_dump_json(by_alias=True, exclude_defaults=True)
