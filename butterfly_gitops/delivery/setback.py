"""Results of a state that is older than what its EHRs may show: a person looks before each."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from butterfly_gitops.delivery.draft import Draft
from butterfly_gitops.delivery.routing import CLOCK_TOLERANCE
from butterfly_gitops.delivery.states import Event
from butterfly_gitops.model.delivery import Content, Delivery, Report, State

REASON = "an older state was accepted: the EHR may show this or something newer; look there before a resend"


def set_aside_open(reports: Iterable[Report], deliveries: Sequence[Delivery], *, at: datetime) -> Draft:
    """Leave what is open to a person, as something that may have been received; nothing of it is in flight.

    Its stored bytes may have gone out in what is missing: a resend makes a new message, with its own MSH-10.
    """
    draft = Draft(reports, deliveries)
    for one in deliveries:
        if one.state is State.SET_ASIDE and one.reason.startswith(REASON):
            continue
        was = f" (it was set aside: {one.reason})" if one.state is State.SET_ASIDE else ""
        draft.move(one, Event.SET_ASIDE, at=at, reason=f"{REASON}{was}")
        aside = draft.delivery(one.id)
        draft.put_delivery(replace(aside, maybe_received=True, message=one.message + 1 if one.message else 0))
        if one.content is not Content.WITHDRAWAL:
            _mark(draft, one)
    return draft


def _mark(draft: Draft, delivery: Delivery) -> None:
    report = draft.report(delivery.report)
    draft.change_report(
        report.id,
        maybe_received=True,
        maybe_final=report.maybe_final or delivery.content is Content.FINAL,
        maybe_event=max(report.maybe_event or delivery.body, delivery.body),
    )


def is_doubtful(occurred_at: datetime, until: datetime | None) -> bool:
    """Tell whether the missing part of a state, which ended then, may have held the event or one after it."""
    return until is not None and occurred_at <= until + CLOCK_TOLERANCE
