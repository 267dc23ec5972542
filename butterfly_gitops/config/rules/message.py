"""Settings of a message that must hold among themselves; the fields that they name are `message_fields`'."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from butterfly_gitops.config.reading import EndpointReading, FleetReading
from butterfly_gitops.config.tree import Place, problem_at
from butterfly_gitops.hl7.layouts.catalog import LAYOUTS, segments_sent
from butterfly_gitops.hl7.version import VERSIONS
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.message import Message
from butterfly_gitops.model.problem import Problem, Severity

_WITH_TEXT = ("report", "lines")
_ONLY_IN: dict[tuple[str, ...], tuple[str, ...]] = {
    ("pdf",): ("pdf",),
    ("document_type",): ("pdf",),
    ("corrected_as",): ("report", "lines", "pdf"),
    ("when_missing", "document"): ("pdf",),
    ("when_missing", "report"): _WITH_TEXT,
    ("text_type",): _WITH_TEXT,
    ("line_break",): _WITH_TEXT,
    ("unit_system",): _WITH_TEXT,
    ("corrections",): _WITH_TEXT,
}


def check_messages(reading: FleetReading) -> Iterator[Problem]:
    """All rules of this module, for each endpoint with all its layers."""
    for _, endpoint in reading.endpoints:
        if endpoint.value is not None:
            yield from _version(endpoint, endpoint.value.message)
            yield from _of_another_layout(endpoint, endpoint.value.message)
            yield from _departments(endpoint, endpoint.value.message)
            yield from _without_rows(endpoint, endpoint.value.message)
            yield from _text_type(endpoint, endpoint.value.message)
            yield from _at_odds(endpoint, endpoint.value)


def _version(endpoint: EndpointReading, message: Message) -> Iterator[Problem]:
    versions = LAYOUTS[message.layout].versions
    if message.hl7_version not in versions:
        others = [name for name, layout in LAYOUTS.items() if message.hl7_version in layout.versions]
        says = f"the layout {message.layout} has no version {message.hl7_version}"
        hint = f'write hl7_version: "{versions[-1]}", or layout: {" or ".join(others)}'
        place = _place(endpoint, ("hl7_version",), is_of_value=True)
        yield problem_at(place, "layout-version", says, hint)


def _of_another_layout(endpoint: EndpointReading, message: Message) -> Iterator[Problem]:
    for setting, layouts in _ONLY_IN.items():
        if message.layout not in layouts and endpoint.merged.tree.entry("message", *setting):
            name = ".".join(("message", *setting))
            says = f"{endpoint.name} has the layout {message.layout}, in which {name} does nothing"
            hint = f"take it out, or write layout: {' or '.join(layouts)}"
            yield _warning(endpoint, setting, "not-of-this-layout", says, hint)


def _departments(endpoint: EndpointReading, message: Message) -> Iterator[Problem]:
    """OBR-24, of the endpoint and of single exams."""
    written = {("diagnostic_service",): message.diagnostic_service} | {
        ("exam_codes", exam, "diagnostic_service"): codes.diagnostic_service
        for exam, codes in message.exam_codes.items()
        if codes.diagnostic_service is not None
    }
    for setting, code in written.items():
        if code not in VERSIONS[message.hl7_version].departments:
            having = [one for one in LAYOUTS[message.layout].versions if code in VERSIONS[one].departments]
            says = f"{code} is not in table 0074 of v{message.hl7_version}, of which OBR-24 is"
            hint = "write RAD or RUS" + (f', or hl7_version: "{having[-1]}"' if having else "")
            yield _warning(endpoint, setting, "code-of-another-version", says, hint)


def _without_rows(endpoint: EndpointReading, message: Message) -> Iterator[Problem]:
    if message.layout == "notice" and message.study_uid in ("none", "ZDS") and message.image_link == "none":
        says = f"a notice of {endpoint.name} has no OBX: neither the Study UID nor the link to the images"
        hint = "write study_uid: ST, or image_link: rp"
        yield problem_at(_place(endpoint, ("study_uid",)), "nothing-to-send", says, hint)


def _text_type(endpoint: EndpointReading, message: Message) -> Iterator[Problem]:
    if message.layout == "report" and message.text_type == "ST":
        says = "ST is text of one line, and the layout report writes a section of several into one OBX"
        place = _place(endpoint, ("text_type",), is_of_value=True)
        yield problem_at(place, "text-type", says, "write TX or FT, or layout: lines")


class _Contradiction(NamedTuple):
    """A setting that does nothing, or refuses every result, beside the others as they are."""

    setting: tuple[str, ...]
    is_so: Callable[[EhrEndpoint], bool]
    says: str
    hint: str = "take it out"


def _lacks_visit(endpoint: EhrEndpoint) -> bool:
    message = endpoint.message
    is_needed = message.when_missing.visit_number == "set_aside" and message.visit_number == "PV1-19"
    return is_needed and "PV1" not in segments_sent(message)


def _lacks_uid(endpoint: EhrEndpoint) -> bool:
    message = endpoint.message
    return message.when_missing.study_uid == "set_aside" and message.study_uid == "none"


_CONTRADICTIONS = (
    _Contradiction(
        ("unencodable",),
        lambda of: of.message.unencodable == "transliterate" and of.encoding == "UTF-8",
        "has nothing to do: UTF-8 has every character",
    ),
    _Contradiction(
        ("visit_segment",),
        lambda of: of.message.layout == "notice" and of.message.visit_segment == "leave_out",
        "leaves out PV1, which a notice needs (RAD-132)",
    ),
    _Contradiction(
        ("order_segment",),
        lambda of: of.message.layout == "notice" and of.message.order_segment == "leave_out",
        "leaves out ORC, which a notice needs (RAD-132)",
    ),
    _Contradiction(
        ("when_missing", "visit_number"),
        _lacks_visit,
        "sets results aside for a field that no message has",
        "take it out, or write visit_segment: send, or visit_number: PID-18",
    ),
    _Contradiction(
        ("when_missing", "study_uid"),
        _lacks_uid,
        "sets results aside for a UID that no message has",
        "take it out, or write study_uid: ST",
    ),
)


def _at_odds(endpoint: EndpointReading, value: EhrEndpoint) -> Iterator[Problem]:
    for one in _CONTRADICTIONS:
        if one.is_so(value):
            says = f"message.{'.'.join(one.setting)} of {endpoint.name} {one.says}"
            yield _warning(endpoint, one.setting, "at-odds", says, one.hint)


def _warning(
    endpoint: EndpointReading, setting: tuple[str, ...], rule: str, message: str, hint: str
) -> Problem:
    place = _place(endpoint, setting)
    return problem_at(place, rule, message, hint, severity=Severity.WARNING)


def _place(endpoint: EndpointReading, setting: tuple[str, ...], *, is_of_value: bool = False) -> Place:
    """Where the endpoint itself says it; its key where another layer does, which may be right for others."""
    own = endpoint.own.entry("message", *setting)
    if own is None:
        return endpoint.key.place
    return own.value.place if is_of_value else own.key.place
