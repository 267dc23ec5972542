"""A status with the worst first, and as much of it as was asked for."""

from collections.abc import Mapping
from typing import Any

from butterfly_gitops.model.delivery import State
from butterfly_gitops.store.interface import NotFound

_RANKS = {"Stalled": 0, "Drifted": 1, "Reconciling": 2}
_WELL = 3


def worst_first(status: Mapping[str, Any], *, site: str, only_trouble: bool) -> dict[str, Any]:
    """Order sites and endpoints by trouble, and by name; leave out other sites, and what is well. Raises NotFound."""
    sites, endpoints = status["sites"], status["endpoints"]
    holds, withheld = status["holds"], status["withheld"]
    if site:
        sites = [one for one in sites if one["site"] == site]
        endpoints = [one for one in endpoints if _site_of(one) == site]
        holds = [one for one in holds if one["site"] == site]
        withheld = [one for one in withheld if _site_of(one) == site]
        if not (sites or endpoints):
            raise NotFound(f"there is no site {site}")
    if only_trouble:
        sites = [one for one in sites if _rank(one["conditions"]) < _WELL]
        endpoints = [one for one in endpoints if _rank_of_endpoint(one) < _WELL]
    return {
        **status,
        "sites": sorted(sites, key=lambda one: (_rank(one["conditions"]), one["site"])),
        "endpoints": sorted(endpoints, key=lambda one: (_rank_of_endpoint(one), one["endpoint"])),
        "holds": holds,
        "withheld": withheld,
    }


def _site_of(shown: Mapping[str, Any]) -> str:
    site: str = shown["endpoint"].partition("/")[0]
    return site


def _rank(conditions: list[dict[str, Any]]) -> int:
    return min((_RANKS.get(one["kind"], _WELL) for one in conditions), default=_WELL)


def _rank_of_endpoint(endpoint: Mapping[str, Any]) -> int:
    if endpoint["stopped"]:
        # It says so where nothing dispatches, too.
        return _RANKS["Stalled"]
    # What is set aside waits for a person, however well its lane does.
    aside = _RANKS["Reconciling"] if endpoint["counts"].get(State.SET_ASIDE.value) else _WELL
    return min(_rank(endpoint["conditions"]), aside)
