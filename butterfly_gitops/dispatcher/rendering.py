"""From the head of a lane to what is written about it: a claim with its bytes, or why it cannot be written."""

from collections.abc import Callable
from datetime import datetime

from butterfly_gitops.delivery.claim import Claim, reusable
from butterfly_gitops.delivery.order_number import drawn
from butterfly_gitops.delivery.status import repeats_revision, status_of
from butterfly_gitops.hl7.form import Form
from butterfly_gitops.hl7.refusal import RenderingRefused
from butterfly_gitops.hl7.render import KnownReport, render
from butterfly_gitops.model.delivery import StoredMessage, Target
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.study import StudyEvent
from butterfly_gitops.store.body import BodyUnreadable
from butterfly_gitops.store.dispatch import Head, Refusing


class Renderer:
    """Renders heads for one endpoint; `letters` draws that many random Crockford base32 characters."""

    def __init__(self, endpoint: EhrEndpoint, target: Target, *, letters: Callable[[int], str]) -> None:
        self._endpoint = endpoint
        self._form = Form.of(endpoint)
        self._target = target
        self._letters = letters

    def prepare(self, head: Head, *, at: datetime, taken: frozenset[str] = frozenset()) -> Claim | Refusing:
        """Take the stored bytes again where they fit the target, else render anew under a new MSH-10.

        `taken` are OBR-3 by which the EHR keeps other reports.
        """
        if head.message is not None and reusable(head.message, self._target):
            return self._claim(head, head.message, is_renumbered=False)
        try:
            message = self._render(head, taken, at=at)
        except RenderingRefused as refusal:
            return Refusing(
                delivery=head.delivery.id,
                report_version=head.report.version,
                target=self._target.number,
                field=refusal.field,
                why=f"{refusal.why}{refusal.decided_by}",
            )
        return self._claim(head, message, is_renumbered=bool(taken - {head.spare}))

    def _claim(self, head: Head, message: StoredMessage, *, is_renumbered: bool) -> Claim:
        return Claim(
            delivery=head.delivery.id,
            report=head.report.id,
            report_version=head.report.version,
            target=self._target.number,
            longest_wait=self._endpoint.retry.longest,
            message=message,
            is_renumbered=is_renumbered,
        )

    def _render(self, head: Head, taken: frozenset[str], *, at: datetime) -> StoredMessage:
        status = status_of(head.delivery, head.report)
        control_id = self._letters(20)
        rendered = render(
            self._form,
            _event_of(head),
            report=KnownReport(
                filler=head.report.filler,
                taken=taken,
                last_status_time=head.report.last_status_time,
                fallback_filler=drawn(control_id) if head.spare in taken else head.spare,
                repeats=repeats_revision(head.delivery, head.report),
            ),
            status=status,
            control_id=control_id,
            at=at,
        )
        return StoredMessage(
            delivery=head.delivery.id,
            number=head.delivery.message + 1,
            target=self._target.number,
            text=self._target.text,
            control_id=control_id,
            status=status,
            filler=rendered.filler,
            status_time=rendered.status_time,
            data=rendered.data,
        )


def _event_of(head: Head) -> StudyEvent:
    """Return the study as it was accepted. Raises RenderingRefused where an earlier version took what this one does not.

    Accepted is accepted: such a result waits visibly, and no lane ends over it.
    """
    try:
        return head.body.event()
    except BodyUnreadable as unreadable:
        raise RenderingRefused("the study", str(unreadable)) from None
