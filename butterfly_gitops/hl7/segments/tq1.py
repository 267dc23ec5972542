"""TQ1, timing (HL7 v2.5.1, 4.5.4): a notification says when the exam was, and that nothing is urgent."""

from butterfly_gitops.hl7.result import Result
from butterfly_gitops.hl7.segment_map import Field, SegmentMap, fixed

TQ1: SegmentMap[Result] = SegmentMap(
    name="TQ1",
    title="Timing/quantity",
    fields=(
        Field(1, "Set ID", fixed("1"), "1"),
        Field(7, "Start Date/Time", lambda of: of.observed, "as OBR-7"),
        Field(9, "Priority", fixed("R^Routine^HL70078"), "routine, as IHE RAD-132 codes it"),
    ),
)
