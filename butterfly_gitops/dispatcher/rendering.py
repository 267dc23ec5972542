"""From the head of a lane to what is written about it: a claim with its bytes, or why it cannot be written."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from butterfly_gitops.delivery.claim import reusable
from butterfly_gitops.delivery.order_number import drawn
from butterfly_gitops.delivery.status import repeats_revision, status_of
from butterfly_gitops.hl7.form import Form
from butterfly_gitops.hl7.refusal import RenderingRefused
from butterfly_gitops.hl7.render import KnownReport, render_in
from butterfly_gitops.model.delivery import ReportId, Target
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.study import StudyEvent
from butterfly_gitops.store.body import BodyUnreadable
from butterfly_gitops.store.interface import Claiming, Head, NewMessage, Refusing


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What to store, and the bytes that may leave once it is stored; `taken` are the OBR-3 that it avoids."""

    report: ReportId
    wish: Claiming | Refusing
    data: bytes = field(repr=False)
    control_id: str
    taken: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def found_in_use(self) -> frozenset[str]:
        """What to avoid from now on, where the store has found the OBR-3 of the message in use."""
        message = self.wish.message if isinstance(self.wish, Claiming) else None
        return self.taken | {message.filler} if message else self.taken


class Renderer:
    """Renders heads for one endpoint; `letters` draws that many random Crockford base32 characters."""

    def __init__(self, endpoint: EhrEndpoint, target: Target, *, letters: Callable[[int], str]) -> None:
        self._endpoint = endpoint
        self._form = Form.of(endpoint)
        self._target = target
        self._letters = letters

    def prepare(self, head: Head, *, at: datetime, taken: frozenset[str] = frozenset()) -> Prepared:
        """Take the stored bytes again where they fit the target, else render anew under a new MSH-10.

        `taken` are OBR-3 by which the EHR keeps other reports.
        """
        if head.message is not None and reusable(head.message, self._target):
            wish = self._claim(head, None)
            return Prepared(
                report=head.report.id, wish=wish, data=head.message.data, control_id=head.message.control_id
            )
        try:
            message = self._render(head, taken, at=at)
        except RenderingRefused as refusal:
            refusing = Refusing(
                delivery=head.delivery.id,
                report_version=head.report.version,
                target=self._target.number,
                field=refusal.field,
                why=f"{refusal.why}{refusal.decided_by}",
            )
            return Prepared(report=head.report.id, wish=refusing, data=b"", control_id="")
        return Prepared(
            report=head.report.id,
            wish=self._claim(head, message),
            data=message.data,
            control_id=message.control_id,
            taken=taken,
        )

    def _claim(self, head: Head, message: NewMessage | None) -> Claiming:
        return Claiming(
            delivery=head.delivery.id,
            report_version=head.report.version,
            target=self._target.number,
            longest_wait=self._endpoint.retry.longest,
            message=message,
        )

    def _render(self, head: Head, taken: frozenset[str], *, at: datetime) -> NewMessage:
        status = status_of(head.delivery, head.report)
        control_id = self._letters(20)
        rendered = render_in(
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
        return NewMessage(
            text=self._target.text,
            control_id=control_id,
            status=status,
            filler=rendered.filler,
            is_renumbered=bool(taken - {head.spare}),
            status_time=rendered.status_time,
            data=rendered.data,
        )


def _event_of(head: Head) -> StudyEvent:
    """The study as it was accepted. Raises RenderingRefused where an earlier version took what this one does not.

    Accepted is accepted: such a result waits visibly, and no lane ends over it.
    """
    try:
        return head.body.event()
    except BodyUnreadable as unreadable:
        raise RenderingRefused("the study", str(unreadable)) from None
