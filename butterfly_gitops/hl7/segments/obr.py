"""OBR, observation request (HL7 v2.5.1, 7.4.1): the study as a whole, and the status of its report."""

from butterfly_gitops.hl7.datatype import coded, ndl, xcn
from butterfly_gitops.hl7.escape import escape
from butterfly_gitops.hl7.result import Result
from butterfly_gitops.hl7.segment_map import Field, SegmentMap, fixed
from butterfly_gitops.hl7.segments.orc import placer, timing


def exam(result: Result) -> str:
    """OBR-4: what was done, as this EHR codes it."""
    done = result.study.exam_type
    ordered = result.study.ordered_procedure
    if ordered is not None and result.options.exam_code == "order":
        return coded(ordered.code, ordered.display, ordered.system)
    known = result.options.exam_codes.get(done.code) or done
    return coded(known.code, known.display, known.system)


def _section(result: Result) -> str:
    own = result.options.exam_codes.get(result.study.exam_type.code)
    return (own and own.diagnostic_service) or result.options.diagnostic_service


def _ended(result: Result) -> str:
    ended = result.study.ended_at
    return result.clock.prints(ended) if ended else ""


_AUTHORS = frozenset({"author", "secondary_author"})


def _orderer(result: Result) -> str:
    return xcn(
        result.providers.first.get("ordering") or result.providers.interpreter, result.options.authorities
    )


def _technician(result: Result) -> str:
    performer = result.providers.first.get("performer")
    return "" if performer is result.providers.interpreter else ndl(performer, result.options.authorities)


def _reason(result: Result) -> str:
    reason = result.study.reason
    return f"^{escape(reason)}" if reason else ""


def _assistants(result: Result) -> str:
    if _AUTHORS.isdisjoint(result.providers.first):
        return ""
    interpreter = result.providers.interpreter
    return "~".join(
        [
            ndl(one, result.options.authorities)
            for one in result.providers.people
            if one.role in _AUTHORS and one is not interpreter
        ]
    )


OBR: SegmentMap[Result] = SegmentMap(
    name="OBR",
    title="Observation request",
    fields=(
        Field(1, "Set ID", fixed("1"), "1"),
        Field(
            2,
            "Placer Order Number",
            placer,
            "order number of the EHR; OBR-3 with `message.placer_fallback: filler`",
        ),
        Field(
            3,
            "Filler Order Number",
            lambda of: of.filler,
            "filler order number, else accession number; BF and 14 characters without either, or where it is another "
            "report's (`message.filler_in_use`); fixed for the life of the report",
        ),
        Field(
            4,
            "Universal Service Identifier",
            exam,
            "exam type, by `message.exam_codes`; the order's code with `message.exam_code: order`",
        ),
        Field(
            7,
            "Observation Date/Time",
            lambda of: of.observed,
            "start of the exam, else its end, else the event",
        ),
        Field(8, "Observation End Date/Time", _ended, "end of the exam"),
        Field(16, "Ordering Provider", _orderer, "ordering person, else as OBR-32"),
        Field(
            18,
            "Placer Field 1",
            lambda of: escape(of.study.accession_number or ""),
            "accession number (IHE RAD)",
        ),
        Field(
            22,
            "Results Rpt/Status Chng - Date/Time",
            lambda of: of.status_time,
            "of each revision; later, as printed, than the one before",
        ),
        Field(
            24,
            "Diagnostic Serv Sect ID",
            _section,
            "table 0074: `message.diagnostic_service`, or by exam code",
        ),
        Field(25, "Result Status", lambda of: of.obr_25, "table 0123: P, F or C; C withdraws, too"),
        Field(27, "Quantity/Timing", timing, "as ORC-7"),
        Field(31, "Reason for Study", _reason, "indication, as text"),
        Field(
            32,
            "Principal Result Interpreter",
            lambda of: ndl(of.providers.interpreter, of.options.authorities),
            "attester, else author, else performer",
        ),
        Field(33, "Assistant Result Interpreter", _assistants, "the other authors; repeats"),
        Field(34, "Technician", _technician, "performer, where another one interprets"),
        Field(
            35,
            "Transcriptionist",
            lambda of: ndl(of.providers.first.get("scribe"), of.options.authorities),
            "scribe",
        ),
    ),
)
