"""Time zones are those of the IANA database."""

import functools
import zoneinfo
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from butterfly_gitops.config.reading import EndpointReading, FleetReading
from butterfly_gitops.config.tree import Scalar, problem_at, text_at
from butterfly_gitops.config.typos import typo_of
from butterfly_gitops.model.problem import Origin, Problem, Severity

_DAY = timedelta(days=1)
# Names that IANA keeps for old files and that have no daylight saving, or that say nothing of a place.
_MISLEADING = frozenset({"EST", "MST", "HST", "Factory", "localtime"})
# What people write for a zone, in small letters: an abbreviation, Windows' name, or a large city that is no zone.
MEANT = {
    name: zone
    for zone, names in {
        "America/New_York": "est|edt|et|eastern|eastern standard time|boston|philadelphia|atlanta|miami|ny|nyc",
        "America/Chicago": "cst|cdt|ct|central|central standard time|houston|dallas|austin|minneapolis",
        "America/Denver": "mst|mdt|mt|mountain|mountain standard time|salt_lake_city",
        "America/Phoenix": "us mountain standard time",
        "America/Los_Angeles": "pst|pdt|pt|pacific|pacific standard time|seattle|san_francisco|san_diego",
        "America/Anchorage": "akst|akdt|alaskan standard time",
        "Pacific/Honolulu": "hst|hawaiian standard time",
        "America/Halifax": "atlantic standard time",
        "Europe/London": "gmt standard time",
        "Europe/Berlin": "cest|mez|mesz|w. europe standard time|munich|hamburg|frankfurt|cologne",
        "Europe/Paris": "romance standard time",
        "Europe/Warsaw": "central european standard time",
        "Europe/Budapest": "central europe standard time",
        "Asia/Kolkata": "india standard time|mumbai|delhi|bangalore",
        "Asia/Tokyo": "jst|tokyo standard time",
        "Australia/Sydney": "aest|aedt|aus eastern standard time",
        "Pacific/Auckland": "nzst|nzdt|new zealand standard time",
        "UTC": "z|utc+0|utc-0|+00:00|utc+00:00",
    }.items()
    for name in names.split("|")
}


def check_zones(reading: FleetReading) -> Iterator[Problem]:
    """Refuse zones that are none, in each layer, and note endpoints that keep another time than their site."""
    for tree in (*reading.layers, *(site.site_tree for site in reading.sites)):
        zone = text_at(tree, "time_zone")
        # To list the whole database takes as long as to check a few sites, and most zones are of a capital.
        if zone is None or zone.is_null or zone.text in _COMMON or zone.text in _known():
            continue
        message = f'there is no time zone "{zone.text[:60]}"'
        yield problem_at(zone.place, "unknown-zone", message, zone_hint(zone.text))
    yield from _differs(reading)


_COMMON = frozenset(MEANT.values())


@functools.cache
def _known() -> frozenset[str]:
    return frozenset(
        name
        for name in zoneinfo.available_timezones() - _MISLEADING
        # An offset has no daylight saving, and the sign of these is the other way round.
        if not name.startswith(("Etc/GMT+", "Etc/GMT-", "SystemV/"))
    )


@functools.cache
def _places() -> Mapping[str, str]:
    """The zones that say a place, by the city in small letters; where two have it, there is none."""
    zones = [
        zone for zone in _known() if zone.startswith(("Africa/", "America/", "Asia/", "Atlantic/", "Europe/"))
    ]
    cities = [zone.rpartition("/")[2].lower() for zone in zones]
    return {city: zone for city, zone in zip(cities, zones, strict=True) if cities.count(city) == 1}


def zone_hint(text: str) -> str:
    """Say only what is sure, or a name with one typo: a wrong zone would pass, and every study seem hours off."""
    name = (
        " ".join(text.lower().split())
        .replace(" daylight time", " standard time")
        .replace(" summer ", " standard ")
    )
    city = name.rpartition("/")[2].replace(" ", "_")
    meant = MEANT.get(name) or MEANT.get(city) or _places().get(city)
    if meant is None and "/" in text:
        meant = typo_of(text, sorted(_known()))
    by_place = "write a name of the IANA database, such as America/New_York; an offset has no daylight saving"
    return f'write "{meant}"' if meant else by_place


def _differs(reading: FleetReading) -> Iterator[Problem]:
    """Said once where the zone is written, with the first site that keeps another time; it may be right for others."""
    found: dict[Origin, tuple[EndpointReading, Scalar, dict[str, Scalar]]] = {}
    for site, endpoint in reading.endpoints:
        here, there = text_at(endpoint.merged.tree, "time_zone"), text_at(site.site_tree, "time_zone")
        if here is None or there is None or here.text == there.text:
            continue
        times = text_at(endpoint.merged.tree, "message", "times")
        are_known = {here.text, there.text} <= _known()
        if (
            not (times and times.text == "local_with_offset")
            and are_known
            and _clock(here.text) != _clock(there.text)
        ):
            _, _, sites = found.setdefault(here.place.origin, (endpoint, here, {}))
            sites.setdefault(site.name, there)
    for endpoint, here, sites in found.values():
        yield _apart(endpoint, here, sites)


def _apart(endpoint: EndpointReading, here: Scalar, sites: Mapping[str, Scalar]) -> Problem:
    layer, (site, there) = endpoint.layer("time_zone"), next(iter(sites.items()))
    is_shared = layer.startswith("preset ")
    more = f", and {len(sites) - 1} more have another" if is_shared and len(sites) > 1 else ""
    others = f"{site if is_shared else 'its site'} that of {there.text}{more}"
    hint = "leave it if the EHR does; otherwise take the line out, or write time_zone where it is so"
    return problem_at(
        here.place,
        "zone-differs",
        f"{layer or endpoint.name} keeps the time of {here.text}, but {others}",
        hint,
        related=((f"the time zone of {site}", there.place.origin),),
        severity=Severity.NOTE,
    )


@functools.cache
def _clock(zone: str) -> tuple[tuple[datetime, timedelta | None], ...]:
    """A zone's offset at each quarter of an hour at which any zone changes it in a year: equal for two names of one zone.

    The year is one for which the database has rules and no exceptions, so that the answer does not depend on the day.
    """
    info = zoneinfo.ZoneInfo(zone)
    start = datetime(2037, 1, 1, tzinfo=UTC)
    offsets: list[tuple[datetime, timedelta | None]] = []
    for day in range(365):
        midnight = start + day * _DAY
        has_changed = midnight.astimezone(info).utcoffset() != (midnight + _DAY).astimezone(info).utcoffset()
        times = [midnight + timedelta(minutes=15 * quarter) for quarter in range(96 if has_changed else 1)]
        offsets += [(at, at.astimezone(info).utcoffset()) for at in times]
    return tuple(offsets)
