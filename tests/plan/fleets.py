"""Fleets for the tests of plans: a few words make a whole one, and Hypothesis makes many."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from butterfly_gitops.model.address import Address
from butterfly_gitops.model.archive import Archive
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.fleet import AccessRole, Entitlements, Fleet, FleetSettings, Guard
from butterfly_gitops.model.problem import Origin
from butterfly_gitops.model.site import Link, Removal, Site
from butterfly_gitops.plan.sides import LaneCount, Observed, Side

NOW = datetime(2026, 11, 24, 14, 3, tzinfo=UTC)


def endpoint(**settings: Any) -> EhrEndpoint:
    """An endpoint that differs from the sample in these settings."""
    sample: dict[str, Any] = {
        "display_name": "Epic Bridges (production)",
        "link": "server-room",
        "host": "10.20.30.40",
        "port": 6661,
        "sending_facility": "STE",
        "receiving_facility": "STE",
        "time_zone": "America/New_York",
    }
    return EhrEndpoint(**(sample | settings))


def archive(*forward_to: str, name: str = "Emergency Department", **settings: Any) -> Archive:
    """An archive that forwards to these endpoints."""
    return Archive(display_name=name, forward_to=forward_to, **settings)


def site(
    name: str,
    *,
    endpoints: Mapping[str, EhrEndpoint],
    archives: Mapping[str, Archive],
    links: tuple[str, ...] = ("server-room",),
    display_name: str = "A hospital",
) -> Site:
    """A site with Links of these names."""
    return Site(
        name=name,
        display_name=display_name,
        time_zone="America/New_York",
        links={link: Link(display_name=link) for link in links},
        ehr_endpoints=dict(endpoints),
        archives=dict(archives),
    )


def fleet(*sites: Site, max_endpoints: int = 10, **settings: Any) -> Fleet:
    """A fleet of these sites."""
    return Fleet(
        settings=FleetSettings(name="mercy-health", guard=Guard(max_endpoints=max_endpoints), **settings),
        sites={each.name: each for each in sites},
    )


def side(of: Fleet | None, described: str = "sites/", **parts: Any) -> Side:
    """A side without origins."""
    return Side(fleet=of, described=described, **parts)


def observed(**parts: Any) -> Observed:
    """A state with nothing waiting, unless said otherwise."""
    return Observed(as_of=NOW, **parts)


def origins(text: str) -> dict[str, Origin]:
    """Origins from lines such as `st-elsewhere/epic-prod.host sites/st-elsewhere/ehr-endpoints.yaml:8`."""
    found = {}
    for line in text.split("\n"):
        if match := re.fullmatch(r"\s*(\S+) (\S+):(\d+)", line):
            found[match[1]] = Origin(file=match[2], line=int(match[3]))
    return found


ENDPOINTS = ["epic-prod", "registry", "athena", "oracle-prod"]
ARCHIVES = ["emergency", "radiology", "icu"]
SITES = ["county-general", "seaside", "st-elsewhere"]
LINKS = ("server-room", "clinic-pc")
EVERY_NAME = [*ENDPOINTS, *ARCHIVES, *LINKS]
names = st.sampled_from(ENDPOINTS)
removals = st.builds(Removal, waiting=st.sampled_from(["drain", "set_aside"]), reason=st.just("CHG-4411"))
identities = st.sampled_from(["EPIC", "LAB", None])
endpoints = st.builds(
    endpoint,
    host=st.sampled_from(["10.0.0.1", "10.0.0.2", "ehr.example.org", "ehr.vendor.cloud"]),
    port=st.integers(1, 4),
    status=st.sampled_from(["active", "paused"]),
    receiving_application=identities,
    encoding=st.sampled_from(["UTF-8", "ISO-8859-1"]),
    ack_timeout=st.sampled_from([timedelta(seconds=1), timedelta(seconds=30)]),
    display_name=st.sampled_from(["Epic", "Other"]),
)


@st.composite
def site_named(draw: st.DrawFn, name: str) -> Site:
    """A site whose rules name endpoints that it has."""
    own = draw(st.dictionaries(names, endpoints, max_size=4))
    forward = st.lists(st.sampled_from(sorted(own)), unique=True, max_size=3) if own else st.just([])
    of_archives = st.builds(
        Archive,
        display_name=st.sampled_from(["Emergency", "Radiology"]),
        cloud_id=st.sampled_from([None, "a-1", "a-2"]),
        forward_to=forward.map(tuple),
    )
    archives = draw(st.dictionaries(st.sampled_from(ARCHIVES), of_archives, max_size=3))
    links = draw(st.sampled_from([LINKS[:1], LINKS]))
    renamed = draw(_renamed(own))
    living = {*own, *archives, *links, *renamed.values()}
    removed = draw(st.dictionaries(st.sampled_from(EVERY_NAME), removals, max_size=4))
    return site(name, endpoints=own, archives=archives, links=links).model_copy(
        update={
            "renamed": renamed,
            "removed": {thing: removal for thing, removal in removed.items() if thing not in living},
        }
    )


@st.composite
def _renamed(draw: st.DrawFn, own: Mapping[str, EhrEndpoint]) -> dict[str, str]:
    """New to old names as files may say it: no old name is living, and none has two heirs."""
    old = draw(st.permutations([name for name in ENDPOINTS if name not in own]))
    pairs = zip(draw(st.permutations(sorted(own))), old, strict=False)
    return {new: before for new, before in pairs if draw(st.booleans())}


@st.composite
def fleets(draw: st.DrawFn) -> Fleet:
    """A sound fleet of up to three sites."""
    chosen = draw(st.sets(st.sampled_from(SITES)))
    removed = draw(st.dictionaries(st.sampled_from(SITES), removals))
    roles = st.builds(
        AccessRole,
        results=st.sampled_from(["none", "send"]),
        members=st.lists(st.sampled_from(["ada@example.org", "bo@example.org"]), unique=True).map(tuple),
    )
    found = fleet(
        *(draw(site_named(name)) for name in sorted(chosen)),
        max_endpoints=draw(st.integers(0, 3)),
        subscription=draw(st.sampled_from(["enterprise", "pro"])),
        entitlements=Entitlements(preliminary_results=draw(st.booleans())),
        access_roles=draw(st.dictionaries(st.sampled_from(["engineer", "nurse"]), roles)),
    )
    gone = {name: removal for name, removal in removed.items() if name not in chosen}
    return found.model_copy(update={"removed_sites": gone})


@st.composite
def observations(draw: st.DrawFn) -> Observed:
    """A state where results wait here and there."""
    counts = st.builds(LaneCount, waiting=st.integers(0, 2), in_flight=st.integers(0, 1))
    lanes = st.dictionaries(
        st.sampled_from([f"{name}/{lane}" for name in SITES for lane in ENDPOINTS]), counts
    )
    return observed(lanes=draw(lanes))


def permuted(of: Fleet) -> Fleet:
    """The same fleet with everything in the opposite order."""
    sites = {name: _permuted_site(each) for name, each in reversed(of.sites.items())}
    roles = {
        name: role.model_copy(update={"members": role.members[::-1]})
        for name, role in reversed(of.settings.access_roles.items())
    }
    return Fleet(
        settings=of.settings.model_copy(update={"access_roles": roles}),
        sites=sites,
        removed_sites=dict(reversed(of.removed_sites.items())),
    )


def _permuted_site(of: Site) -> Site:
    archives = {
        name: each.model_copy(update={"forward_to": each.forward_to[::-1]})
        for name, each in reversed(of.archives.items())
    }
    return of.model_copy(
        update={
            "links": dict(reversed(of.links.items())),
            "ehr_endpoints": dict(reversed(of.ehr_endpoints.items())),
            "archives": archives,
            "removed": dict(reversed(of.removed.items())),
            "renamed": dict(reversed(of.renamed.items())),
        }
    )


def at(text: str) -> Address:
    """An address from `SITE/NAME`."""
    of_site, _, name = text.partition("/")
    return Address(site=of_site, name=name or None)
