"""The layouts of the statement: segments in their order, and every kind of OBX that a layout may hold."""

from collections.abc import Iterator
from datetime import UTC, datetime

from butterfly_gitops.hl7.form import Form
from butterfly_gitops.hl7.layouts.catalog import LAYOUTS
from butterfly_gitops.hl7.layouts.layout import Layout
from butterfly_gitops.hl7.render import KnownReport, render
from butterfly_gitops.hl7.segments.obx import OBX
from butterfly_gitops.model.delivery import ResultStatus
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.message import Message
from butterfly_gitops.model.study import StudyEvent

_SHOWN = (2, 3, 4, 5, 6, 11)
_LONGEST = 60


def layouts(complete: StudyEvent) -> Iterator[str]:
    """A section for each layout; `complete` is a study that holds everything that a study can hold."""
    for layout in LAYOUTS.values():
        yield "\n\n".join(
            [
                f"### Layout `{layout.name}`: {layout.title}",
                layout.says,
                f"Versions: {', '.join(layout.versions)}.",
                "\n".join(["| Segment | Sent |", "|---|---|", *_segments(layout)]),
                "The rows of OBX, each kind of them once, for a study that holds everything:",
                "\n".join([_head(), *_rows(layout, complete)]) + "\n",
            ]
        )


def _segments(layout: Layout) -> Iterator[str]:
    names = {"ORC": "message.order_segment", "PV1": "message.visit_segment"}
    for each in layout.before:
        says = each.sent_says
        if setting := names.get(each.name):
            when = "" if says == "always" else f" {says}"
            says = (
                f"only with `{setting}: send`{when}"
                if each.name in layout.left_out
                else f"{says}; never with `{setting}: leave_out`"
            )
        yield f"| {each.name} | {says} |"
    yield f"| {OBX.name}, repeats | always, at least one |"
    for each in layout.after:
        yield f"| {each.name} | {each.sent_says} |"


def _head() -> str:
    names = [f"OBX-{number}" for number in _SHOWN]
    return f"| {' | '.join(names)} |\n|{'---|' * len(names)}"


def _rows(layout: Layout, complete: StudyEvent) -> Iterator[str]:
    told = set()
    for fields in _obx(layout, complete):
        kind = (fields[2], fields[3], fields[4])
        if kind not in told:
            told.add(kind)
            yield f"| {' | '.join(_code(fields[number]) for number in _SHOWN)} |"


def _obx(layout: Layout, complete: StudyEvent) -> Iterator[list[str]]:
    endpoint = EhrEndpoint(
        display_name="EHR",
        link="server-room",
        host="10.20.30.40",
        port=6661,
        sending_facility="STE",
        receiving_facility="STE",
        time_zone="UTC",
        message=Message(layout=layout.name, hl7_version="2.5.1", image_link="rp"),  # type: ignore[arg-type]
    )
    message = render(
        Form.of(endpoint),
        complete,
        report=KnownReport(fallback_filler="BF0123456789ABCD"),
        status=ResultStatus.F,
        control_id="K7Q2M4ZP0V9T3XNB6RWC",
        at=datetime(2026, 11, 24, 14, 3, 15, tzinfo=UTC),
    )
    for line in message.data.decode().split("\r"):
        if line.startswith("OBX"):
            fields = line.split("|")
            yield [*fields, *[""] * (20 - len(fields))]


def _code(text: str) -> str:
    shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return f"`{shown}`" if shown else ""
