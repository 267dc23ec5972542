"""The meaning of a changed setting for an EHR: how results read from now on, and which are set aside."""

from collections.abc import Iterable, Mapping

from pydantic import JsonValue

from butterfly_gitops.plan.change import Change

# By dotted paths; a path stands for all that lies below it. In the order in which a sentence names them.
_ARRIVE_WITH: Mapping[str, tuple[str, ...]] = {
    "another sender": ("sending_application", "sending_facility"),
    "another receiver": ("receiving_application", "receiving_facility"),
    "another processing id": ("processing_id",),
    "another encoding": ("encoding", "declare_encoding"),
    "times of another zone": ("time_zone",),
    "another way to acknowledge": ("acknowledgement",),
    "another layout": ("message.layout",),
    "another version of HL7": ("message.hl7_version",),
    "another patient identifier": ("message.patient_id",),
    "another place for the visit number": ("message.visit_number",),
    "another placer order number": ("message.placer_fallback",),
    "other exam codes": ("message.exam_codes", "message.exam_code"),
    "another department": ("message.diagnostic_service",),
    "other identifiers of providers": ("message.provider_id",),
    "other assigning authorities": ("message.authorities",),
    "other segments": ("message.order_segment", "message.visit_segment"),
    "another form of the Study UID": ("message.study_uid",),
    "another form of text": ("message.text_type", "message.line_break"),
    "another form of units": ("message.unit_system",),
    "another form of the PDF": ("message.pdf",),
    "another type of document": ("message.document_type",),
    "another link to the images": ("message.image_link",),
    "another form of times": ("message.times", "message.time_precision"),
    "another mark of corrections": ("message.corrected_as", "message.corrections"),
    "other fixed values": ("message.fields",),
    "other empty fields": ("message.empty_as_null",),
}
# Settings that leave a message as it is, and decide whether there is one: the results, and their fate if they are sent.
_DECIDES: Mapping[str, tuple[str, str]] = {
    "message.when_missing.accession_number": ("without an accession number", "are sent"),
    "message.when_missing.visit_number": ("without a visit number", "are sent"),
    "message.when_missing.report": ("without a report", "are sent"),
    "message.when_missing.document": ("without a PDF", "are sent"),
    "message.when_missing.study_uid": ("without a Study UID", "are sent"),
    "message.unencodable": ("with a character that the encoding lacks", "are sent in plain letters"),
    "message.too_long": ("with a value longer than HL7 allows", "are sent"),
    "message.filler_in_use": (
        "whose own order number is another report's at this EHR",
        "get a generated one",
    ),
}
_LIMITS: Mapping[str, tuple[str, str]] = {
    "message.max_value_bytes": ("with more than {} bytes in OBX-5", "the length of OBX-5"),
    "message.max_message_bytes": ("of more than {} bytes", "their length"),
}
_ASIDE = "are set aside for a person"


def arrive_with(changes: Iterable[Change]) -> tuple[str, ...]:
    """The words for what results arrive with from now on: `another sender`. Each once, in one order."""
    settings = {f"{change.setting}." for change in changes}
    return tuple(
        words
        for words, paths in _ARRIVE_WITH.items()
        if any(setting.startswith(f"{path}.") for setting in settings for path in paths)
    )


def results_set_aside(changes: Iterable[Change]) -> tuple[str, ...]:
    """The results that wait for a person from now on, or no longer do: a sentence each, without its full stop."""
    return tuple(said for change in changes if (said := _set_aside(change.setting, change.new)))


def _set_aside(setting: str, new: JsonValue) -> str:
    if setting in _DECIDES:
        results, if_sent = _DECIDES[setting]
        return f"Results {results} {_ASIDE if new in ('set_aside', 'refuse') else if_sent}"
    if setting in _LIMITS:
        over, length = _LIMITS[setting]
        return (
            f"Results are sent whatever {length}" if new is None else f"Results {over.format(new)} {_ASIDE}"
        )
    return ""
