"""PV1, patient visit (HL7 v2.5.1, 3.4.3): the encounter that the study belongs to."""

from butterfly_gitops.hl7.datatype import pl, xcn
from butterfly_gitops.hl7.escape import escape
from butterfly_gitops.hl7.result import NO_ENCOUNTER, Result, known_as
from butterfly_gitops.hl7.segment_map import Field, SegmentMap, fixed

_CLASSES = frozenset("BCEINOPRU")  # table 0004


def _class(result: Result) -> str:
    known = result.encounter.class_
    return known if known in _CLASSES else "U"


def _attending(result: Result) -> str:
    attending = result.encounter.attending
    return (
        xcn(known_as(attending, result.options.provider_id), result.options.authorities) if attending else ""
    )


PV1: SegmentMap[Result] = SegmentMap(
    name="PV1",
    title="Patient visit",
    sent=lambda of: of.encounter is not NO_ENCOUNTER,
    sent_says="where the study has an encounter",
    fields=(
        Field(1, "Set ID", fixed("1"), "1"),
        Field(2, "Patient Class", _class, "table 0004; an unknown class is U"),
        Field(3, "Assigned Patient Location", lambda of: pl(of.encounter.location), "unit, room, bed"),
        Field(7, "Attending Doctor", _attending, "attending physician"),
        Field(
            19,
            "Visit Number",
            lambda of: escape(of.visit),
            "visit number, unless `message.visit_number` puts it into PID-18",
        ),
    ),
)
