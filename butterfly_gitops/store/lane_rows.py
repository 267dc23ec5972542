"""The rows of lanes: made, brought to their endpoints' settings, emptied and ended."""

from collections.abc import Iterable
from datetime import datetime

from butterfly_gitops.delivery.leaving import ended_if_done, set_aside_all
from butterfly_gitops.delivery.target import retarget, text_of, wire_of
from butterfly_gitops.model.delivery import FINAL, Delivery, Lane, LaneId, State, Target, TargetNumber
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.store.rows import Rows

OPEN = tuple(state for state in State if state not in FINAL)


def target_of(rows: Rows, lane: Lane) -> Target:
    """Return the target that a lane's row names; one of nothing where somebody took that row away."""
    try:
        return rows.target(lane.id, lane.target)
    except KeyError:
        return Target(lane=lane.id, number=lane.target, wire="", text="")


def new_lane(rows: Rows, site: str, name: str, endpoint: EhrEndpoint) -> LaneId:
    """Make an endpoint's lane and its first target."""
    lane = Lane(
        id=rows.next_lane(),
        site=site,
        endpoint=name,
        incarnation=rows.incarnations(site, name) + 1,
        target=TargetNumber(1),
        on_retarget=endpoint.on_retarget,
        paused=endpoint.status == "paused",
    )
    rows.put(lane)
    rows.put(Target(lane=lane.id, number=lane.target, wire=wire_of(endpoint), text=text_of(endpoint)))
    return lane.id


def bring(rows: Rows, lane: Lane, current: Target, endpoint: EhrEndpoint, *, at: datetime) -> None:
    """Bring a lane to its endpoint's settings."""
    uncertain = rows.in_lane(lane.id, (State.UNCERTAIN,))
    moved = retarget(lane, current, endpoint, uncertain, at=at)
    if moved.target is not None:
        rows.put(moved.target)
    rows.put(*moved.deliveries)
    if moved.lane != lane:
        rows.put(moved.lane)


def set_aside(rows: Rows, deliveries: Iterable[Delivery], reason: str, *, at: datetime) -> None:
    """Leave what waits to a person."""
    rows.put(*set_aside_all(tuple(deliveries), at=at, reason=reason))


def end_leaving(rows: Rows, lanes: Iterable[LaneId]) -> None:
    """End those of the lanes that are leaving and have nothing left to do."""
    for lane in map(rows.lane, lanes):
        if lane.leaving and not lane.ended:
            after = ended_if_done(lane, rows.in_lane(lane.id, OPEN))
            if after != lane:
                rows.put(after)
