"""Sending one finalized study to one endpoint by hand: whatever the rules say, and never an older result."""

from butterfly_gitops.delivery.act import ActionRefused
from butterfly_gitops.delivery.draft import Draft
from butterfly_gitops.delivery.leaving import takes_nothing
from butterfly_gitops.delivery.setback import REASON, is_doubtful
from butterfly_gitops.delivery.supersede import Admission, Arrival, KnownStudy, report_for, tidy
from butterfly_gitops.model.delivery import Cause, Content, Lane, State


def one_off(
    arrival: Arrival, known: KnownStudy, lane: Lane, *, next_report: int, next_delivery: int
) -> Admission:
    """Make the delivery, or name the one that is open already; `arrival` is the latest event that ended the study.

    Raises ActionRefused when that is no finalized one, when the lane has ended, or when the same result stands set
    aside there.
    """
    if arrival.kind != "finalized":
        raise ActionRefused(f"the study's latest state is {arrival.kind}, not finalized")
    if takes_nothing(lane):
        raise ActionRefused("the endpoint has ended")
    draft = Draft(known.reports, known.deliveries, next_report=next_report, next_delivery=next_delivery)
    report = report_for(draft, arrival, lane.id)
    for one in draft.open_of(report.id):
        if one.content is Content.FINAL and one.rank == arrival.rank and one.then is None:
            if one.state is State.SET_ASIDE:
                raise ActionRefused(f"it is set aside there: bgo delivery resend {one.id}")
            return Admission(reports=draft.reports, deliveries=draft.deliveries, made=(one.id,))
    doubtful = is_doubtful(arrival.rank.occurred_at, known.doubtful_until)
    made = draft.add_delivery(
        lane=lane.id,
        event=arrival.event,
        body=arrival.event,
        report=report.id,
        content=Content.FINAL,
        cause=Cause.ONE_OFF,
        rank=arrival.rank,
        accepted_at=arrival.at,
        state=State.SET_ASIDE if doubtful else State.QUEUED,
        reason=REASON if doubtful else "sent by hand",
    )
    draft.change_report(report.id, newest=max(report.newest, arrival.rank))
    tidy(draft, report.id, at=arrival.at)
    return Admission(reports=draft.reports, deliveries=draft.deliveries, made=(made.id,))
