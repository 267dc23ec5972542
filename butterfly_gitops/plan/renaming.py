"""Endpoints that go on under another name: what is applied, and what was seen of it, told in the new names."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from butterfly_gitops.model.address import Address
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.host import same_host
from butterfly_gitops.model.site import Site
from butterfly_gitops.plan.change import RENAMED_FROM, Change, change_of
from butterfly_gitops.plan.sides import Comparison, Observed

NewNames = dict[str, str]
"""The old name of each endpoint that has a new one."""

_Seen = TypeVar("_Seen")


def new_names(applied: Site | None, desired: Site | None) -> NewNames:
    """The renames that take effect: the old name is applied and no longer wanted, the new one is wanted and free."""
    if applied is None or desired is None:
        return {}
    taken = {*applied.links, *applied.ehr_endpoints, *applied.archives}
    found: NewNames = {}
    for new, old in sorted(desired.renamed.items()):
        leaves = old in applied.ehr_endpoints and old not in desired.ehr_endpoints
        if leaves and new in desired.ehr_endpoints and new not in taken and old not in found.values():
            found[new] = old
    return found


def renamed_site(site: Site, names: NewNames) -> Site:
    """The applied site as if its endpoints had their new names already."""
    if not names:
        return site
    new_of = {old: new for new, old in names.items()}
    endpoints = {new_of.get(name, name): endpoint for name, endpoint in site.ehr_endpoints.items()}
    archives = {}
    for name, archive in site.archives.items():
        forward_to = tuple(new_of.get(endpoint, endpoint) for endpoint in archive.forward_to)
        archives[name] = archive.model_copy(update={"forward_to": forward_to})
    return site.model_copy(update={"ehr_endpoints": endpoints, "archives": archives})


def rename_changes(site: str, names: NewNames) -> Iterator[Change]:
    """One change for each rename, at the new name."""
    for new, old in names.items():
        address = Address(site=site, name=new, field=RENAMED_FROM)
        yield change_of(kind="ehr_endpoint", address=address, old=None, new=old)


def no_rename(added: Address, comparison: Comparison) -> str:
    """Why an endpoint that is added inherits nothing although `renamed_from` stands there; empty where it does not.

    The applied side is told in the new names, so that an endpoint whose rename takes effect is not added.
    """
    desired, applied = comparison.desired.site(added), comparison.applied.site(added)
    old = desired.renamed.get(added.name or "") if desired else None
    if old is None:
        return ""
    if applied and old in applied.ehr_endpoints:
        return f"renamed_from has no effect, since {added.name} was something else until now"
    return f"renamed_from names no endpoint that was there ({old})"


def likely_heir(removed: Address, comparison: Comparison) -> str:
    """The new endpoint that reaches the very receiver of one that leaves, and may be it under another name; or empty."""
    desired, applied = comparison.desired.site(removed), comparison.applied.site(removed)
    old = applied.ehr_endpoints.get(removed.name or "") if applied else None
    if desired is None or applied is None or old is None:
        return ""
    heirs = [
        name
        for name, endpoint in sorted(desired.ehr_endpoints.items())
        if name not in applied.ehr_endpoints
        and name not in desired.renamed
        and _receiver(endpoint) == _receiver(old)
    ]
    return heirs[0] if len(heirs) == 1 else ""


def _receiver(endpoint: EhrEndpoint) -> tuple[object, ...]:
    return (
        endpoint.link,
        same_host(endpoint.host),
        endpoint.port,
        endpoint.receiving_application,
        endpoint.receiving_facility,
    )


def told_in_new_names(comparison: Comparison) -> Comparison:
    """The same comparison with the applied side and what was seen of it under the new names."""
    applied, desired = comparison.applied, comparison.desired
    by_site = {
        name: names
        for name, site in applied.sites.items()
        if (names := new_names(site, desired.sites.get(name)))
    }
    if not by_site:
        return comparison
    return replace(
        comparison,
        applied=applied.with_sites(
            {name: renamed_site(site, by_site.get(name, {})) for name, site in applied.sites.items()}
        ),
        observed=_observed(comparison.observed, by_site),
    )


def _observed(observed: Observed, by_site: Mapping[str, NewNames]) -> Observed:
    new_of = {
        f"{site}/{old}": f"{site}/{new}" for site, names in by_site.items() for new, old in names.items()
    }
    return replace(
        observed,
        lanes=_moved(observed.lanes, {name: new_of.get(name, name) for name in observed.lanes}),
        closed=_moved(observed.closed, {pair: _pair(pair, by_site) for pair in observed.closed}),
    )


def _moved(values: Mapping[str, _Seen], new_of: Mapping[str, str]) -> dict[str, _Seen]:
    """Under the new names; what an earlier entity of the new name left behind gives way."""
    stay = {name: value for name, value in values.items() if new_of[name] == name}
    return stay | {new_of[name]: value for name, value in values.items() if new_of[name] != name}


def _pair(pair: str, by_site: Mapping[str, NewNames]) -> str:
    archive, _, endpoint = pair.partition(".forward_to.")
    names = by_site.get(archive.partition("/")[0], {})
    new = next((new for new, old in names.items() if old == endpoint), endpoint)
    return f"{archive}.forward_to.{new}"
