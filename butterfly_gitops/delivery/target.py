"""The receiver of a message and how they read it, in a form that can be compared."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from butterfly_gitops.delivery.settle import follows_retarget, set_aside_for_target
from butterfly_gitops.model.delivery import Delivery, Lane, Target, TargetNumber
from butterfly_gitops.model.endpoint import EhrEndpoint

_WIRE = ("link", "host", "port", "tls")
_TEXT = (
    "sending_application", "sending_facility", "receiving_application", "receiving_facility", "processing_id",
    "encoding", "declare_encoding", "time_zone", "message",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Retargeted:
    """The rows to write after an endpoint was applied; `target` is None when it stays the same."""

    lane: Lane
    target: Target | None
    deliveries: tuple[Delivery, ...]


def wire_of(endpoint: EhrEndpoint) -> str:
    """Return who is reached: Link, host, port and TLS identity, as canonical JSON."""
    return _canonical(endpoint.model_dump(mode="json", include=set(_WIRE), exclude_defaults=True))


def text_of(endpoint: EhrEndpoint) -> str:
    """Return all that the bytes of a message depend on beside its event, as canonical JSON."""
    # What is as if it were not set is left out: a setting that a later version adds is no new target.
    settings = endpoint.model_dump(mode="json", include=set(_TEXT), exclude_defaults=True)
    # MSH-15 and 16 follow the mode; whoever reads the bytes needs the encoding.
    always = {"acknowledgement_mode": endpoint.acknowledgement.mode, "encoding": endpoint.encoding}
    return _canonical({**settings, **always})


def retarget(
    lane: Lane, current: Target, endpoint: EhrEndpoint, uncertain: Iterable[Delivery], *, at: datetime
) -> Retargeted:
    """Bring a lane to its endpoint's settings (promise 9); `uncertain` are its deliveries in that state.

    Queued deliveries move by themselves, the attempt in flight is looked at when it settles.
    """
    lane = replace(lane, on_retarget=endpoint.on_retarget, paused=endpoint.status == "paused")
    wire, text = wire_of(endpoint), text_of(endpoint)
    if (wire, text) == (current.wire, current.text):
        return Retargeted(lane=lane, target=None, deliveries=())
    target = Target(lane=lane.id, number=TargetNumber(current.number + 1), wire=wire, text=text)
    lane = replace(lane, target=target.number)
    aside = tuple(set_aside_for_target(one, at=at) for one in uncertain if follows_retarget(one, lane))
    return Retargeted(lane=lane, target=target, deliveries=aside)


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
