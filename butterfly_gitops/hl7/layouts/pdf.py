"""The layout `pdf`: IHE CARD-7 (Encapsulated Report Submission), the report as a PDF document in OBX-5."""

from collections.abc import Iterator

from butterfly_gitops.hl7 import content
from butterfly_gitops.hl7.layouts.layout import Layout
from butterfly_gitops.hl7.result import Result
from butterfly_gitops.hl7.segments.obx import ObxRow


def _rows(result: Result) -> Iterator[ObxRow]:
    # The UID is detail of the order, no result of its own: O of table 0085 (IHE CARD TF 2, 4.7).
    yield from content.study_uid(result, form=result.options.study_uid or LAYOUT.study_uid, status="O")
    yield from content.documents(result)
    yield from content.image_link(result)


LAYOUT = Layout(
    name="pdf",
    title="IHE CARD-7, Encapsulated Report Submission",
    says="The report as a PDF: OBX-2 is ED, OBX-3 the kind of document, OBX-5 the file in base64 without line ends, "
    "its first components as `message.pdf` says. ORC and PV1 are no part of the profile; `message.order_segment` and "
    "`message.visit_segment` bring them.",
    versions=("2.3", "2.3.1", "2.4", "2.5.1"),
    rows=_rows,
    study_uid="HD",
    left_out=frozenset({"ORC", "PV1"}),
)
