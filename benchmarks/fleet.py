"""Fleets of any size: as values for a store, and as files that a folder source reads."""

from datetime import UTC, datetime
from pathlib import Path

from butterfly_gitops.model.archive import MAX_ARCHIVES_PER_FLEET, Archive
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.fleet import FleetSettings
from butterfly_gitops.model.site import Link, Site
from butterfly_gitops.plan.canonical import settings_digest, site_digest
from butterfly_gitops.store.interface import Application, Store

NAME = "benchmark"
_SHARE = 3  # an archive forwards to three endpoints at most


async def apply_sites(store: Store, sites: list[Site]) -> None:
    """Apply the fleet's settings and sites to a new state."""
    contents: list[Site | FleetSettings] = [FleetSettings(name=NAME), *sites]
    for content in contents:
        digest = site_digest(content) if isinstance(content, Site) else settings_digest(content)
        await store.apply(
            Application(
                fleet=NAME,
                content=content,
                digest=digest,
                expected=0,
                commit="",
                actor="benchmark",
                at=datetime.now(UTC),
            )
        )


def archives_of(count: int) -> list[str]:
    """Return the addresses of the archives of so many sites."""
    return [f"site-{number}/main" for number in range(count)]


def one_endpoint_each(ports: list[int]) -> list[Site]:
    """Return a site with one archive and one endpoint for each port of this machine."""
    return [_site(number, port) for number, port in enumerate(ports)]


def _site(number: int, port: int) -> Site:
    endpoint = EhrEndpoint(
        display_name="EHR",
        link="server-room",
        host="127.0.0.1",
        port=port,
        sending_facility="STE",
        receiving_facility="STE",
        time_zone="UTC",
    )
    return Site(
        name=f"site-{number}",
        display_name=f"Hospital {number}",
        time_zone="UTC",
        links={"server-room": Link(display_name="Server room")},
        ehr_endpoints={"ehr-0": endpoint},
        archives={"main": Archive(display_name="Main", forward_to=("ehr-0",))},
    )


def write_fleet(folder: Path, *, sites: int, endpoints: int) -> None:
    """Write the files of a fleet whose endpoints lead nowhere."""
    folder.mkdir(parents=True)
    (folder / "fleet.yaml").write_text(f"version: 1\nname: {NAME}\n")
    (folder / "grants.yaml").write_text("version: 1\nsubscription: enterprise\n")
    for number in range(sites):
        write_site(folder, number, endpoints=endpoints)


def write_site(folder: Path, number: int, *, endpoints: int, port: int = 6661) -> None:
    """Write one site's three files. The first sites have the archives that a fleet may have."""
    place = folder / f"site-{number}"
    place.mkdir(exist_ok=True)
    (place / "site.yaml").write_text(_SITE.format(number=number))
    firsts = range(0, endpoints, _SHARE)
    has_archives = (number + 1) * len(firsts) <= MAX_ARCHIVES_PER_FLEET
    # Endpoints without an archive are worth a warning, unless they are for tests.
    processing_id = "P" if has_archives else "T"
    listed = "".join(
        _ENDPOINT.format(
            name=name,
            site=f"{20 + number // 250}.{number % 250}",
            host=name + 1,
            port=port,
            processing_id=processing_id,
        )
        for name in range(endpoints)
    )
    (place / "ehr-endpoints.yaml").write_text(f"version: 1\nehr_endpoints:\n{listed}")
    archives = "".join(_archive(first, endpoints) for first in firsts) if has_archives else "  {}\n"
    (place / "archives.yaml").write_text(f"version: 1\narchives:\n{archives}")


def _archive(first: int, endpoints: int) -> str:
    names = ", ".join(f"ehr-{name}" for name in range(first, min(first + _SHARE, endpoints)))
    return _ARCHIVE.format(first=first, names=names)


_SITE = """\
version: 1
display_name: Hospital {number}
time_zone: America/New_York
links:
  server-room:
    display_name: Radiology server room
    runs: here
endpoint_defaults:
  sending_facility: STE
"""
_ENDPOINT = """\
  ehr-{name}:
    display_name: EHR {name} (production)
    link: server-room
    host: 10.{site}.{host}
    port: {port}
    encoding: UTF-8
    receiving_facility: STE
    processing_id: {processing_id}
    ack_timeout: 30s
    connection_timeout: 10s
"""
_ARCHIVE = """\
  archive-{first}:
    display_name: Emergency department {first}
    purpose: clinical
    forward_to: [{names}]
"""
