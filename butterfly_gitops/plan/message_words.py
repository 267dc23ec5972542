"""What a changed setting of a message means for the EHR: how results read from now on, and which are set aside."""

from collections.abc import Callable, Iterable, Mapping

from pydantic import JsonValue

from butterfly_gitops.plan.change import Change

# By dotted path; a path stands for all that lies below it. In the order in which a sentence names them.
_ARRIVE_WITH: Mapping[str, str] = {
    "sending_application": "another sender",
    "sending_facility": "another sender",
    "receiving_application": "another receiver",
    "receiving_facility": "another receiver",
    "processing_id": "another processing id",
    "encoding": "another encoding",
    "declare_encoding": "another encoding",
    "time_zone": "times of another zone",
    "acknowledgement": "another way to acknowledge",
    "message.layout": "another layout",
    "message.hl7_version": "another version of HL7",
    "message.patient_id": "another patient identifier",
    "message.visit_number": "another place for the visit number",
    "message.placer_fallback": "another placer order number",
    "message.exam_codes": "other exam codes",
    "message.exam_code": "other exam codes",
    "message.diagnostic_service": "another department",
    "message.provider_id": "other identifiers of providers",
    "message.authorities": "other assigning authorities",
    "message.order_segment": "other segments",
    "message.visit_segment": "other segments",
    "message.study_uid": "another form of the Study UID",
    "message.text_type": "another form of text",
    "message.line_break": "another form of text",
    "message.unit_system": "another form of units",
    "message.pdf": "another form of the PDF",
    "message.document_type": "another type of document",
    "message.image_link": "another link to the images",
    "message.times": "another form of times",
    "message.time_precision": "another form of times",
    "message.corrected_as": "another mark of corrections",
    "message.corrections": "another mark of corrections",
    "message.fields": "other fixed values",
    "message.empty_as_null": "other empty fields",
}
_LACKING: Mapping[str, str] = {
    "accession_number": "without an accession number",
    "visit_number": "without a visit number",
    "report": "without a report",
    "document": "without a PDF",
    "study_uid": "without a Study UID",
}
_ASIDE = "are set aside for a person"


def _missing(lacking: str) -> Callable[[JsonValue], str]:
    return lambda new: f"Results {lacking} {_ASIDE if new == 'set_aside' else 'are sent'}"


def _unencodable(new: JsonValue) -> str:
    fate = "are sent in plain letters" if new == "transliterate" else _ASIDE
    return f"Results with a character that the encoding lacks {fate}"


def _too_long(new: JsonValue) -> str:
    return f"Results with a value longer than HL7 allows {_ASIDE if new == 'refuse' else 'are sent'}"


def _value_limit(new: JsonValue) -> str:
    if new is None:
        return "Results are sent whatever the length of OBX-5"
    return f"Results with more than {new} bytes in OBX-5 {_ASIDE}"


def _message_limit(new: JsonValue) -> str:
    return (
        "Results are sent whatever their length"
        if new is None
        else f"Results of more than {new} bytes {_ASIDE}"
    )


def _filler_in_use(new: JsonValue) -> str:
    fate = _ASIDE if new == "set_aside" else "get a generated one"
    return f"Results whose own order number is another report's at this EHR {fate}"


# Settings that leave a message as it is, and decide whether there is one.
_SET_ASIDE: Mapping[str, Callable[[JsonValue], str]] = {
    **{f"message.when_missing.{what}": _missing(words) for what, words in _LACKING.items()},
    "message.unencodable": _unencodable,
    "message.too_long": _too_long,
    "message.filler_in_use": _filler_in_use,
    "message.max_value_bytes": _value_limit,
    "message.max_message_bytes": _message_limit,
}


def arrive_with(changes: Iterable[Change]) -> tuple[str, ...]:
    """What results arrive with from now on: `another sender`. Each once, in one order."""
    settings = {_named(change.setting, _ARRIVE_WITH) for change in changes}
    return tuple(dict.fromkeys(words for setting, words in _ARRIVE_WITH.items() if setting in settings))


def set_aside(changes: Iterable[Change]) -> tuple[str, ...]:
    """Which results wait for a person from now on, or no longer do: a sentence each, without its full stop."""
    return tuple(_SET_ASIDE[change.setting](change.new) for change in changes if change.setting in _SET_ASIDE)


def _named(path: str, words: Mapping[str, str]) -> str:
    while path and path not in words:
        path = path.rpartition(".")[0]
    return path
