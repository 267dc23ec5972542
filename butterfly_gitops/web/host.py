"""The host that a request is for, and whether it comes from this machine."""

import ipaddress
from contextlib import suppress

from fastapi import Request

from butterfly_gitops.model.error import GitopsError

# Whoever passes a request on says so by one of these (RFC 7239, and what was usual before).
_PASSED_ON = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via")


class WrongHost(GitopsError):  # noqa: N818 - it says what happened
    """The request is for another host: a page in a browser, by a name that was made to lead here."""


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
