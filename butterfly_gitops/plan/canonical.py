"""One spelling of equal values, so that equal configurations have equal digests."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from butterfly_gitops.model.fleet import FleetSettings
from butterfly_gitops.model.site import Site


def canonical_json(value: Any) -> str:
    """The one JSON text of a value: sorted keys, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(value: Any) -> str:
    """SHA-256 over the canonical JSON of a value, in hexadecimal."""
    return hashlib.sha256(canonical_json(value).encode("utf-8", "surrogatepass")).hexdigest()


def site_digest(site: Site) -> str:
    """The digest of a site's effective values: what makes one generation differ from another.

    Defaults are left out, so that a setting which a later version adds is no other generation.
    """
    # What left and what was renamed is how a site came to be so, not how it is.
    how = {"removed", "renamed"}
    return digest(canonical_site(site).model_dump(mode="json", exclude=how, exclude_defaults=True))


def settings_digest(settings: FleetSettings) -> str:
    """The digest of the fleet's and grants' effective values."""
    return digest(canonical_settings(settings).model_dump(mode="json", exclude_defaults=True))


def canonical_site(site: Site) -> Site:
    """The same site with everything in one order; the order of files and lists means nothing here."""
    return site.model_copy(
        update={
            "links": dict(sorted(site.links.items())),
            "ehr_endpoints": dict(sorted(site.ehr_endpoints.items())),
            "archives": {
                name: archive.model_copy(update={"forward_to": _ordered(archive.forward_to)})
                for name, archive in sorted(site.archives.items())
            },
            "removed": dict(sorted(site.removed.items())),
            "renamed": dict(sorted(site.renamed.items())),
        }
    )


def canonical_settings(settings: FleetSettings) -> FleetSettings:
    """The same settings with everything in one order."""
    roles = {
        name: role.model_copy(update={"members": _ordered(role.members), "sites": _ordered(role.sites)})
        for name, role in sorted(settings.access_roles.items())
    }
    return settings.model_copy(update={"access_roles": roles})


def _ordered(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))
