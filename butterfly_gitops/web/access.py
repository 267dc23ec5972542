"""Who asks, and whether they may: the token's holder may all, a named person what the grants say."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Header, Request

from butterfly_gitops.model.error import GitopsError
from butterfly_gitops.model.fleet import AccessRole
from butterfly_gitops.web.services import Services

Ability = Literal["see_configuration", "change_configuration", "see_results", "send_results", "see_content"]


class NotAllowed(GitopsError):  # noqa: N818 - it says what happened
    """The person may not do this here."""


class NoToken(GitopsError):  # noqa: N818 - it says what happened
    """The request bears no token, or another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks. `roles` None is the local administrator, who may do all."""

    name: str
    roles: tuple[AccessRole, ...] | None

    def may(self, ability: Ability, site: str) -> bool:
        """Tell whether some role allows it at the site."""
        return self.roles is None or any(_allows(role, ability) and _is_at(role, site) for role in self.roles)

    def require(self, ability: Ability, site: str) -> None:
        """Raise NotAllowed unless `may`."""
        if not self.may(ability, site):
            where = f"at {site}" if site else "for the whole fleet"
            raise NotAllowed(
                f"{self.name} may not {ability.replace('_', ' ')} {where}: grants.yaml, access_roles"
            )

    def require_somewhere(self, ability: Ability) -> None:
        """Raise NotAllowed unless some role allows it at some site: what is answered shows those sites alone."""
        if self.sites(ability) == ():
            raise NotAllowed(
                f"{self.name} may not {ability.replace('_', ' ')} anywhere: grants.yaml, access_roles"
            )

    def sites(self, ability: Ability) -> tuple[str, ...] | None:
        """Return where some role allows it; None is everywhere."""
        if self.may(ability, "*"):
            return None
        roles = self.roles or ()
        return tuple(sorted({site for role in roles if _allows(role, ability) for site in role.sites}))


def _is_at(role: AccessRole, site: str) -> bool:
    return "*" in role.sites or site in role.sites


def _allows(role: AccessRole, ability: Ability) -> bool:
    match ability:
        case "see_configuration":
            return role.connectivity_management != "none"
        case "change_configuration":
            return role.connectivity_management == "read_write"
        case "see_results":
            return role.results != "none"
        case "send_results":
            return role.results == "send"
        case "see_content":
            return role.message_content == "read"


def services_of(request: Request) -> Services:
    """Return what the application stands on."""
    services: Services = request.app.state.services
    return services


async def caller_of(
    request: Request,
    authorization: Annotated[str, Header()] = "",
    x_bgo_as: Annotated[str, Header(description="the person on whose behalf this is asked")] = "",
) -> Caller:
    """Check the token and find the person's roles in what is applied. Raises NoToken."""
    services = services_of(request)
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(token.encode(), services.token.encode()):
        raise NoToken("a token is needed: the file `token` in the state folder holds it")
    if not x_bgo_as:
        return Caller(name=services.administrator, roles=None)
    running = await services.store.running()
    roles = running.settings.access_roles.values() if running.settings else ()
    return Caller(name=x_bgo_as, roles=_roles_of(x_bgo_as, roles))


def _roles_of(name: str, roles: Iterable[AccessRole]) -> tuple[AccessRole, ...]:
    return tuple(role for role in roles if name in role.members)


Asking = Annotated[Caller, Depends(caller_of)]
Given = Annotated[Services, Depends(services_of)]
