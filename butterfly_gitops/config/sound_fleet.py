"""What a fleet's readings come to where they are sound: the values that everything else works with."""

from butterfly_gitops.config.reading import FleetReading, SiteReading
from butterfly_gitops.config.tree import text_at
from butterfly_gitops.model.fleet import Fleet, FleetSettings
from butterfly_gitops.model.site import Site


def fleet_of(reading: FleetReading, unsound: frozenset[str]) -> Fleet | None:
    """The fleet with its sound sites; None where one of its own files is not."""
    settings, grants = reading.fleet_file, reading.grants_file
    if settings is None or grants is None:
        return None
    return Fleet(
        settings=FleetSettings(
            name=settings.name,
            guard=settings.guard,
            subscription=grants.subscription,
            entitlements=grants.entitlements,
            access_roles=grants.access_roles,
        ),
        sites={
            site.name: sound
            for site in reading.sites
            if site.name not in unsound and (sound := _site(site)) is not None
        },
        removed_sites=settings.removed_sites,
    )


def _site(reading: SiteReading) -> Site | None:
    if reading.site_file is None or reading.endpoints_file is None or reading.archives_file is None:
        return None
    return Site(
        name=reading.name,
        display_name=reading.site_file.display_name,
        time_zone=reading.site_file.time_zone,
        links=reading.site_file.links,
        ehr_endpoints={
            name: endpoint.value for name, endpoint in reading.endpoints.items() if endpoint.value is not None
        },
        archives=reading.archives_file.archives,
        removed={
            **reading.site_file.removed,
            **reading.endpoints_file.removed,
            **reading.archives_file.removed,
        },
        renamed={
            name: old.text
            for name, endpoint in reading.endpoints.items()
            if (old := text_at(endpoint.own, "renamed_from"))
        },
    )
