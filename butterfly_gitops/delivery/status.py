"""The status of a message, by what its EHR has acknowledged for the report."""

from typing import assert_never

from butterfly_gitops.model.delivery import Cause, Content, Delivery, Report, ResultStatus


def status_of(delivery: Delivery, report: Report) -> ResultStatus:
    """Return P, F, C or W ("What is sent when" in docs/architecture.md; HL7 v2.5.1 tables 0123 and 0085)."""
    match delivery.content:
        case Content.WITHDRAWAL:
            return ResultStatus.W
        case Content.PRELIMINARY:
            return ResultStatus.P
        case Content.FINAL:
            return _final_status(delivery, report)
    assert_never(delivery.content)


def _final_status(delivery: Delivery, report: Report) -> ResultStatus:
    match report.acknowledged:
        case None | ResultStatus.P:
            return ResultStatus.F
        case ResultStatus.W:
            # Where only a preliminary was withdrawn, there is no final to correct.
            return ResultStatus.C if report.maybe_final else ResultStatus.F
        case ResultStatus.F | ResultStatus.C:
            # The same revision sent again by hand is no correction.
            if delivery.cause is Cause.ONE_OFF and report.acknowledged_revision == delivery.rank.revision:
                return report.acknowledged
            return ResultStatus.C
    assert_never(report.acknowledged)


def repeats_revision(delivery: Delivery, report: Report) -> bool:
    """Tell whether the message shows a revision that was printed before, and so repeats its OBR-22."""
    return delivery.cause is Cause.ONE_OFF and report.printed_revision == delivery.rank.revision
