"""Everything that one configuration repository governs."""

from typing import Annotated, Any, Literal

from pydantic import Field

from butterfly_gitops.model.frozen import Frozen
from butterfly_gitops.model.meaning import Meanings
from butterfly_gitops.model.scalar import Name
from butterfly_gitops.model.site import Removal, Site

Subscription = Annotated[
    Literal["enterprise", "pro", "basic"],
    Meanings(
        enterprise="With EHR integration.",
        pro="Without EHR integration: nothing is sent.",
        basic="Without EHR integration: nothing is sent.",
    ),
]


class Guard(Frozen):
    """The limit over which changes wait for a person's approval."""

    max_endpoints: Annotated[int, Field(ge=0, le=1_000_000)] = 10
    """Endpoints whose results may stop, go elsewhere or change identity without approval; all that is wanted and not applied yet counts."""


class Entitlements(Frozen):
    """Features that the client has been granted."""

    preliminary_results: bool = False
    """Granted per client by the implementation team, not self-service."""


class AccessRole(Frozen):
    """Rights of its members, and the sites where they hold."""

    connectivity_management: Annotated[
        Literal["none", "read", "read_write"],
        Meanings(
            none="Does not see them.",
            read="Sees them.",
            read_write="Sees them, pauses and resumes endpoints, and approves holds.",
        ),
    ] = "none"
    """Endpoints and forwarding rules."""
    results: Annotated[
        Literal["none", "read", "send"],
        Meanings(
            none="Does not see them.",
            read="Finds deliveries and what became of them.",
            send="Finds deliveries, and sends, resends, sets aside and cancels.",
        ),
    ] = "none"
    """Finding deliveries; one-off sends and resends."""
    message_content: Annotated[
        Literal["none", "read"],
        Meanings(none="Sees no patient data.", read="Sees what messages say of patients."),
    ] = "none"
    """May see patient data."""
    members: tuple[str, ...] = Field(default=(), examples=[["ada@example.org"]])
    """People, by e-mail address."""
    sites: tuple[str, ...] = Field(default=("*",), examples=[["*"], ["st-elsewhere"]])
    """Site names, or "*" for all."""


class FleetFile(Frozen):
    """`fleet.yaml`: name, presets, guard."""

    version: Literal[1]
    """The format of this file."""
    name: Name = Field(examples=["mercy-health"])
    """The fleet's name; a state remembers it and refuses another fleet's files."""
    presets: dict[Name, dict[str, Any]] = {}
    """Settings that endpoints with `preset: NAME` start from."""
    guard: Guard = Guard()
    """The limit over which changes wait for approval."""
    removed_sites: dict[Name, Removal] = {}
    """Sites whose files are gone on purpose."""


class GrantsFile(Frozen):
    """`grants.yaml`: subscription, entitlements, access roles; owned by another team than the sites."""

    version: Literal[1]
    """The format of this file."""
    subscription: Subscription
    """EHR integration is an Enterprise feature."""
    entitlements: Entitlements = Entitlements()
    """Features that the client has been granted."""
    access_roles: dict[Name, AccessRole] = {}
    """Rights by role."""


class FleetSettings(Frozen):
    """Settings of the whole fleet: the part of it that has a generation of its own."""

    name: Name
    guard: Guard = Guard()
    subscription: Subscription = "enterprise"
    entitlements: Entitlements = Entitlements()
    access_roles: dict[Name, AccessRole] = {}


class Fleet(Frozen):
    """The effective whole: fleet settings and the sites, all layers merged."""

    settings: FleetSettings
    sites: dict[Name, Site]
    removed_sites: dict[Name, Removal] = {}
    """Sites whose files are gone on purpose."""
