"""Sending one finalized study to one endpoint by hand: whatever the rules say, and never an older result."""

from dataclasses import dataclass

from butterfly_gitops.delivery.act import ActionRefused
from butterfly_gitops.delivery.draft import Draft
from butterfly_gitops.delivery.leaving import takes_nothing
from butterfly_gitops.delivery.setback import REASON, is_doubtful
from butterfly_gitops.delivery.supersede import Admission, Arrival, Known, report_for, tidy
from butterfly_gitops.model.delivery import Cause, Content, DeliveryId, Lane, State


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOff:
    """The delivery that sends it, and the rows to write; `is_new` is false when one was open already."""

    delivery: DeliveryId
    admission: Admission
    is_new: bool


def one_off(arrival: Arrival, known: Known, lane: Lane, *, next_report: int, next_delivery: int) -> OneOff:
    """Make the delivery; `arrival` is the latest event of the study that ended or changed it.

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
            return OneOff(delivery=one.id, admission=_admission(draft, one.id), is_new=False)
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
    return OneOff(delivery=made.id, admission=_admission(draft, made.id), is_new=True)


def _admission(draft: Draft, made: DeliveryId) -> Admission:
    return Admission(reports=draft.changed_reports(), deliveries=draft.changed_deliveries(), made=(made,))
