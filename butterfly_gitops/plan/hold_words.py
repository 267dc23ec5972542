"""What a hold holds, and why, in words for a plan, a status and the comment of a pull request."""

from collections.abc import Iterable, Mapping

from butterfly_gitops.model.address import Address
from butterfly_gitops.model.site import Removal
from butterfly_gitops.plan.change import Change
from butterfly_gitops.plan.consequence import Consequence, class_of, is_public_endpoint
from butterfly_gitops.plan.rights import gives_rights, role_of, stops_everything
from butterfly_gitops.plan.wording import agreed, all_of, many

ALWAYS = "that always waits for approval"
EVERYTHING_STOPS = "all results stop, for the subscription is lost"


def say_site(
    hits: Iterable[tuple[Change, set[Address]]], removed: Mapping[str, Removal], *, leaves: bool
) -> str:
    """What the counted changes of a site do, each with the endpoints that it touches."""
    touched: dict[Consequence, set[Address]] = {}
    new: set[Address] = set()
    for change, endpoints in hits:
        (new if is_public_endpoint(change) else touched.setdefault(class_of(change), set())).update(endpoints)
    stopped = touched.get(Consequence.RESULTS_STOP, set())
    names = {place.name for place in stopped}
    aside = sorted(
        name for name, removal in removed.items() if name in names and removal.waiting == "set_aside"
    )
    parts = []
    if stopped:
        parts.append(f"results of {_count(stopped)} stop")
    if aside:
        parts.append(f"those that wait at {all_of(aside)} are set aside")
    if moved := touched.get(Consequence.GO_ELSEWHERE):
        parts.append(f"results of {_count(moved)} go elsewhere")
    if new:
        parts.append(
            f"{_count(new)} {agreed(len(new), 'is new and has a public host', 'are new and have public hosts')}"
        )
    if renamed := touched.get(Consequence.IDENTITY_CHANGES):
        parts.append(f"messages of {_count(renamed)} change identity")
    return f"{'the whole site leaves: ' if leaves else ''}{all_of(parts)}"


def say_grants(changes: Iterable[Change]) -> str:
    """What grants do that always wait."""
    changes = tuple(changes)
    parts = [EVERYTHING_STOPS] if any(map(stops_everything, changes)) else []
    if roles := sorted({role_of(change) for change in changes if gives_rights(change)}):
        parts.append(
            f"{agreed(len(roles), 'role', 'roles')} {all_of(roles)} {agreed(len(roles), 'gives', 'give')} more rights"
        )
    return all_of(parts)


def over_limit(counted: int, limit: int) -> str:
    """Why that waits, where `counted` endpoints of the fleet change and `limit` may."""
    if counted > limit:
        return f"{many(counted, 'endpoint changes', 'endpoints change')} in the whole fleet, and the limit is {limit}"
    return "that was over the limit when it was held, and waits until it is approved or leaves the source"


def _count(endpoints: set[Address]) -> str:
    return many(len(endpoints), "endpoint", "endpoints")
