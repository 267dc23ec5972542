"""Time zones are those of the IANA database."""

import functools
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from butterfly_gitops.config.nearest import nearest
from butterfly_gitops.config.reading import EndpointReading, FleetReading, SiteReading
from butterfly_gitops.config.rules.documentation import Rule
from butterfly_gitops.config.tree import Scalar, mapping_at, problem_at, text_at
from butterfly_gitops.model.problem import Problem, Severity

RULES = (
    Rule(
        id="unknown-zone",
        says="A time zone is a name of the IANA database, such as America/New_York. Abbreviations are refused: EST "
        "has no daylight saving, and CST is a zone on three continents.",
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
            yield from _differs(site, endpoint)


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


def _differs(site: SiteReading, endpoint: EndpointReading) -> Iterator[Problem]:
    """Said at the endpoint's own value, or at its name where another layer has it: that layer may be right for others."""
    here, there = text_at(endpoint.merged.tree, "time_zone"), text_at(site.site_tree, "time_zone")
    times = text_at(endpoint.merged.tree, "message", "times")
    if here is None or there is None or (times and times.text == "local_with_offset"):
        return
    if here.text == there.text or not {here.text, there.text} <= _known():
        return
    if _clock(here.text) == _clock(there.text):
        return
    own = text_at(endpoint.own, "time_zone")
    yield problem_at(
        (own or endpoint.key).place,
        rule="zone-differs",
        message=f"{endpoint.name} keeps the time of {here.text}, and its site that of {there.text}",
        mend="leave it if the EHR does; otherwise "
        + ("take the line out" if own else f"write time_zone: {there.text} at {endpoint.name}"),
        related=(
            *endpoint.provenance("time_zone"),
            ("the site's time zone", there.place.origin),
        ),
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
