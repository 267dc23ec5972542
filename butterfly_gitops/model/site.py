"""One hospital: its Links, endpoints and archives, as files and as the effective whole."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from butterfly_gitops.model.address import Address
from butterfly_gitops.model.archive import MAX_ARCHIVES_PER_FLEET, Archive
from butterfly_gitops.model.endpoint import EhrEndpoint, Text
from butterfly_gitops.model.frozen import Frozen
from butterfly_gitops.model.meaning import Meanings
from butterfly_gitops.model.scalar import Name


class Link(Frozen):
    """The on-premises agent that opens the TCP connection to the EHR."""

    display_name: Text = Field(examples=["Radiology server room"])
    """The name for people."""
    runs: Annotated[
        Literal["here", "agent"],
        Meanings(here="The dispatcher itself opens the connection.", agent="The agent at the site opens it."),
    ] = "here"
    """The side that opens the connection."""


Reason = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Removal(Frozen):
    """Handling of results that wait for something that left a file."""

    waiting: Annotated[
        Literal["drain", "set_aside"],
        Meanings(drain="They are sent with the last settings.", set_aside="They wait for a person."),
    ]
    """Handling of the waiting results."""
    reason: Reason = Field(examples=["CHG-4411"])
    """A ticket or a sentence for the audit."""


class Site(Frozen):
    """One site with all layers merged: what a generation holds, and what runs."""

    name: Name
    display_name: Text
    time_zone: str
    links: dict[Name, Link]
    ehr_endpoints: dict[Name, EhrEndpoint]
    archives: dict[Name, Archive]
    removed: dict[Name, Removal] = {}
    """Entries that left the files on purpose, whatever their kind, and the handling of results that wait for them."""
    renamed: dict[Name, Name] = {}
    """New endpoint name to the one that it had before."""


def archives_by_name(sites: Iterable[Site]) -> dict[str, Address]:
    """Each archive by the names that study events have for it: SITE/NAME, and its `cloud_id`."""
    return {
        called: Address(site=site.name, name=name)
        for site in sites
        for name, archive in site.archives.items()
        for called in filter(None, (f"{site.name}/{name}", archive.cloud_id))
    }


class SiteFile(Frozen):
    """`site.yaml`: name, time zone, Links and endpoint defaults."""

    version: Literal[1]
    """The format of this file."""
    display_name: Text = Field(examples=["St. Elsewhere Hospital"])
    """The name of the site for people."""
    time_zone: str = Field(examples=["America/New_York"])
    """The site's IANA time zone."""
    links: dict[Name, Link] = Field(
        examples=[{"server-room": {"display_name": "Radiology server room", "runs": "here"}}]
    )
    """The site's Links, by name."""
    endpoint_defaults: dict[str, Any] = {}
    """Settings that every endpoint of the site starts from."""
    removed: dict[Name, Removal] = {}
    """Links that left this file while results waited."""


class EhrEndpointsFile(Frozen):
    """`ehr-endpoints.yaml`: owned by Connectivity Management."""

    version: Literal[1]
    """The format of this file."""
    ehr_endpoints: dict[Name, dict[str, Any]] = Field(
        examples=[
            {
                "epic-prod": {
                    "display_name": "Epic Bridges (production)",
                    "link": "server-room",
                    "host": "10.20.30.40",
                    "port": 6661,
                    "receiving_facility": "STE",
                }
            }
        ]
    )
    """The site's endpoints, by name."""
    removed: dict[Name, Removal] = {}
    """Endpoints that left this file while results waited."""


class ArchivesFile(Frozen):
    """`archives.yaml`: owned by the archive administrators."""

    version: Literal[1]
    """The format of this file."""
    archives: Annotated[
        dict[Name, Archive],
        Field(
            json_schema_extra={"maxProperties": MAX_ARCHIVES_PER_FLEET},
            examples=[
                {
                    "emergency": {
                        "display_name": "Emergency Department",
                        "purpose": "clinical",
                        "forward_to": ["epic-prod"],
                    }
                }
            ],
        ),
    ]
    """The site's archives, by name."""
    removed: dict[Name, Removal] = {}
    """Archives that left this file while results waited."""
