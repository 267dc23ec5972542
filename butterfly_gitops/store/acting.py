"""The transactions of people: audited, and done once per idempotency key."""

from butterfly_gitops.delivery import act as decide
from butterfly_gitops.delivery.act import ActionRefused, StudyElsewhere
from butterfly_gitops.delivery.draft import Draft
from butterfly_gitops.delivery.one_off import one_off
from butterfly_gitops.delivery.patient import identifier_keys
from butterfly_gitops.delivery.pausing import paused
from butterfly_gitops.model.delivery import IN_LANE, Delivery, DeliveryId, Lane, LaneId, Pause
from butterfly_gitops.model.fleet import FleetSettings
from butterfly_gitops.model.site import Site
from butterfly_gitops.store.accepting import EVERY_KIND, arrival_of, endpoint_address, known_of_study
from butterfly_gitops.store.body import BodyUnreadable
from butterfly_gitops.store.lane_rows import end_leaving
from butterfly_gitops.store.people import Acted, Action, AuditEntry, NoDelivery, NoStudy, NotFound, OneOffSend
from butterfly_gitops.store.rows import DoneAction, EventRow, Rows


def audit(rows: Rows, entry: AuditEntry) -> None:
    """See `Store.audit`."""
    rows.put(entry)


def act(rows: Rows, action: Action) -> Acted:
    """See `Store.act`."""
    fingerprint = f"{action.kind} {action.delivery} {action.site}/{action.endpoint}"
    if repeat := _repeat(rows, action, fingerprint):
        return repeat
    if action.kind in ("pause", "resume"):
        lane = _resume(rows, action) if action.kind == "resume" else _pause(rows, action)
        return _acted(rows, action, fingerprint, None, lane, subject=f"{lane.site}/{lane.endpoint}")
    delivery = _delivery(rows, action)
    _act_on_delivery(rows, action, delivery)
    lane = rows.lane(delivery.lane)
    return _acted(rows, action, fingerprint, delivery.id, lane, subject=f"delivery {delivery.id}")


def _act_on_delivery(rows: Rows, action: Action, delivery: Delivery) -> None:
    draft = Draft([rows.report(delivery.report)], [delivery, *rows.open_of_reports([delivery.report])])
    reason = f"{action.reason} ({action.actor})"
    match action.kind:
        case "resend":
            decide.resend(draft, delivery, rows.lane(delivery.lane), at=action.at, reason=reason)
        case "set_aside":
            decide.set_aside(draft, delivery, at=action.at, reason=reason)
        case _:
            decide.cancel(draft, delivery, at=action.at, reason=reason)
    rows.put(*draft.reports, *draft.deliveries)
    end_leaving(rows, (delivery.lane,))


def _delivery(rows: Rows, action: Action) -> Delivery:
    delivery = rows.delivery(action.delivery) if action.delivery is not None else None
    if delivery is None:
        raise NoDelivery(action.delivery)
    return delivery


def _resume(rows: Rows, action: Action) -> Lane:
    named = _lanes_of(rows, action.site, action.endpoint)
    # One that drains under the name of another is told apart only by what holds it.
    lane = next((one for one in named if decide.is_held(one, at=action.at)), named[0])
    going, deliveries = decide.resume(lane, rows.in_lane(lane.id, tuple(IN_LANE)), at=action.at)
    rows.put(going)
    rows.put(*deliveries)
    return going


def _pause(rows: Rows, action: Action) -> Lane:
    lane = lane_of(rows, action.site, action.endpoint)
    pause = Pause(by=action.actor, reason=action.reason, since=action.at, until=action.until)
    held = paused(lane, pause)
    rows.put(held)
    return held


def lane_of(rows: Rows, site: str, endpoint: str) -> Lane:
    """Return the endpoint's lane. Raises NotFound."""
    return _lanes_of(rows, site, endpoint)[0]


def _lanes_of(rows: Rows, site: str, endpoint: str) -> list[Lane]:
    """Return the one that is configured first, then those that still drain under this name, or are shown by it."""
    lanes = rows.lanes_of_site(site)
    named = [lane for lane in lanes if endpoint in (lane.endpoint, lane.shown_name)]
    if not named:
        raise NotFound(f"there is no endpoint {site}/{endpoint} in what is applied")
    return sorted(named, key=lambda lane: bool(lane.leaving))


def send_once(rows: Rows, send: OneOffSend) -> Acted:
    """See `Store.send_once`."""
    fingerprint = f"send {send.study} {send.site}/{send.endpoint}"
    if repeat := _repeat(rows, send, fingerprint):
        return repeat
    lane = lane_of(rows, send.site, send.endpoint)
    row = rows.latest_of_study(send.study, EVERY_KIND)
    if row is None:
        raise NoStudy(send.study)
    if row.site != send.site:
        raise StudyElsewhere("the study is of another site: only endpoints of its own site can have it")
    _refuse_where_nothing_forwards(rows, row)
    sent = one_off(
        arrival_of(row, _merged_from(rows, row), decisions=(), at=send.at),
        known_of_study(rows, send.study),
        lane,
        next_report=rows.next_report(),
        next_delivery=rows.next_delivery(),
    )
    rows.put(*sent.reports, *sent.deliveries)
    (delivery,) = sent.made
    return _acted(rows, send, fingerprint, delivery, lane, subject=f"delivery {delivery}")


def _merged_from(rows: Rows, event: EventRow) -> frozenset[str]:
    try:
        return identifier_keys(rows.event_body(event.number).event().patient.merged_from)
    except BodyUnreadable as unreadable:
        # No message could be written of it either.
        raise ActionRefused(f"the study's newest event {unreadable}") from None


def _refuse_where_nothing_forwards(rows: Rows, event: EventRow) -> None:
    """Refuse to send by hand what no rule may send: an educational archive never forwards, nor does another subscription."""
    settings = rows.content_of("")
    if settings and FleetSettings.model_validate_json(settings).subscription != "enterprise":
        raise ActionRefused("the subscription is not Enterprise: no result is sent")
    content = rows.content_of(event.site)
    archive = Site.model_validate_json(content).archives.get(event.archive) if content else None
    if archive is not None and archive.purpose == "educational":
        raise ActionRefused(f"its archive {event.site}/{event.archive} is educational, and never forwards")


def _repeat(rows: Rows, wish: Action | OneOffSend, fingerprint: str) -> Acted | None:
    done = rows.done(wish.key)
    if done is None:
        return None
    if done.fingerprint != fingerprint:
        raise ActionRefused("this idempotency key did something else before")
    delivery = rows.delivery(done.delivery) if done.delivery is not None else None
    named = [one.id for one in rows.lanes_of_site(wish.site) if one.endpoint == wish.endpoint]
    # Whoever did it may not have come to wake them.
    lanes = frozenset([delivery.lane] if delivery is not None else named)
    return _answer(rows, done.delivery, lanes, is_repeat=True)


def _acted(
    rows: Rows,
    action: Action | OneOffSend,
    fingerprint: str,
    delivery: DeliveryId | None,
    lane: Lane,
    *,
    subject: str,
) -> Acted:
    kind = action.kind if isinstance(action, Action) else f"send to {endpoint_address(rows, lane.id)}"
    rows.put(DoneAction(key=action.key, fingerprint=fingerprint, delivery=delivery))
    rows.put(AuditEntry(at=action.at, actor=action.actor, action=kind, subject=subject, reason=action.reason))
    return _answer(rows, delivery, frozenset({lane.id}), is_repeat=False)


def _answer(rows: Rows, delivery: DeliveryId | None, lanes: frozenset[LaneId], *, is_repeat: bool) -> Acted:
    row = rows.delivery(delivery) if delivery is not None else None
    return Acted(delivery=delivery, state=row.state if row else None, is_repeat=is_repeat, lanes=lanes)
