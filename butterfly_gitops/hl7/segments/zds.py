"""ZDS, the Study UID in a segment of its own (IHE RAD TF 2x, 4.4.4.1.2.5), as some receivers of reports want it."""

from butterfly_gitops.hl7.datatype import composite
from butterfly_gitops.hl7.result import Result
from butterfly_gitops.hl7.segment_map import Field, SegmentMap

ZDS: SegmentMap[Result] = SegmentMap(
    name="ZDS",
    title="Study UID",
    sent=lambda of: of.options.study_uid == "ZDS" and of.study.study_uid is not None,
    sent_says="with `message.study_uid: ZDS`",
    fields=(
        Field(
            1,
            "Study Instance UID",
            lambda of: composite(of.study.study_uid, "", "Application", "DICOM"),
            "DICOM Study UID (RP)",
        ),
    ),
)
