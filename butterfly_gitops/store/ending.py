"""The end of lanes whose endpoints have left, once nothing keeps them."""

from collections.abc import Iterable

from butterfly_gitops.delivery.leaving import ended_if_done
from butterfly_gitops.model.delivery import FINAL, LaneId, State
from butterfly_gitops.store.rows import Rows

OPEN = tuple(state for state in State if state not in FINAL)


def end_leaving(rows: Rows, lanes: Iterable[LaneId]) -> None:
    """End those of the lanes that are leaving and have nothing left to do."""
    for lane in map(rows.lane, lanes):
        if lane.leaving and not lane.ended:
            after = ended_if_done(lane, rows.in_lane(lane.id, OPEN))
            if after != lane:
                rows.put_lane(after)
