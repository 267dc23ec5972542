"""The guard, which holds changes for a person: those that stop, move or rename the results of too many endpoints at once.

All that is wanted and not applied counts together, over the whole fleet, held or not, approved or not: else what was
split over several commits would pass bit by bit. A site that leaves whole, and settings of the fleet that give more
rights, let more be sent, stop all results or raise the limit itself, wait whatever the limit; `without_gains` is what
of such settings takes effect at once.
"""

from collections.abc import Iterable, Iterator, Mapping

from pydantic import JsonValue

from butterfly_gitops.model.address import FLEET_SETTINGS, Address
from butterfly_gitops.model.fleet import AccessRole, Entitlements, FleetSettings, Guard
from butterfly_gitops.model.frozen import Frozen
from butterfly_gitops.model.site import Removal, Site
from butterfly_gitops.plan.change import AddressText, Change, id_of_all
from butterfly_gitops.plan.consequence import Consequence, class_of, is_public_endpoint
from butterfly_gitops.plan.departure import has_left
from butterfly_gitops.plan.sides import Comparison, PlannedHold
from butterfly_gitops.plan.wording import agreed, all_of, many

COUNTED = frozenset({Consequence.RESULTS_STOP, Consequence.GO_ELSEWHERE, Consequence.IDENTITY_CHANGES})
ALWAYS = "that always waits for approval"

_EVERYWHERE = "*"
# Each level has what those before it have.
_LEVELS = ("none", "read", "read_write", "send")
_LIMIT = "guard.max_endpoints"


class Guarded(Frozen):
    """The verdict of the guard on a plan."""

    limit: int
    """The most endpoints that may change without approval, as applied."""
    counted: tuple[AddressText, ...]
    """The endpoints that count: all whose change is wanted and not applied."""
    holds: tuple[PlannedHold, ...]
    """The sites that wait."""
    released: tuple[str, ...] = ()
    """The ids of those holds that a person has released, and that are not applied yet."""


def guard(changes: Iterable[Change], comparison: Comparison, kept: Iterable[str]) -> Guarded:
    """Count what changes badly, and hold the sites concerned where that is more than the applied limit.

    Of the sites in `kept` nothing is known but their standing holds: these stand, and count as they did.
    """
    observed = comparison.observed
    changes = tuple(changes)
    # A plan that raises the limit is still measured by the one that is applied.
    measure = comparison.applied.fleet or comparison.desired.fleet
    limit = (measure.settings.guard if measure else Guard()).max_endpoints
    standing, approved = observed.holds, observed.approved
    candidates = (
        *_of_settings(changes, comparison),
        *_of_sites(changes, comparison),
        *(
            _standing(standing[site], comparison.applied.sites.get(site))
            for site in sorted(kept)
            if site in standing
        ),
    )
    counted = frozenset[Address]().union(*(one.endpoints for one in candidates))
    holds = []
    for one in candidates:
        # A hold stands while any of its changes is still wanted, whatever else was added to them.
        stands = one.site in standing and set(standing[one.site].changes) & set(one.changes)
        if one.id not in approved and (one.always or stands or len(counted) > limit):
            why = "" if one.always else f"; {_over_limit(len(counted), limit)}"
            holds.append(one.model_copy(update={"what": f"{one.what}{why}"}))
    return Guarded(
        limit=limit,
        counted=tuple(sorted(counted, key=str)),
        holds=tuple(sorted(holds, key=lambda hold: hold.site)),
        released=tuple(sorted(one.id for one in candidates if one.id in approved)),
    )


def _of_sites(changes: Iterable[Change], comparison: Comparison) -> Iterator[PlannedHold]:
    before, after = comparison.applied.sites, comparison.desired.sites
    by_site: dict[str, list[tuple[Change, set[Address]]]] = {}
    for change in changes:
        site = after.get(change.address.site) if change.is_added else before.get(change.address.site)
        endpoints = endpoints_hit(change, site) if site and class_of(change) in COUNTED else set()
        if endpoints:
            by_site.setdefault(change.address.site, []).append((change, endpoints))
    for name, hits in sorted(by_site.items()):
        removed = after[name].removed if name in after else {}
        says, leaves = _say_site(hits, removed), has_left(before.get(name), after.get(name))
        ids = sorted(change.id for change, _ in hits)
        yield PlannedHold(
            # Whoever approves a removal approves what becomes of results that wait too.
            id=id_of_all([*ids, *(f"{entity} {removal.waiting}" for entity, removal in removed.items())]),
            site=name,
            changes=tuple(ids),
            endpoints=_sorted(set[Address]().union(*(endpoints for _, endpoints in hits))),
            what=f"the whole site leaves: {says}; {ALWAYS}" if leaves else says,
            always=leaves,
        )


def _of_settings(changes: Iterable[Change], comparison: Comparison) -> Iterator[PlannedHold]:
    counted = [change for change in changes if _gains(change) or _stops_everything(change)]
    if comparison.applied.fleet is None or not counted:
        return
    everywhere = {
        Address(site=name, name=endpoint)
        for name, site in comparison.applied.sites.items()
        for endpoint in site.ehr_endpoints
    }
    ids = sorted(change.id for change in counted)
    yield PlannedHold(
        id=id_of_all(ids),
        site=FLEET_SETTINGS,
        changes=tuple(ids),
        endpoints=_sorted(everywhere) if any(map(_stops_everything, counted)) else (),
        what=f"{_say_grants(counted)}; {ALWAYS}",
        always=True,
    )


def _standing(hold: PlannedHold, site: Site | None) -> PlannedHold:
    # One from before holds named their endpoints may count for any of its site.
    every = {Address(site=hold.site, name=name) for name in (site.ehr_endpoints if site else ())}
    return hold.model_copy(
        update={
            "endpoints": hold.endpoints or _sorted(every),
            "what": "it is held, and what its files want now is not known; its changes count as they did",
            "always": True,
        }
    )


def _sorted(endpoints: Iterable[Address]) -> tuple[Address, ...]:
    return tuple(sorted(endpoints, key=str))


def endpoints_hit(change: Change, site: Site) -> set[Address]:
    """The endpoints of a site whose results a change touches."""
    return {Address(site=site.name, name=endpoint) for endpoint in _names_hit(change, site)}


def _names_hit(change: Change, site: Site) -> Iterable[str]:
    name = change.owner.name or ""
    match change.kind:
        case "ehr_endpoint":
            return (name,)
        case "forwarding_rule":
            return (change.receiver,)
        case "archive":
            return site.archives[name].forward_to if name in site.archives else ()
        case "link":
            return [endpoint for endpoint, value in site.ehr_endpoints.items() if value.link == name]
        case "site":
            return site.ehr_endpoints
        case "fleet" | "grants" | "access_role":
            return ()


def _stops_everything(change: Change) -> bool:
    """Whether the subscription that sending needs is lost."""
    return change.kind == "grants" and class_of(change) is Consequence.RESULTS_STOP


def _gains(change: Change) -> bool:
    """Whether more may be done than before: by people, by the fleet's entitlements, or without an approval."""
    match change.kind:
        case "access_role":
            return _gives_rights(change)
        case "fleet":
            return change.setting == _LIMIT and _limit(change.new) > _limit(change.old)
        case "grants":
            return not change.is_whole and (change.new is True or change.new == "enterprise")
        case _:
            return False


def _limit(value: JsonValue) -> int:
    return value if isinstance(value, int) else Guard().max_endpoints


def without_gains(applied: FleetSettings, wanted: FleetSettings) -> FleetSettings:
    """Return what of held settings takes effect at once: all that takes a right or an entitlement, or lowers the limit.

    Whoever must lose a right loses it, whatever else the same files give.
    """
    return FleetSettings(
        name=wanted.name,
        guard=Guard(max_endpoints=min(applied.guard.max_endpoints, wanted.guard.max_endpoints)),
        subscription=applied.subscription,
        entitlements=Entitlements(
            preliminary_results=applied.entitlements.preliminary_results
            and wanted.entitlements.preliminary_results
        ),
        access_roles={
            name: _narrowed(applied.access_roles[name], role)
            for name, role in wanted.access_roles.items()
            if name in applied.access_roles
        },
    )


def _narrowed(old: AccessRole, new: AccessRole) -> AccessRole:
    sites = old.sites if _EVERYWHERE in new.sites else new.sites
    lower = {
        name: min(getattr(old, name), getattr(new, name), key=_LEVELS.index)
        for name in ("connectivity_management", "results", "message_content")
    }
    return AccessRole(
        **lower,
        members=tuple(one for one in new.members if one in old.members),
        sites=tuple(one for one in sites if _EVERYWHERE in old.sites or one in old.sites),
    )


def _gives_rights(change: Change) -> bool:
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


def _names(value: JsonValue) -> set[str]:
    return set(map(str, value)) if isinstance(value, list) else set()


def _say_site(hits: Iterable[tuple[Change, set[Address]]], removed: Mapping[str, Removal]) -> str:
    touched: dict[Consequence, set[Address]] = {}
    new: set[Address] = set()
    for change, endpoints in hits:
        (new if is_public_endpoint(change) else touched.setdefault(class_of(change), set())).update(endpoints)
    stopped = touched.get(Consequence.RESULTS_STOP, set())
    names = {place.name for place in stopped}
    aside = sorted(name for name in removed if name in names and removed[name].waiting == "set_aside")
    parts = []
    if stopped:
        parts.append(f"results of {_count(stopped)} stop")
    if aside:
        parts.append(f"those that wait at {all_of(aside)} are set aside")
    if moved := touched.get(Consequence.GO_ELSEWHERE):
        parts.append(f"results of {_count(moved)} go elsewhere")
    if new:
        are = agreed(len(new), "is new and has a public host", "are new and have public hosts")
        parts.append(f"{_count(new)} {are}")
    if renamed := touched.get(Consequence.IDENTITY_CHANGES):
        parts.append(f"messages of {_count(renamed)} change identity")
    return all_of(parts)


def _say_grants(changes: Iterable[Change]) -> str:
    changes = tuple(changes)
    is_end = any(map(_stops_everything, changes))
    parts = ["all results stop, for the subscription is lost"] if is_end else []
    owners = {change.owner.field or "" for change in changes if change.kind == "access_role"}
    if roles := sorted(owner.removeprefix("access_roles.") for owner in owners):
        gives = agreed(len(roles), "gives", "give")
        parts.append(f"{agreed(len(roles), 'role', 'roles')} {all_of(roles)} {gives} more rights")
    for change in changes:
        if change.kind == "fleet":
            parts.append(
                f"the guard's limit goes up from {_limit(change.old)} to {_limit(change.new)} endpoints"
            )
        elif change.setting == "subscription" and not is_end:
            parts.append("results are sent, for the subscription is there")
        elif change.setting == "entitlements.preliminary_results":
            parts.append("preliminary results may be sent")
    return all_of(parts)


def _over_limit(counted: int, limit: int) -> str:
    if counted > limit:
        return f"{many(counted, 'endpoint changes', 'endpoints change')} in the whole fleet, and the limit is {limit}"
    return "that was over the limit when it was held, and waits until it is approved or leaves the source"


def _count(endpoints: set[Address]) -> str:
    return many(len(endpoints), "endpoint", "endpoints")
