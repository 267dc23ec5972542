"""What the settings of a message must hold among themselves."""

from collections.abc import Iterator

from butterfly_gitops.config.hl7_settings import setting_of
from butterfly_gitops.config.reading import EndpointReading, FleetReading
from butterfly_gitops.config.rules.documentation import Rule
from butterfly_gitops.config.tree import Place, problem_at, scalars_at
from butterfly_gitops.hl7.layouts.catalog import LAYOUTS
from butterfly_gitops.hl7.own_field import (
    FIXABLE,
    LAST_FIELDS,
    NEVER_NULL,
    OWN_FIELDS,
    fixable_at,
    listed,
    split_place,
)
from butterfly_gitops.model.message import Message
from butterfly_gitops.model.problem import Problem, Severity


def _listed(fields: dict[str, frozenset[int]]) -> str:
    """`MSH-1, 2; PID-3`: the fields by segment."""
    each = {name: [str(number) for number in sorted(numbers)] for name, numbers in fields.items() if numbers}
    return "; ".join(f"{name}-{', '.join(numbers)}" for name, numbers in each.items())


RULES = (
    Rule(
        id="layout-version",
        says="Each layout has its versions of HL7. The IHE transactions RAD-128 and RAD-132 (report and notice) are "
        "defined for 2.5.1 alone; lines and pdf can be written in 2.3, 2.3.1, 2.4 and 2.5.1.",
        wrong='message: {layout: report, hl7_version: "2.3"}',
        right='message: {layout: lines, hl7_version: "2.3"}',
    ),
    Rule(
        id="not-of-this-layout",
        says="Some settings belong to some layouts only: `pdf`, `document_type` and `when_missing.document` to the layout pdf; `corrected_as` to all but notice; "
        "`text_type`, `line_break`, `corrections` and `when_missing.report` to report and lines. In another layout "
        "they would do nothing.",
        wrong="message: {layout: report, pdf: {subtype: pdf}}",
        right="message: {layout: pdf, pdf: {subtype: pdf}}",
        severity=Severity.WARNING,
    ),
    Rule(
        id="own-field",
        says="Some fields say who sends what of whom, in which state, and how it is read: MSH, the patient's "
        "identity, the visit number, order numbers, the exam, times and statuses. A fixed value there would be "
        "untrue of most results, so `fields` takes none of "
        f"{_listed(OWN_FIELDS)}. "
        "It does take components of them that we never write; they are sent beside a value only: "
        f"{'; '.join(listed(field, components) for field, components in FIXABLE.items())}. "
        'Nor may `""` say of them that there is nothing: `empty_as_null` takes none of '
        f"{_listed(NEVER_NULL)}. Some have a setting of their own, which is then named.",
        wrong='message: {fields: {"OBR-24": CUS, "PV1-19": V}}',
        right='message: {diagnostic_service: CUS, fields: {"PV1-19.4": STE}}',
    ),
    Rule(
        id="no-such-field",
        says="`fields` and `empty_as_null` name fields that HL7 v2.5.1 has. The last ones are "
        f"{', '.join(f'{name}-{last}' for name, last in LAST_FIELDS.items())}.",
        wrong='message: {fields: {"PV1-53": ED}}',
        right='message: {fields: {"PV1-52": ED}}',
    ),
    Rule(
        id="separator-in-value",
        says="A fixed value is one text: ^ & ~ and | are written in it as escape sequences, for the EHR to show them. "
        "Components have a place each.",
        wrong='message: {fields: {"OBR-15": "US^Ultrasound"}}',
        right='message: {fields: {"OBR-15.1": US, "OBR-15.2": Ultrasound}}',
        severity=Severity.WARNING,
    ),
    Rule(
        id="nothing-to-send",
        says="A notice says that results are there: by the Study UID in an OBX, or by the link to the images. With "
        "neither, every result would be set aside.",
        wrong="message: {layout: notice, study_uid: none}",
        right="message: {layout: notice, study_uid: none, image_link: rp}",
    ),
    Rule(
        id="text-type",
        says="Text of the type ST is one line and knows no formatting commands (HL7 v2.5.1, 2.A.75). The layout report "
        "writes a whole section into one OBX, so it takes TX or FT; the layout lines takes ST.",
        wrong="message: {layout: report, text_type: ST}",
        right="message: {layout: lines, text_type: ST}",
    ),
    Rule(
        id="at-odds",
        says="Some settings of a message do nothing beside others, or ask for what the message does not have: plain "
        "letters where the encoding has every character, a notice without its order or visit, a result set aside for a "
        "field that is never sent.",
        wrong="encoding: UTF-8\nmessage: {unencodable: transliterate}",
        right="encoding: ISO-8859-1\nmessage: {unencodable: transliterate}",
        severity=Severity.WARNING,
    ),
)

_WITH_TEXT = ("report", "lines")
_ONLY_IN: dict[tuple[str, ...], tuple[str, ...]] = {
    ("pdf",): ("pdf",),
    ("document_type",): ("pdf",),
    ("corrected_as",): ("report", "lines", "pdf"),
    ("when_missing", "document"): ("pdf",),
    ("when_missing", "report"): _WITH_TEXT,
    ("text_type",): _WITH_TEXT,
    ("line_break",): _WITH_TEXT,
    ("corrections",): _WITH_TEXT,
}


def check_messages(reading: FleetReading) -> Iterator[Problem]:
    """All rules of this module, for each endpoint with all its layers."""
    for _, endpoint in reading.endpoints:
        if endpoint.value is not None:
            yield from _version(endpoint, endpoint.value.message)
            yield from _of_another_layout(endpoint, endpoint.value.message)
            yield from _own_fields(endpoint, endpoint.value.message)
            yield from _separators(endpoint, endpoint.value.message)
            yield from _contradictions(endpoint, endpoint.value.message)


def _version(endpoint: EndpointReading, message: Message) -> Iterator[Problem]:
    versions = LAYOUTS[message.layout].versions
    if message.hl7_version in versions:
        return
    others = [name for name, layout in LAYOUTS.items() if message.hl7_version in layout.versions]
    yield problem_at(
        _place(endpoint, ("hl7_version",)),
        rule="layout-version",
        message=f"the layout {message.layout} has no version {message.hl7_version}",
        mend=f'write hl7_version: "{versions[-1]}", or layout: {" or ".join(others)}',
    )


def _of_another_layout(endpoint: EndpointReading, message: Message) -> Iterator[Problem]:
    for setting, layouts in _ONLY_IN.items():
        if message.layout in layouts or endpoint.merged.tree.entry("message", *setting) is None:
            continue
        name = ".".join(("message", *setting))
        yield problem_at(
            _place(endpoint, setting),
            rule="not-of-this-layout",
            message=f"{endpoint.name} has the layout {message.layout}, in which {name} does nothing",
            mend=f"take it out, or write layout: {' or '.join(layouts)}",
            severity=Severity.WARNING,
        )


def _own_fields(endpoint: EndpointReading, message: Message) -> Iterator[Problem]:
    """Fields that we write ourselves, and segments that the layout does not have."""
    sent = _sent(message)
    for setting, places, own, cannot in (
        (
            "fields",
            tuple(message.fields),
            OWN_FIELDS,
            "be fixed: the study or another setting decides it",
        ),
        (
            "empty_as_null",
            message.empty_as_null,
            NEVER_NULL,
            'be sent as "": it says who, what or in which state',
        ),
    ):
        for named in places:
            segment, number, *_ = split_place(named)
            if int(number) in own[segment] and not (setting == "fields" and fixable_at(named)):
                yield problem_at(
                    _named_in(endpoint, setting, named),
                    rule="own-field",
                    message=f"{named} cannot {cannot}",
                    mend=_instead_of(f"{segment}-{number}", setting),
                )
            elif int(number) > LAST_FIELDS[segment]:
                yield problem_at(
                    _named_in(endpoint, setting, named),
                    rule="no-such-field",
                    message=f"{segment} has no field {number}: its last is {segment}-{LAST_FIELDS[segment]}",
                    mend="write the field that is meant, or take it out",
                )
            elif segment not in sent:
                yield problem_at(
                    _named_in(endpoint, setting, named),
                    rule="not-of-this-layout",
                    message=f"{endpoint.name} sends no {segment} in the layout {message.layout}",
                    mend="take it out",
                    severity=Severity.WARNING,
                )


def _instead_of(field: str, setting: str) -> str:
    """What to write where a field of ours is named."""
    decides = setting_of(field)
    mend = f"take it out, and write {decides}" if decides else "take it out"
    if setting == "fields" and field in FIXABLE:
        return f"{mend}; what may be fixed is {listed(field, FIXABLE[field])}"
    return mend


def _separators(endpoint: EndpointReading, message: Message) -> Iterator[Problem]:
    """Fixed values that look like several components; each is written as one text."""
    for named, text in message.fields.items():
        if found := next((each for each in "^&~|" if each in text), None):
            parts = "" if named.count(".") == _DEEPEST else f"{named}.1 and {named}.2, or "
            yield problem_at(
                _named_in(endpoint, "fields", named),
                rule="separator-in-value",
                message=f"{named} has a {found} in its value, which is sent as a character of the text",
                mend=f"write {parts}the value without it",
                severity=Severity.WARNING,
            )


_DEEPEST = 2  # a component and a subcomponent


def _sent(message: Message) -> set[str]:
    before, after = LAYOUTS[message.layout].tables(message)
    return {each.name for each in (*before, *after)} | {"OBX"}


def _contradictions(endpoint: EndpointReading, message: Message) -> Iterator[Problem]:
    """Settings that do nothing, or refuse every result, beside the others as they are."""
    sent, missing = _sent(message), message.when_missing
    encoding = endpoint.value.encoding if endpoint.value else ""
    if message.layout == "notice" and message.study_uid in ("none", "ZDS") and message.image_link == "none":
        yield problem_at(
            _place(endpoint, ("study_uid",)),
            rule="nothing-to-send",
            message=f"a notice of {endpoint.name} has no OBX: neither the Study UID nor the link to the images",
            mend="write study_uid: ST, or image_link: rp",
        )
    if message.layout == "report" and message.text_type == "ST":
        yield problem_at(
            _place(endpoint, ("text_type",)),
            rule="text-type",
            message="ST is text of one line, and the layout report writes a section of several into one OBX",
            mend="write TX or FT, or layout: lines",
        )
    useless = {
        ("unencodable",): message.unencodable == "transliterate" and encoding == "UTF-8",
        ("visit_segment",): message.layout == "notice" and message.visit_segment == "leave_out",
        ("order_segment",): message.layout == "notice" and message.order_segment == "leave_out",
        ("when_missing", "visit_number"): missing.visit_number == "set_aside"
        and message.visit_number == "PV1-19"
        and "PV1" not in sent,
        ("when_missing", "study_uid"): missing.study_uid == "set_aside" and message.study_uid == "none",
    }
    for setting, is_useless in useless.items():
        if is_useless:
            yield problem_at(
                _place(endpoint, setting),
                rule="at-odds",
                message=f"message.{'.'.join(setting)} of {endpoint.name} {_AT_ODDS[setting]}",
                mend=_AGREES[setting],
                severity=Severity.WARNING,
            )


_AT_ODDS = {
    ("unencodable",): "has nothing to do: UTF-8 has every character",
    ("visit_segment",): "leaves out PV1, which a notice needs (RAD-132)",
    ("order_segment",): "leaves out ORC, which a notice needs (RAD-132)",
    ("when_missing", "visit_number"): "sets results aside for a field that no message has",
    ("when_missing", "study_uid"): "sets results aside for a UID that no message has",
}
_AGREES = {
    ("unencodable",): "take it out",
    ("visit_segment",): "take it out",
    ("order_segment",): "take it out",
    ("when_missing", "visit_number"): "take it out, or write visit_segment: send, or visit_number: PID-18",
    ("when_missing", "study_uid"): "take it out, or write study_uid: ST",
}


def _named_in(endpoint: EndpointReading, setting: str, named: str) -> Place:
    """Where the endpoint itself names a field; its key where another layer does."""
    if entry := endpoint.own.entry("message", setting, named):
        return entry.key.place
    listed = {item.text: item.place for item in scalars_at(endpoint.own, "message", setting)}
    return listed.get(named, endpoint.key.place)


def _place(endpoint: EndpointReading, setting: tuple[str, ...]) -> Place:
    """Where the endpoint itself says it; its key where another layer does, which may be right for others."""
    own = endpoint.own.entry("message", *setting)
    return own.key.place if own else endpoint.key.place
