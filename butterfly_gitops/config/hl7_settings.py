"""Which setting decides what an HL7 field holds, for who writes the field where the setting is meant."""

import re

SETTINGS = {
    "MSH-3": "sending_application",
    "MSH-4": "sending_facility",
    "MSH-5": "receiving_application",
    "MSH-6": "receiving_facility",
    "MSH-11": "processing_id",
    "MSH-12": "message.hl7_version",
    "MSH-18": "encoding",
    "PID-3": "message.patient_id",
    "PID-18": "message.visit_number",
    "PV1-19": "message.visit_number",
    "OBR-2": "message.placer_fallback",
    "OBR-4": "message.exam_codes",
    "OBR-24": "message.diagnostic_service",
    "OBX-2": "message.text_type",
}
"""By the field, the path of its setting from an endpoint."""

_FIELD = re.compile(
    r"(?P<segment>[A-Za-z][A-Za-z0-9]{2})[-_. ]?(?P<number>[0-9]{1,2})(?P<deeper>(?:[-.][0-9]{1,2}){0,2})"
)
_SEGMENTS = ("MSH", "PID", "PV1", "ORC", "TQ1", "OBR", "OBX")


def setting_of(field: str) -> str | None:
    """The setting, by its path from an endpoint, that decides a field such as MSH-6, however that is written."""
    found = _FIELD.fullmatch(field)
    return SETTINGS.get(f"{found['segment'].upper()}-{int(found['number'])}") if found else None


def place_meant(text: str) -> str | None:
    """The usual spelling of a field or a part of one, `OBR-15.1` for OBR-15-1; None for anything else."""
    found = _FIELD.fullmatch(text)
    if found is None or found["segment"].upper() not in _SEGMENTS or not int(found["number"]):
        return None
    return f"{found['segment'].upper()}-{int(found['number'])}{found['deeper'].replace('-', '.')}"
