"""Time zones are those of the IANA database."""

import functools
import zoneinfo
from collections.abc import Iterator

from butterfly_gitops.config.nearest import nearest
from butterfly_gitops.config.reading import FleetReading
from butterfly_gitops.config.rules.documentation import Rule
from butterfly_gitops.config.tree import Scalar, mapping_at, problem_at, text_at
from butterfly_gitops.model.problem import Problem

RULES = (
    Rule(
        id="unknown-zone",
        says="A time zone is a name of the IANA database, such as America/New_York. Abbreviations are refused: EST "
        "has no daylight saving, and CST is a zone on three continents.",
        wrong="time_zone: EST",
        right="time_zone: America/New_York",
    ),
)

# Names that IANA keeps for old files and that have no daylight saving, or that say nothing of a place.
_MISLEADING = frozenset({"EST", "MST", "HST", "Factory", "localtime"})
_MEANT = {
    "EST": "America/New_York", "EDT": "America/New_York", "ET": "America/New_York", "EASTERN": "America/New_York",
    "CST": "America/Chicago", "CDT": "America/Chicago", "CT": "America/Chicago", "CENTRAL": "America/Chicago",
    "MST": "America/Denver", "MDT": "America/Denver", "MT": "America/Denver", "MOUNTAIN": "America/Denver",
    "PST": "America/Los_Angeles", "PDT": "America/Los_Angeles", "PT": "America/Los_Angeles",
    "PACIFIC": "America/Los_Angeles", "AKST": "America/Anchorage", "HST": "Pacific/Honolulu",
    "AST": "America/Halifax", "NST": "America/St_Johns", "BST": "Europe/London", "IST": "Asia/Kolkata",
    "CEST": "Europe/Berlin", "JST": "Asia/Tokyo", "AEST": "Australia/Sydney", "AEDT": "Australia/Sydney",
    "Z": "UTC", "UTC+0": "UTC",
}  # fmt: skip


def check_zones(reading: FleetReading) -> Iterator[Problem]:
    """All rules of this module, in each layer."""
    presets = reading.presets
    for name in presets.entries if presets else ():
        yield from _check(text_at(presets, name, "time_zone"))
    for site in reading.sites:
        yield from _check(text_at(site.site_tree, "time_zone"))
        yield from _check(text_at(mapping_at(site.site_tree, "endpoint_defaults"), "time_zone"))
        for endpoint in site.endpoints.values():
            yield from _check(text_at(endpoint.own, "time_zone"))


@functools.cache
def _known() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones()) - _MISLEADING


@functools.cache
def _places() -> frozenset[str]:
    """The zones that say a place: another abbreviation would be no mend."""
    return frozenset(name for name in _known() if "/" in name and not name.startswith(("Etc/", "SystemV/")))


def _check(zone: Scalar | None) -> Iterator[Problem]:
    if zone is None or zone.is_null or zone.text in _known():
        return
    meant = _MEANT.get(zone.text.strip().upper()) or nearest(zone.text.replace(" ", "_"), _places())
    yield problem_at(
        zone.place,
        rule="unknown-zone",
        message=f'there is no time zone "{zone.text[:60]}"',
        mend=f'write "{meant}"' if meant else "write a name of the IANA database, such as America/New_York",
    )
