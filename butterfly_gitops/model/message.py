"""The form in which a result is written for one endpoint: the `message` part of its settings."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from butterfly_gitops.model.coding import (
    Authority,
    AuthorityName,
    DiagnosticService,
    DocumentType,
    ExamCode,
    PatientIdChoice,
    ProviderIdChoice,
)
from butterfly_gitops.model.frozen import Frozen
from butterfly_gitops.model.meaning import Meanings, PatternHint

# Places in a message, by HL7's own numbers.
FIELD_PATTERN = r"^(MSH|PID|PV1|ORC|TQ1|OBR|OBX)-[1-9][0-9]?$"
PLACE_PATTERN = r"^(MSH|PID|PV1|ORC|TQ1|OBR|OBX)-[1-9][0-9]?(\.[1-9][0-9]?){0,2}$"
FieldName = Annotated[
    str,
    StringConstraints(pattern=FIELD_PATTERN),
    PatternHint("write a field of MSH, PID, PV1, ORC, TQ1, OBR or OBX, such as OBR-31"),
]
FieldPlace = Annotated[
    str,
    StringConstraints(pattern=PLACE_PATTERN),
    PatternHint("write a field of MSH, PID, PV1, ORC, TQ1, OBR or OBX, or a part of one, such as PV1-3.4"),
]
FixedText = Annotated[str, StringConstraints(min_length=1, max_length=200)]

WhenAbsent = Annotated[
    Literal["send", "set_aside"],
    Meanings(send="Sent without it.", set_aside="Set aside for a person, with the field named."),
]
SegmentWish = Annotated[
    Literal["send", "leave_out"], Meanings(send="It is sent.", leave_out="It is never sent.")
]


class Pdf(Frozen):
    """The components before the data in OBX-5 of a PDF (ED, HL7 v2.5.1 2.A.24)."""

    source: Annotated[str, StringConstraints(min_length=1, max_length=199)] | None = Field(
        default=None, examples=["1.2.840.113619.2.55"]
    )
    """ED.1, for example an OID; empty without it."""
    type: Annotated[str, StringConstraints(min_length=1, max_length=20)] = Field(
        default="Application", examples=["Application", "application", "AP", "TX", "TEXT"]
    )
    """ED.2, as the EHR's guide spells it."""
    subtype: Annotated[str, StringConstraints(min_length=1, max_length=20)] | None = Field(
        default="PDF", examples=["PDF", "pdf"]
    )
    """ED.3, as the EHR's guide spells it."""


class WhenMissing(Frozen):
    """Handling of a result whose study lacks something."""

    accession_number: WhenAbsent = "send"
    """OBR-18."""
    visit_number: WhenAbsent = "send"
    """PV1-19, or PID-18 with `visit_number: PID-18`."""
    report: WhenAbsent = "send"
    """Any text of the report, in the layouts report and lines."""
    document: WhenAbsent = "set_aside"
    """A PDF, in the layout pdf."""
    study_uid: WhenAbsent = "send"
    """The DICOM Study UID."""


class Message(Frozen):
    """The form in which a result is written."""

    layout: Annotated[
        Literal["report", "lines", "pdf", "notice"],
        Meanings(
            report="Sections with codes, as IHE RAD-128 has them.",
            lines="Plain lines of text, one OBX each.",
            pdf="The document itself, as IHE CARD-7 has it.",
            notice="Only that the study is there, as IHE RAD-132 has it.",
        ),
    ] = "report"
    """The shape of the ORU message."""
    hl7_version: Annotated[
        Literal["2.3", "2.3.1", "2.4", "2.5.1"],
        Meanings(
            {
                "2.3": "HL7 v2.3.",
                "2.3.1": "HL7 v2.3.1.",
                "2.4": "HL7 v2.4.",
                "2.5.1": "HL7 v2.5.1, which IHE asks for.",
            }
        ),
    ] = "2.5.1"
    """MSH-12: the version of HL7 that the EHR reads."""
    patient_id: PatientIdChoice | None = Field(default=None, examples=[{"authority": "STE", "type": "MR"}])
    """The identifier that becomes PID-3; the first one unless said."""
    exam_codes: dict[str, ExamCode] = Field(
        default={}, examples=[{"EFAST": {"code": "76705", "system": "C4"}}]
    )
    """Exam type code to OBR-4."""
    placer_fallback: Annotated[
        Literal["none", "filler"],
        Meanings(none="OBR-2 stays empty.", filler="OBR-2 repeats the filler order number, OBR-3."),
    ] = "none"
    """The content of OBR-2 without a placer order number."""
    filler_in_use: Annotated[
        Literal["generate", "set_aside"],
        Meanings(
            generate="It gets a generated OBR-3, and the history says so.",
            set_aside="Set aside for a person.",
        ),
    ] = "generate"
    """Handling of a result by whose own order number, OBR-3, the EHR keeps another study's or patient's."""
    corrected_as: Annotated[
        Literal["C", "F"], Meanings(C="Corrected.", F="Final once more, for an EHR that does not know C.")
    ] = "C"
    """The status of a correction; a withdrawal stays C in OBR-25 and W in OBX-11."""
    image_link: Annotated[
        Literal["none", "text", "rp"],
        Meanings(none="No link is sent.", text="A line of text.", rp="A reference pointer (RP)."),
    ] = "none"
    """The form of the link to the images."""
    times: Annotated[
        Literal["local", "local_with_offset"],
        Meanings(
            local="The EHR's local time alone.",
            local_with_offset="The EHR's local time with its offset from UTC.",
        ),
    ] = "local"
    """Whether times carry the offset from UTC."""
    exam_code: Annotated[
        Literal["exam_type", "order"],
        Meanings(
            exam_type="The exam type, or its entry in `exam_codes`.",
            order="The code of the order; without an order as exam_type.",
        ),
    ] = "exam_type"
    """The source of OBR-4."""
    diagnostic_service: DiagnosticService = "RUS"
    """OBR-24, the department (table 0074)."""
    authorities: dict[AuthorityName, Authority] = Field(
        default={},
        max_length=50,
        examples=[{"STE": {"universal_id": "1.2.840.114350", "universal_id_type": "ISO"}}],
    )
    """Assigning authorities by their local name, which are then sent with their universal id (PID-3.4, XCN.9)."""
    provider_id: ProviderIdChoice | None = Field(
        default=None, examples=[{"authority": "STE", "others": "leave_out"}]
    )
    """The identifiers of providers that are sent; each as it comes unless said."""
    visit_number: Annotated[
        Literal["PV1-19", "PID-18"],
        Meanings({"PV1-19": "Visit number.", "PID-18": "In place of the account number."}),
    ] = "PV1-19"
    """The field of the visit number."""
    order_segment: SegmentWish | None = None
    """Whether ORC is sent; as the layout has it unless said."""
    visit_segment: SegmentWish | None = None
    """Whether PV1 is sent where there is an encounter; as the layout has it unless said."""
    study_uid: (
        Annotated[
            Literal["ST", "HD", "ZDS", "none"],
            Meanings(
                ST="An OBX of type ST.", HD="An OBX of type HD.", ZDS="A ZDS segment.", none="Not sent."
            ),
        ]
        | None
    ) = None
    """The form of the DICOM Study UID; as the layout has it unless said."""
    text_type: (
        Annotated[
            Literal["TX", "FT", "ST"],
            Meanings(TX="Text for display.", FT="Formatted text.", ST="A string, of one line."),
        ]
        | None
    ) = None
    """OBX-2 of text; as the layout has it unless said."""
    line_break: Annotated[
        Literal["br", "crlf"], Meanings(br="The formatting command \\.br\\.", crlf="The bytes \\X0D0A\\.")
    ] = "br"
    """The form of a line end within a text."""
    unit_system: Annotated[
        Literal["none", "UCUM"],
        Meanings(
            none="The unit alone, as the study has it.",
            UCUM="A unit that is a symbol of UCUM, with UCUM as its system; any other one alone.",
        ),
    ] = "none"
    """OBX-6.3, the coding system of units."""
    corrections: Annotated[
        Literal["replace", "addendum"],
        Meanings(
            replace="The new report takes the place of the old one.",
            addendum="The EHR appends the whole new report: OBX-3 of its text has the suffix &ADT; "
            "measured values replace the old ones.",
        ),
    ] = "replace"
    """The use that the EHR makes of the text of a correction."""
    pdf: Pdf = Pdf()
    """The first components of OBX-5 in the layout pdf."""
    document_type: DocumentType = "18760-9"
    """OBX-3 of a PDF, by its LOINC code."""
    when_missing: WhenMissing = WhenMissing()
    """Handling of a result whose study lacks something."""
    fields: dict[FieldPlace, FixedText] = Field(
        default={}, max_length=50, examples=[{"PV1-3.4": "ED", "OBR-15.1": "US", "PV1-19.4": "STE"}]
    )
    """Fixed values by field or part of one, in OBX in each; the rule own-field says where only some parts can be fixed."""
    empty_as_null: tuple[FieldName, ...] = Field(default=(), max_length=50, examples=[["PV1-10", "OBR-31"]])
    """Fields that say `""`, delete what you have, where the study has nothing for them."""
    unencodable: Annotated[
        Literal["refuse", "transliterate"],
        Meanings(
            refuse="Set aside, with the field named.",
            transliterate="Written in plain letters (é as e, ß as ss); set aside where there are none.",
        ),
    ] = "refuse"
    """Handling of a text with a character that `encoding` lacks."""
    too_long: Annotated[
        Literal["refuse", "send"],
        Meanings(
            refuse="Set aside, with the field named.", send="Sent all the same, for an EHR that takes more."
        ),
    ] = "refuse"
    """Handling of a value over the length in the tables of `hl7_version`."""
    max_value_bytes: Annotated[int, Field(ge=1000, le=1_000_000_000)] | None = Field(
        default=None, examples=[65536]
    )
    """The longest OBX-5 that the EHR takes; a longer one is set aside."""
    max_message_bytes: Annotated[int, Field(ge=1000, le=1_000_000_000)] | None = Field(
        default=None, examples=[1048576]
    )
    """The longest message that the EHR takes; a longer one is set aside."""
    time_precision: Annotated[
        Literal["second", "minute"], Meanings(second="YYYYMMDDHHMMSS.", minute="YYYYMMDDHHMM.")
    ] = "second"
    """The precision of times; OBR-22 of a correction is then later by that much."""
