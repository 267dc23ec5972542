"""The layout `report`: IHE RAD-128 (Send Imaging Result), one OBX for each section of the report."""

from collections.abc import Iterator

from butterfly_gitops.hl7 import content
from butterfly_gitops.hl7.layouts.layout import Layout
from butterfly_gitops.hl7.result import Result
from butterfly_gitops.hl7.segments.obx import ObxRow

_TEXT_TYPE = "TX"


def _rows(result: Result) -> Iterator[ObxRow]:
    kind = result.options.text_type or _TEXT_TYPE
    yield from content.study_uid(result, form=result.options.study_uid or LAYOUT.study_uid)
    yield from content.sections(result, kind=kind)
    yield from content.values(result)
    yield from content.attestation(result, kind=kind)
    yield from content.image_link(result)


LAYOUT = Layout(
    name="report",
    title="IHE RAD-128, Send Imaging Result",
    says="The report itself: one OBX for each section under its LOINC code, one for each measured value, the "
    "attestation, and the Study UID as ST. Receivers that follow the IHE profile Results Distribution take it as it is.",
    versions=("2.5.1",),
    rows=_rows,
    study_uid="ST",
    text_type=_TEXT_TYPE,
)
