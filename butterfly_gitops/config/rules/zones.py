"""Time zones are those of the IANA database."""

import functools
import re
import zoneinfo
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from butterfly_gitops.config.nearest import Guesses, nearest
from butterfly_gitops.config.reading import EndpointReading, FleetReading
from butterfly_gitops.config.rules.documentation import Rule
from butterfly_gitops.config.tree import Scalar, mapping_at, problem_at, text_at
from butterfly_gitops.config.zone_names import ZONES_MEANT, meant_zone
from butterfly_gitops.model.problem import Origin, Problem, Severity

RULES = (
    Rule(
        id="unknown-zone",
        says="A time zone is a name of the IANA database, such as America/New_York. Abbreviations are refused: EST "
        "has no daylight saving, and CST is a zone on three continents. So are an offset such as UTC-5, which has no "
        "daylight saving either, and what Windows calls a zone.",
        wrong="time_zone: EST",
        right="time_zone: America/New_York",
    ),
    Rule(
        id="zone-differs",
        says="Times in a message are local times of the EHR's zone. An EHR that keeps another time than its site is "
        "usual for a group's data center, and a mistake where a preset or a copied endpoint brought the zone: then "
        "every study seems hours off. Two names of one zone are no difference, and nothing is said where each "
        "time carries its offset (message.times: local_with_offset).",
        wrong="time_zone: America/Chicago   (the site: America/New_York)",
        right="time_zone: America/New_York",
        severity=Severity.NOTE,
    ),
)

_DAY = timedelta(days=1)
# Names that IANA keeps for old files and that have no daylight saving, or that say nothing of a place.
_MISLEADING = frozenset({"EST", "MST", "HST", "Factory", "localtime"})
_COUNTRIES = ("Australia/", "Brazil/", "Canada/", "Chile/", "Mexico/", "Pacific/Samoa", "US/")
_OFFSET = re.compile(r"(UTC|GMT)? ?[+-][0-9]{1,2}(:?[0-9]{2})?", re.IGNORECASE)


def check_zones(reading: FleetReading) -> Iterator[Problem]:
    """All rules of this module, in each layer."""
    presets, guesses = reading.presets, Guesses()
    for name in presets.entries if presets else ():
        yield from _check(text_at(presets, name, "time_zone"), guesses)
    for site in reading.sites:
        yield from _check(text_at(site.site_tree, "time_zone"), guesses)
        defaults = mapping_at(site.site_tree, "endpoint_defaults")
        yield from _check(text_at(defaults, "time_zone"), guesses)
        for endpoint in site.endpoints.values():
            yield from _check(text_at(endpoint.own, "time_zone"), guesses)
    yield from _differs(reading)


@functools.cache
def _known() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones()) - _MISLEADING


@functools.cache
def _zones_of_places() -> tuple[str, ...]:
    """The zones that say a place: another abbreviation would be no hint."""
    return tuple(
        sorted(name for name in _known() if "/" in name and not name.startswith(("Etc/", "SystemV/")))
    )


@functools.cache
def _places() -> Mapping[str, str]:
    """By the city in small letters, the zones that say one; a part of a country may be called like that of another."""
    zones = [zone for zone in _zones_of_places() if not zone.startswith(_COUNTRIES)]
    return {zone.rpartition("/")[2].lower(): zone for zone in reversed(zones)}


def _check(zone: Scalar | None, guesses: Guesses) -> Iterator[Problem]:
    # To list the whole database takes as long as to check a few sites, and most zones are of a capital.
    if zone is None or zone.is_null or zone.text in ZONES_MEANT or zone.text in _known():
        return
    yield problem_at(
        zone.place,
        rule="unknown-zone",
        message=f'there is no time zone "{zone.text[:60]}"',
        hint=_hint(zone, guesses),
    )


def _hint(zone: Scalar, guesses: Guesses) -> str:
    """Only what is sure, or a name in letters like it: a wrong zone would pass, and every study seem hours off."""
    by_place = "write a name of the IANA database, such as America/New_York"
    text = zone.text.strip().replace(" ", "_")
    meant = meant_zone(zone.text) or _places().get(text.lower())
    if meant is None and _OFFSET.fullmatch(zone.text.strip()):
        return f"{by_place}: an offset has no daylight saving"
    if meant is None and "/" in text and guesses.are_left_at(zone.place):
        meant = nearest(text, _zones_of_places())
    return f'write "{meant}"' if meant else by_place


def _differs(reading: FleetReading) -> Iterator[Problem]:
    """Said once where the zone is written, with the first site that keeps another time; it may be right for others."""
    found: dict[Origin, tuple[EndpointReading, Scalar, dict[str, Scalar]]] = {}
    for site, endpoint in reading.endpoints:
        here, there = text_at(endpoint.merged.tree, "time_zone"), text_at(site.site_tree, "time_zone")
        if here is None or there is None or here.text == there.text:
            continue
        times = text_at(endpoint.merged.tree, "message", "times")
        if not (times and times.text == "local_with_offset") and _are_apart(here.text, there.text):
            _, _, sites = found.setdefault(here.place.origin, (endpoint, here, {}))
            sites.setdefault(site.name, there)
    for endpoint, here, sites in found.values():
        yield _apart(endpoint, here, sites)


def _are_apart(one: str, other: str) -> bool:
    return {one, other} <= _known() and _clock(one) != _clock(other)


def _apart(endpoint: EndpointReading, here: Scalar, sites: Mapping[str, Scalar]) -> Problem:
    layer, (site, there) = endpoint.layer("time_zone"), next(iter(sites.items()))
    if layer.startswith("preset "):
        more = len(sites) - 1
        others = f", and {more} more site{'s' if more > 1 else ''} another" if more else ""
        message = f"{layer} keeps the time of {here.text}, but {site} that of {there.text}{others}"
        hint = "leave it if the EHRs do; otherwise take the line out, or write time_zone at the endpoints"
    else:
        message = f"{layer or endpoint.name} keeps the time of {here.text}, and its site that of {there.text}"
        hint = "leave it if the EHR does; otherwise take the line out"
    whose = f"the time zone of {site}" if layer.startswith("preset ") else "the site's time zone"
    return problem_at(
        here.place,
        rule="zone-differs",
        message=message,
        hint=hint,
        related=((whose, there.place.origin),),
        severity=Severity.NOTE,
    )


@functools.cache
def _clock(zone: str) -> tuple[tuple[datetime, timedelta | None], ...]:
    """When a zone's offset changes in a year, and to what: equal for two names of one zone.

    The year is one for which the database has rules and no exceptions, so that the answer does not depend on the day.
    """
    info = zoneinfo.ZoneInfo(zone)
    start = datetime(2037, 1, 1, tzinfo=UTC)
    changes: list[tuple[datetime, timedelta | None]] = []
    for day in range(365):
        midnight = start + timedelta(days=day)
        if day and _offset(midnight + _DAY, info) == changes[-1][1]:
            continue
        for quarter in range(96):
            at = midnight + timedelta(minutes=15 * quarter)
            if not changes or _offset(at, info) != changes[-1][1]:
                changes.append((at, _offset(at, info)))
    return tuple(changes)


def _offset(at: datetime, zone: zoneinfo.ZoneInfo) -> timedelta | None:
    return at.astimezone(zone).utcoffset()
