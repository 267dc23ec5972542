"""The rows that a site's configuration means: what it asks for, and how its lanes are made and brought to it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from butterfly_gitops.delivery.leaving import set_aside_all
from butterfly_gitops.delivery.target import retarget, text_of, wire_of
from butterfly_gitops.model.delivery import Delivery, Lane, LaneId, State, Target, TargetNumber
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.site import Site
from butterfly_gitops.store.rows import Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """A generation's content as rows: the site, (wire, text) of each endpoint's target, and each (archive, endpoint)."""

    site: Site
    targets: Mapping[str, tuple[str, str]]
    pairs: frozenset[tuple[str, str]]


@lru_cache(maxsize=4096)
def meaning_of(content: str) -> Meaning:
    """Read a generation's content once: it is frozen, and asked for in every pass."""
    site = Site.model_validate_json(content)
    return Meaning(
        site=site,
        targets={name: (wire_of(one), text_of(one)) for name, one in site.ehr_endpoints.items()},
        pairs=pairs_of(site),
    )


def pairs_of(site: Site) -> frozenset[tuple[str, str]]:
    """Return which archive forwards to which endpoint."""
    return frozenset(
        (name, endpoint)
        for name, archive in site.archives.items()
        if archive.purpose == "clinical"
        for endpoint in archive.forward_to
    )


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
    rows.put_lane(lane)
    rows.add_target(Target(lane=lane.id, number=lane.target, wire=wire_of(endpoint), text=text_of(endpoint)))
    return lane.id


def bring(rows: Rows, lane: Lane, current: Target, endpoint: EhrEndpoint, *, at: datetime) -> None:
    """Bring a lane to its endpoint's settings."""
    uncertain = rows.in_lane(lane.id, (State.UNCERTAIN,))
    moved = retarget(lane, current, endpoint, uncertain, at=at)
    if moved.target is not None:
        rows.add_target(moved.target)
    for delivery in moved.deliveries:
        rows.put_delivery(delivery)
    if moved.lane != lane:
        rows.put_lane(moved.lane)


def set_aside(rows: Rows, deliveries: Iterable[Delivery], reason: str, *, at: datetime) -> None:
    """Leave what waits to a person."""
    for delivery in set_aside_all(tuple(deliveries), at=at, reason=reason):
        rows.put_delivery(delivery)
