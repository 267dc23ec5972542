"""Which changes wait for a person: those that stop, move or rename the results of too many endpoints at once.

All that is wanted and not applied counts together, over the whole fleet, held or not, approved or not: else what was
split over several commits would pass bit by bit. A site that leaves whole, and grants that give more rights or stop all
results, wait whatever the limit; all other grants take effect at once.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from butterfly_gitops.model.address import FLEET_SETTINGS, Address, parse_address
from butterfly_gitops.model.fleet import Guard
from butterfly_gitops.model.frozen import Frozen
from butterfly_gitops.model.site import Removal, Site
from butterfly_gitops.plan.change import AddressText, Change, id_of_all
from butterfly_gitops.plan.consequence import Consequence, class_of, is_public_endpoint
from butterfly_gitops.plan.departure import has_left
from butterfly_gitops.plan.sides import Comparison, StandingHold
from butterfly_gitops.plan.wording import agreed, all_of, many

_EVERYWHERE = "*"
# Each level has what those before it have.
_LEVELS = ("none", "read", "read_write", "send")


def waits_for_approval(change: Change) -> bool:
    """Whether a change of the grants always waits for a person."""
    return gives_rights(change) or stops_everything(change)


def stops_everything(change: Change) -> bool:
    """Whether the subscription that sending needs is lost."""
    return change.kind == "grants" and class_of(change) is Consequence.RESULTS_STOP


def gives_rights(change: Change) -> bool:
    """Whether somebody may do more than before: a new role, a member, a site, or a higher level."""
    if change.kind != "access_role" or change.is_removed:
        return False
    if change.is_added:
        return True
    match change.setting:
        case "members":
            return bool(_names(change.new) - _names(change.old))
        case "sites":
            old = _names(change.old)
            return _EVERYWHERE not in old and bool(_names(change.new) - old)
        case _:
            return _LEVELS.index(str(change.new)) > _LEVELS.index(str(change.old))


def role_of(change: Change) -> str:
    """The name of the role that a change is about."""
    return (change.owner.field or "").removeprefix("access_roles.")


def _names(value: JsonValue) -> set[str]:
    return set(map(str, value)) if isinstance(value, list) else set()


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


COUNTED = frozenset({Consequence.RESULTS_STOP, Consequence.GO_ELSEWHERE, Consequence.IDENTITY_CHANGES})


class Hold(Frozen):
    """The changes of one site, or of the fleet's settings, that wait for approval."""

    id: str
    """Over the ids of the counted changes: the same in a pull request, a plan and a status."""
    site: str
    """The site that stays as it runs; `fleet` for what holds for the whole fleet."""
    changes: tuple[str, ...]
    """The ids of the changes that count."""
    endpoints: tuple[AddressText, ...]
    """The endpoints whose results stop, go elsewhere or change identity."""
    what: str
    """What happens to them, and why that waits, for a person."""
    always: bool = False
    """Whether it waits whatever the limit."""


class Guarded(Frozen):
    """What the guard makes of a plan."""

    limit: int
    """The most endpoints that may change without approval, as applied."""
    counted: tuple[AddressText, ...]
    """The endpoints that count: all whose change is wanted and not applied."""
    holds: tuple[Hold, ...]
    """The sites that wait."""
    released: tuple[str, ...] = ()
    """The ids of those holds that a person has released, and that are not applied yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """The counted changes of one site; `why` they wait whatever the limit, if they do."""

    id: str
    site: str
    changes: frozenset[str]
    endpoints: frozenset[Address]
    says: str
    why: str = ""


def guard(changes: Iterable[Change], comparison: Comparison, kept: Iterable[str]) -> Guarded:
    """Count what changes badly, and hold the sites concerned where that is more than the applied limit.

    Of the sites in `kept` nothing is known but their standing holds: these stand, and count as they did.
    """
    applied, desired, observed = comparison.applied.fleet, comparison.desired.fleet, comparison.observed
    changes = tuple(changes)
    # A plan that raises the limit is still measured by the one that is applied.
    measure = applied or desired
    limit = (measure.settings.guard if measure else Guard()).max_endpoints
    standing = observed.holds if observed else {}
    candidates = (
        *_of_settings(changes, comparison),
        *_of_sites(changes, comparison),
        *(_standing(site, standing[site]) for site in sorted(kept) if site in standing),
    )
    counted = frozenset[Address]().union(*(one.endpoints for one in candidates))
    approved = observed.approved if observed else frozenset()
    holds = []
    for one in candidates:
        # A hold stands while any of its changes is still wanted, whatever else was added to them.
        stands = one.site in standing and not one.changes.isdisjoint(standing[one.site].changes)
        if one.id not in approved and (one.why or stands or len(counted) > limit):
            holds.append(_hold(one, one.why or over_limit(len(counted), limit)))
    return Guarded(
        limit=limit,
        counted=tuple(sorted(counted, key=str)),
        holds=tuple(sorted(holds, key=lambda hold: hold.site)),
        released=tuple(sorted(one.id for one in candidates if one.id in approved)),
    )


def _hold(of: _Candidate, why: str) -> Hold:
    return Hold(
        id=of.id,
        site=of.site,
        changes=tuple(sorted(of.changes)),
        endpoints=tuple(sorted(of.endpoints, key=str)),
        what=f"{of.says}; {why}",
        always=bool(of.why),
    )


def _of_sites(changes: Iterable[Change], comparison: Comparison) -> Iterator[_Candidate]:
    applied, desired = comparison.applied.fleet, comparison.desired.fleet
    before: Mapping[str, Site] = applied.sites if applied else {}
    after: Mapping[str, Site] = desired.sites if desired else {}
    by_site: dict[str, list[tuple[Change, set[Address]]]] = {}
    for change in changes:
        site = after.get(change.address.site) if change.is_added else before.get(change.address.site)
        endpoints = endpoints_hit(change, site) if site and class_of(change) in COUNTED else set()
        if endpoints:
            by_site.setdefault(change.address.site, []).append((change, endpoints))
    for name, hits in sorted(by_site.items()):
        removed = after[name].removed if name in after else {}
        words = [f"{thing} {removal.waiting}" for thing, removal in removed.items()]
        leaves = has_left(before.get(name), after.get(name))
        yield _Candidate(
            # Whoever approves a removal approves what becomes of results that wait too.
            id=id_of_all([*(change.id for change, _ in hits), *words]),
            site=name,
            changes=frozenset(change.id for change, _ in hits),
            endpoints=frozenset[Address]().union(*(endpoints for _, endpoints in hits)),
            says=say_site(hits, removed, leaves=leaves),
            why=ALWAYS if leaves else "",
        )


def _of_settings(changes: Iterable[Change], comparison: Comparison) -> Iterator[_Candidate]:
    if (applied := comparison.applied.fleet) is None:
        return
    counted = [change for change in changes if waits_for_approval(change)]
    if counted:
        stops = any(map(stops_everything, counted))
        everywhere = {
            Address(site=name, name=endpoint)
            for name, site in applied.sites.items()
            for endpoint in site.ehr_endpoints
        }
        yield _Candidate(
            id=id_of_all(change.id for change in counted),
            site=FLEET_SETTINGS,
            changes=frozenset(change.id for change in counted),
            endpoints=frozenset(everywhere if stops else ()),
            says=say_grants(counted),
            why=ALWAYS,
        )


def _standing(site: str, hold: StandingHold) -> _Candidate:
    return _Candidate(
        id=hold.id,
        site=site,
        changes=hold.changes,
        endpoints=frozenset(map(parse_address, hold.endpoints)),
        says="it is held, and what its files want now is not known",
        why="its changes count as they did",
    )


def endpoints_hit(change: Change, site: Site) -> set[Address]:
    """The endpoints of a site whose results a change touches."""
    return {Address(site=site.name, name=endpoint) for endpoint in _names_hit(change, site)}


def _names_hit(change: Change, site: Site) -> Iterable[str]:
    name = change.owner.name or ""
    match change.kind:
        case "ehr_endpoint":
            return (name,)
        case "forwarding_rule":
            return ((change.address.field or "").removeprefix("forward_to."),)
        case "archive":
            return site.archives[name].forward_to if name in site.archives else ()
        case "link":
            return [endpoint for endpoint, value in site.ehr_endpoints.items() if value.link == name]
        case "site":
            return site.ehr_endpoints
        case "fleet" | "grants" | "access_role":
            return ()
