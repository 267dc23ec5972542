"""The fate of results that wait when their endpoint or rule changes, counted and in words.

A count is None where only files are known; then the sentence speaks of the time of the apply.
"""

from collections.abc import Iterable, Sequence

from butterfly_gitops.model.address import Address
from butterfly_gitops.model.site import Removal
from butterfly_gitops.plan.change import Change
from butterfly_gitops.plan.sides import Comparison, LaneCount
from butterfly_gitops.plan.wording import agreed, all_of, many


def lane_count(endpoints: Iterable[Address], comparison: Comparison) -> LaneCount | None:
    """Add up the lanes of these endpoints; None where only files are known."""
    if comparison.observed.as_of is None:
        return None
    lanes = comparison.observed.lanes
    counts = [lanes.get(str(endpoint), LaneCount()) for endpoint in endpoints]
    return LaneCount(
        waiting=sum(count.waiting for count in counts),
        in_flight=sum(count.in_flight for count in counts),
        maybe_received=sum(count.maybe_received for count in counts),
        set_aside=sum(count.set_aside for count in counts),
    )


def open_count(change: Change, comparison: Comparison) -> int | None:
    """Count the results that wait for what leaves; None when that is not known."""
    match change.kind:
        case "ehr_endpoint":
            return _open((change.address,), comparison)
        case "archive":
            return _open_of_archive(change.address, comparison)
        case "link":
            before, after = comparison.applied.site(change.address), comparison.desired.site(change.address)
            # Endpoints that stay go through another Link by then.
            leaving = [
                Address(site=change.address.site, name=name)
                for name, endpoint in (before.ehr_endpoints.items() if before else ())
                if endpoint.link == change.address.name and not (after and name in after.ehr_endpoints)
            ]
            return _open(leaving, comparison) if leaving else 0
        case "fleet" | "grants" | "access_role" | "site" | "forwarding_rule":
            # They are counted at the endpoints and archives themselves.
            return 0


def _open(endpoints: Iterable[Address], comparison: Comparison) -> int | None:
    count = lane_count(endpoints, comparison)
    return count.open if count else None


def _open_of_archive(archive: Address, comparison: Comparison) -> int | None:
    """Tell whether results of an archive may wait, at whichever endpoint of its site: None, or 0."""
    observed, site = comparison.observed, comparison.applied.site(archive)
    before = site.archives.get(archive.name or "") if site else None
    if before is None or before.purpose == "educational" or not before.forward_to:
        return 0
    waits = any(count.open for name, count in observed.lanes.items() if name.startswith(f"{archive.site}/"))
    return None if waits or observed.as_of is None else 0


def still_sent(count: LaneCount | None, endpoints: Sequence[str]) -> str:
    """State that results accepted before a rule ended are still sent."""
    if count is None:
        return "Those that wait at that time are still sent."
    waiting = count.open
    if waiting == 0:
        return "0 results wait."
    wait, are = agreed(waiting, "waits", "wait"), agreed(waiting, "is", "are")
    return f"{many(waiting, 'result', 'results')} {wait} at {all_of(endpoints)} and {are} still sent."


def leaving(count: LaneCount | None, site: str, removal: Removal | None) -> str:
    """Say how an endpoint leaves: at once when nothing waits, as `removed` says, or not yet."""
    stops = "It leaves the files, and nothing more is sent to it."
    if count is not None and count.open == 0:
        return f"{stops} 0 results wait."
    if removal is None:
        return f"{stops} {_stays(count.open if count else None, site)}"
    match removal.waiting:
        case "drain":
            return f"It leaves the files. {_draining(count)}; then it ends."
        case "set_aside":
            aside = _those_waiting(count.open if count else None, "is set aside", "are set aside")
            return f"{stops} {aside} for a person and can then only be cancelled."


def _draining(count: LaneCount | None) -> str:
    """Say what is still sent, and what a person must act on first, for no drain sends it."""
    aside = count.set_aside if count else 0
    said = []
    if count is None or count.open > aside:
        still = _those_waiting(count.open - aside if count else None, "is still sent", "are still sent")
        said.append(f"{still} to it, with its last settings")
    if aside:
        said.append(f"{many(aside, 'that is set aside waits', 'that are set aside wait')} for a person")
    return "; ".join(said)


def leaving_archive(waiting: int | None, site: str, removal: Removal | None) -> str:
    """Say the same of an archive's results, at whichever endpoint they wait."""
    if waiting == 0:
        return "0 of its results wait."
    if removal is None:
        return _stays(waiting, site)
    fate = "are still sent" if removal.waiting == "drain" else "are set aside for a person"
    return f"Those that wait at that time {fate}."


def _stays(waiting: int | None, site: str) -> str:
    """Say that a site stays where nobody tells what becomes of results that wait."""
    if waiting is None:
        return f"If results wait at that time, {site} stays as it runs."
    return f"{many(waiting, 'result', 'results')} {agreed(waiting, 'waits', 'wait')}, so {site} stays as it runs."


def _those_waiting(waiting: int | None, one: str, more: str) -> str:
    """`The 12 waiting results are still sent`, or the same of a number that is not known."""
    if waiting is None:
        return f"Those that wait at that time {more}"
    return f"The {many(waiting, 'waiting result', 'waiting results')} {agreed(waiting, one, more)}"


def moving(count: LaneCount | None, *, resends: bool) -> str:
    """Say what waiting results do where an endpoint goes elsewhere; `resends` is its policy for what may have been received."""
    if count is None:
        return "Those that wait at that time move too."
    said = f"{_waiting_do(count, 'moves too', 'move too')}{_in_flight(count, 'on the old connection')}."
    if count.maybe_received:
        fate = "sent again there" if resends else "set aside for a person"
        said += f" {count.maybe_received} that may have been received {agreed(count.maybe_received, 'is', 'are')} {fate}."
    return said


def changing(count: LaneCount | None) -> str:
    """Say what waiting results do where messages change identity."""
    if count is None:
        return "Those that wait at that time change too."
    return f"{_waiting_do(count, 'changes too', 'change too')}{_in_flight(count, 'as it is')}."


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
