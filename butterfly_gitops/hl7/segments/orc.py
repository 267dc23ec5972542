"""ORC, common order (HL7 v2.5.1, 4.5.1): which order the result belongs to."""

from butterfly_gitops.hl7.escape import escape
from butterfly_gitops.hl7.result import Result
from butterfly_gitops.hl7.segment_map import Field, SegmentMap, fixed


def placer(result: Result) -> str:
    """ORC-2 and OBR-2, which must be equal (4.5.1.2)."""
    number = result.study.placer_order_number
    if number is None:
        return result.filler if result.options.placer_fallback == "filler" else ""
    return escape(number)


def timing(result: Result) -> str:
    """ORC-7 and OBR-27 (TQ, v2.3 4.4): nothing but when the exam began, for a version that wants the field valued."""
    return f"^^^{result.observed}" if result.version.requires_timing else ""


ORC: SegmentMap[Result] = SegmentMap(
    name="ORC",
    title="Common order",
    fields=(
        Field(1, "Order Control", fixed("RE"), "observations to follow (table 0119)"),
        Field(2, "Placer Order Number", placer, "as OBR-2"),
        Field(3, "Filler Order Number", lambda of: of.filler, "as OBR-3"),
        Field(5, "Order Status", lambda of: of.orc_5, "table 0038: A with a preliminary result, else CM"),
        Field(7, "Quantity/Timing", timing, "in v2.3, which requires it: the fourth component as OBR-7"),
    ),
)
