"""Access to the API: by Host and token, and for a named person by the roles of grants.yaml."""

import hmac
import ipaddress
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Depends, Header, Request
from fastapi.security import HTTPBearer

from butterfly_gitops.model.error import GitopsError
from butterfly_gitops.model.fleet import AccessRole
from butterfly_gitops.web.services import Services

Ability = Literal["see_configuration", "change_configuration", "see_results", "send_results", "see_content"]


ADMINISTRATOR = "local administrator"
_LONGEST_NAME = 200
# Whoever passes a request on says so by one of these (RFC 7239, and what was usual before).
_PASSED_ON = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via")


class WrongHost(GitopsError):  # noqa: N818 - it says what happened
    """The request is for another host: a page in a browser, by a name that was made to lead here."""


class NotAllowed(GitopsError):  # noqa: N818 - it says what happened
    """The person may not do this here."""


class NoToken(GitopsError):  # noqa: N818 - it says what happened
    """The request bears no token, or another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The token's holder, and the person whom the request names, which nobody has checked.

    `roles` are that person's; None is the local administrator, who may do all.
    """

    claimed: str
    roles: tuple[AccessRole, ...] | None

    @property
    def actor(self) -> str:
        """The name in the audit: the token's identity, and what is claimed as such."""
        return f"{ADMINISTRATOR}, claiming {self.claimed}" if self.claimed else ADMINISTRATOR

    def may(self, ability: Ability, site: str) -> bool:
        """Tell whether some role allows it at the site."""
        roles = self.roles
        return roles is None or any(_allows(one, ability) and {"*", site} & {*one.sites} for one in roles)

    def require(self, ability: Ability, site: str) -> None:
        """Raise NotAllowed unless `may`."""
        if not self.may(ability, site):
            where = f"at {site}" if site else "for the whole fleet"
            raise NotAllowed(
                f"{self.claimed} may not {ability.replace('_', ' ')} {where}: grants.yaml, access_roles"
            )

    def require_somewhere(self, ability: Ability) -> None:
        """Raise NotAllowed unless some role allows it at some site: what is answered shows those sites alone."""
        if self.sites(ability) == ():
            raise NotAllowed(
                f"{self.claimed} may not {ability.replace('_', ' ')} anywhere: grants.yaml, access_roles"
            )

    def sites(self, ability: Ability) -> tuple[str, ...] | None:
        """Return where some role allows it; None is everywhere."""
        if self.may(ability, "*"):
            return None
        roles = self.roles or ()
        return tuple(sorted({site for role in roles if _allows(role, ability) for site in role.sites}))


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


def check_host(request: Request) -> None:
    """Raise WrongHost unless the request names the loopback address, once (RFC 9110, section 7.2)."""
    given = request.headers.getlist("host")
    host = given[0] if len(given) == 1 else ""
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    if not _is_loopback(name):
        raise WrongHost("Host must name the loopback address, such as 127.0.0.1; a proxy in front writes it")


def is_of_this_machine(request: Request) -> bool:
    """Tell whether it comes from here, and nobody passed it on."""
    is_passed_on = any(name in request.headers for name in _PASSED_ON)
    return request.client is not None and _is_loopback(request.client.host) and not is_passed_on


def _is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host.lower() == "localhost"


def check_token(request: Request) -> None:
    """Raise NoToken unless the request bears the state's token, once."""
    given = request.headers.getlist("authorization")
    scheme, _, token = (given[0] if len(given) == 1 else "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(
        token.encode(), services_of(request).token.encode()
    ):
        raise NoToken("a token is needed: the file `token` in the state folder holds it")


async def find_caller(request: Request) -> Caller:
    """Find whom the request names, and the roles of that person in what is applied.

    Raises NotAllowed for a name that is blank, or given twice: nobody's wish to be less becomes the administrator's.
    """
    if "x-bgo-as" not in request.headers:
        return Caller(claimed=_name_in(request, "x-bgo-login"), roles=None)
    name = _name_in(request, "x-bgo-as")
    settings = await services_of(request).store.settings()
    roles = settings.access_roles.values() if settings else ()
    return Caller(claimed=name, roles=_roles_of(name, roles))


def _name_in(request: Request, header: str) -> str:
    given = request.headers.getlist(header)
    if header == "x-bgo-login" and not given:
        return ""
    name = given[0].strip() if len(given) == 1 else ""
    if not name or len(name) > _LONGEST_NAME or not name.isprintable() or not name.isascii():
        raise NotAllowed(f"{header} names one person, once, in at most {_LONGEST_NAME} plain characters")
    return name


def _roles_of(name: str, roles: Iterable[AccessRole]) -> tuple[AccessRole, ...]:
    return tuple(role for role in roles if name in role.members)


async def _caller_of(
    request: Request,
    _token: Annotated[Any, Depends(HTTPBearer(auto_error=False, description="the token of the state"))],
    _as: Annotated[
        str,
        Header(
            alias="X-Bgo-As", description="the person on whose behalf this is asked, and whose roles count"
        ),
    ] = "",
    _login: Annotated[
        str, Header(alias="X-Bgo-Login", description="who asks, as the audit shall say; it is not checked")
    ] = "",
) -> Caller:
    """Return the caller whom the route's guard has found; what else it takes is for the document of the API."""
    caller: Caller = request.state.caller
    return caller


Asking = Annotated[Caller, Depends(_caller_of)]
Given = Annotated[Services, Depends(services_of)]
