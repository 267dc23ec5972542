"""Everything that one configuration repository governs."""

from typing import Annotated, Any, Literal

from pydantic import Field

from butterfly_gitops.model.frozen import Frozen
from butterfly_gitops.model.scalar import Name
from butterfly_gitops.model.site import Removal, Site


class Guard(Frozen):
    """The limit over which changes wait for a person's approval."""

    max_endpoints: Annotated[int, Field(ge=0)] = 10
    """Endpoints per pass whose results stop, go elsewhere or change identity."""


class Entitlements(Frozen):
    """What the client has been granted."""

    preliminary_results: bool = False
    """Granted per client by the implementation team, not self-service."""


class AccessRole(Frozen):
    """What its members may do, and where."""

    connectivity_management: Literal["none", "read", "read_write"] = "none"
    """Endpoints and forwarding rules."""
    results: Literal["none", "read", "send"] = "none"
    """Finding deliveries; one-off sends and resends."""
    message_content: Literal["none", "read"] = "none"
    """May see patient data."""
    members: tuple[str, ...] = ()
    """People, by e-mail address."""
    sites: tuple[str, ...] = ("*",)
    """Site names, or "*" for all."""


class FleetFile(Frozen):
    """`fleet.yaml`: name, presets, guard."""

    version: Literal[1]
    """The format of this file."""
    name: Name
    """The fleet's name; a state remembers it and refuses another fleet's files."""
    presets: dict[Name, dict[str, Any]] = {}
    """What endpoints with `preset: NAME` start from; relaxed endpoints."""
    guard: Guard = Guard()
    """The limit over which changes wait for approval."""
    removed_sites: dict[Name, Removal] = {}
    """Sites whose files are gone on purpose."""


class GrantsFile(Frozen):
    """`grants.yaml`: subscription, entitlements, access roles; owned by another team than the sites."""

    version: Literal[1]
    """The format of this file."""
    subscription: Literal["enterprise", "pro", "basic"]
    """EHR integration is an Enterprise feature."""
    entitlements: Entitlements = Entitlements()
    """What the client has been granted."""
    access_roles: dict[Name, AccessRole] = {}
    """Who may do what."""


class FleetSettings(Frozen):
    """What holds for the whole fleet: the part of it that has a generation of its own."""

    name: Name
    guard: Guard = Guard()
    subscription: Literal["enterprise", "pro", "basic"] = "enterprise"
    entitlements: Entitlements = Entitlements()
    access_roles: dict[Name, AccessRole] = {}


class Fleet(Frozen):
    """The effective whole: fleet settings and the sites, all layers merged."""

    settings: FleetSettings
    sites: dict[Name, Site]
    removed_sites: dict[Name, Removal] = {}
    """Sites whose files are gone on purpose."""
