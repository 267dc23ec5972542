"""Which changes wait for a person: those that stop, move or rename the results of too many endpoints at once."""

from collections.abc import Iterable, Mapping

from butterfly_gitops.model.address import Address
from butterfly_gitops.model.fleet import Guard
from butterfly_gitops.model.frozen import Frozen
from butterfly_gitops.model.site import Site
from butterfly_gitops.plan.change import AddressText, Change, id_of_all
from butterfly_gitops.plan.consequence import Consequence, class_of
from butterfly_gitops.plan.sides import Comparison

COUNTED = frozenset({Consequence.RESULTS_STOP, Consequence.GO_ELSEWHERE, Consequence.IDENTITY_CHANGES})


class Hold(Frozen):
    """One site's changes that wait for approval."""

    id: str
    """Over the ids of the counted changes: the same in a pull request, a plan and a status."""
    site: str
    """The site that stays as it runs."""
    changes: tuple[str, ...]
    """The ids of the changes that count."""
    endpoints: tuple[AddressText, ...]
    """The endpoints whose results stop, go elsewhere or change identity."""


class Guarded(Frozen):
    """What the guard makes of a plan."""

    limit: int
    """The most endpoints that may change in one pass, as applied."""
    counted: tuple[AddressText, ...]
    """The endpoints that count in this pass."""
    holds: tuple[Hold, ...]
    """The sites that wait."""
    released: tuple[str, ...] = ()
    """The ids of those holds that a person has released, and that are not applied yet."""


def guard(changes: Iterable[Change], comparison: Comparison) -> Guarded:
    """Count what changes badly, and hold the sites concerned where that is more than the applied limit."""
    applied, desired = comparison.applied.fleet, comparison.desired.fleet
    # A plan that raises the limit is still measured by the one that is applied.
    measure = applied or desired
    limit = (measure.settings.guard if measure else Guard()).max_endpoints
    candidates = tuple(
        _candidates(changes, applied.sites if applied else {}, desired.sites if desired else {})
    )
    observed = comparison.observed
    approved = observed.approved if observed else frozenset()
    standing = observed.holds if observed else {}
    open_ones = [hold for hold in candidates if hold.id not in approved]
    # A hold stands while any of its changes is still wanted, whatever else was added to them.
    held = [hold for hold in open_ones if not standing.get(hold.site, frozenset()).isdisjoint(hold.changes)]
    passing = [hold for hold in open_ones if hold not in held]
    counted = sorted({endpoint for hold in passing for endpoint in hold.endpoints}, key=str)
    if len(counted) > limit:
        held += passing
    return Guarded(
        limit=limit,
        counted=tuple(counted),
        holds=tuple(sorted(held, key=lambda hold: hold.site)),
        released=tuple(sorted(hold.id for hold in candidates if hold.id in approved)),
    )


def _candidates(
    changes: Iterable[Change], sites: Mapping[str, Site], desired: Mapping[str, Site]
) -> Iterable[Hold]:
    by_site: dict[str, dict[str, set[Address]]] = {}
    for change in changes:
        site = sites.get(change.address.site)
        endpoints = endpoints_hit(change, site) if site and class_of(change) in COUNTED else set()
        if endpoints:
            by_site.setdefault(change.address.site, {})[change.id] = endpoints
    for name, hits in sorted(by_site.items()):
        yield Hold(
            id=id_of_all([*hits, *_words(desired.get(name))]),
            site=name,
            changes=tuple(sorted(hits)),
            endpoints=tuple(sorted(set().union(*hits.values()), key=str)),
        )


def _words(site: Site | None) -> list[str]:
    """What becomes of results that wait: whoever approves a removal approves that too."""
    removed = site.removed if site else {}
    return [f"{name} {removal.waiting}" for name, removal in removed.items()]


def endpoints_hit(change: Change, site: Site) -> set[Address]:
    """The endpoints of the applied site whose results a change touches."""
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
