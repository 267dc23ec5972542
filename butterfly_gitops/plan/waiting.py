"""What becomes of results that wait when their endpoint or rule changes, in words.

A count is None where only files are known; then the sentence speaks of the time of the apply.
"""

from collections.abc import Iterable, Sequence

from butterfly_gitops.model.address import Address
from butterfly_gitops.plan.sides import Comparison, LaneCount
from butterfly_gitops.plan.wording import agreed, all_of, many


def lane_count(endpoints: Iterable[Address], comparison: Comparison) -> LaneCount | None:
    """What the lanes of these endpoints hold together."""
    if comparison.observed is None:
        return None
    lanes = comparison.observed.lanes
    counts = [lanes.get(str(endpoint), LaneCount()) for endpoint in endpoints]
    return LaneCount(
        waiting=sum(count.waiting for count in counts),
        in_flight=sum(count.in_flight for count in counts),
        maybe_received=sum(count.maybe_received for count in counts),
    )


def still_sent(count: LaneCount | None, endpoints: Sequence[str]) -> str:
    """Where a rule ends: what was promised is sent."""
    if count is None:
        return "Those that wait at that time are still sent."
    waiting = count.waiting + count.in_flight
    if waiting == 0:
        return "0 results wait."
    wait, are = agreed(waiting, "waits", "wait"), agreed(waiting, "is", "are")
    return f"{many(waiting, 'result', 'results')} {wait} at {all_of(endpoints)} and {are} still sent."


def leaving(count: LaneCount | None, site: str) -> str:
    """Where an endpoint leaves: it cannot while results wait."""
    if count is None:
        return f"If results wait at that time, {site} stays as it runs."
    waiting = count.waiting + count.in_flight
    if waiting == 0:
        return "0 results wait."
    return f"{many(waiting, 'result', 'results')} {agreed(waiting, 'waits', 'wait')}, so {site} stays as it runs."


def moving(count: LaneCount | None, *, resends: bool) -> str:
    """Where an endpoint goes elsewhere; `resends` is its policy for what may have been received."""
    if count is None:
        return "Those that wait at that time move too."
    said = f"{_waiting_do(count, 'moves too', 'move too')}{_in_flight(count, 'on the old connection')}."
    if count.maybe_received:
        fate = "sent again there" if resends else "set aside for a person"
        said += f" {count.maybe_received} that may have been received {agreed(count.maybe_received, 'is', 'are')} {fate}."
    return said


def changing(count: LaneCount | None) -> str:
    """Where messages change identity."""
    if count is None:
        return "Those that wait at that time change too."
    return f"{_waiting_do(count, 'changes too', 'change too')}{_in_flight(count, 'as it is')}."


def kept(count: LaneCount | None) -> str:
    """Where an endpoint pauses."""
    return f" {count.waiting} {agreed(count.waiting, 'waits', 'wait')} now." if count else ""


def first_sent(count: LaneCount | None) -> str:
    """Where a pause ends."""
    return "those that wait at that time first" if count is None else f"{count.waiting} that wait first"


def _waiting_do(count: LaneCount, one: str, more: str) -> str:
    if count.waiting == 0:
        return "0 results wait"
    results = agreed(count.waiting, "result", "results")
    return f"{count.waiting} waiting {results} {agreed(count.waiting, one, more)}"


def _in_flight(count: LaneCount, how: str) -> str:
    match count.in_flight:
        case 0:
            return ""
        case 1:
            return f"; the one in flight ends {how}"
        case several:
            return f"; the {several} in flight end {how}"
