"""The layout `notice`: IHE RAD-132 (Notify of Imaging Results), results are available and the report is elsewhere."""

from collections.abc import Iterator

from butterfly_gitops.hl7 import content
from butterfly_gitops.hl7.layouts.layout import Layout
from butterfly_gitops.hl7.result import Result
from butterfly_gitops.hl7.segment_map import Field, fixed
from butterfly_gitops.hl7.segments.msh import MSH
from butterfly_gitops.hl7.segments.obr import OBR, exam
from butterfly_gitops.hl7.segments.obx import ObxRow
from butterfly_gitops.hl7.segments.orc import ORC
from butterfly_gitops.hl7.segments.pid import PID
from butterfly_gitops.hl7.segments.pv1 import PV1
from butterfly_gitops.hl7.segments.tq1 import TQ1
from butterfly_gitops.model.delivery import ResultStatus


def _rows(result: Result) -> Iterator[ObxRow]:
    yield from content.study_uid(result, form=result.options.study_uid or LAYOUT.study_uid, status="O")
    for row in content.image_link(result):
        row.status = "O"
        yield row


def _status(result: Result) -> str:
    return "X" if result.status is ResultStatus.W else "R"


def _order_status(result: Result) -> str:
    return "CA" if result.status is ResultStatus.W else result.orc_5


_VISIT = PV1.laid_over(
    Field(51, "Visit Indicator", lambda of: "V" if of.visit else "", "V: PV1-19 names a visit")
)
_ORDER = ORC.laid_over(
    Field(1, "Order Control", fixed("SC"), "status changed (table 0119)"),
    Field(
        5,
        "Order Status",
        _order_status,
        "table 0038: A with a preliminary result, CA with a withdrawal, else CM",
    ),
)
_REQUEST = OBR.laid_over(
    Field(25, "Result Status", _status, "table 0123: R, results are stored; X withdraws"),
    Field(27, "Quantity/Timing", fixed("^^^^^R"), "routine"),
    Field(44, "Procedure Code", exam, "as OBR-4"),
)

LAYOUT = Layout(
    name="notice",
    title="IHE RAD-132, Notify of Imaging Results",
    says="A notification that results are available, with the Study UID and, where wanted, the link to the images; it "
    "holds no report. OBR-25 is R: some receivers take R for a report that is not verified yet, so use this layout only "
    "where the EHR expects it. The profile requires ORC-2; a study without an order has it with "
    "`message.placer_fallback: filler`.",
    versions=("2.5.1",),
    before=(MSH, PID, _VISIT, _ORDER, _REQUEST, TQ1),
    rows=_rows,
    study_uid="ST",
)
