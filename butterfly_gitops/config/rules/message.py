"""What the settings of a message must hold among themselves."""

from collections.abc import Iterator

from butterfly_gitops.config.reading import EndpointReading, FleetReading
from butterfly_gitops.config.rules.documentation import Rule
from butterfly_gitops.config.tree import Place, problem_at, scalars_at
from butterfly_gitops.hl7.adjustment import OWN_FIELDS, split_place
from butterfly_gitops.hl7.layouts.catalog import LAYOUTS
from butterfly_gitops.model.message import Message
from butterfly_gitops.model.problem import Problem, Severity

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
        says="Some settings belong to some layouts only: `pdf` and `when_missing.document` to the layout pdf; "
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
        "untrue of most results, so `fields` and `empty_as_null` do not take them; each has a setting of its own.",
        wrong='message: {fields: {"OBR-24": CUS}}',
        right="message: {diagnostic_service: CUS}",
    ),
)

_WITH_TEXT = ("report", "lines")
_ONLY_IN: dict[tuple[str, ...], tuple[str, ...]] = {
    ("pdf",): ("pdf",),
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
    sent = {each.name for each in LAYOUTS[message.layout].before} | {"OBX"}
    for setting, places in (("fields", tuple(message.fields)), ("empty_as_null", message.empty_as_null)):
        for named in places:
            segment, number, *_ = split_place(named)
            if int(number) in OWN_FIELDS[segment]:
                yield problem_at(
                    _named_in(endpoint, setting, named),
                    rule="own-field",
                    message=f"{segment}-{number} cannot be fixed: it is written from the study or another setting",
                    mend="take it out",
                )
            elif segment not in sent:
                yield problem_at(
                    _named_in(endpoint, setting, named),
                    rule="not-of-this-layout",
                    message=f"{endpoint.name} has the layout {message.layout}, which sends no {segment}",
                    mend="take it out",
                    severity=Severity.WARNING,
                )


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
