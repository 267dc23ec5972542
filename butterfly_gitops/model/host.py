"""Hosts that are spelled in several ways and are one machine; what a host may look like is left to its reader."""

import functools
import ipaddress

# RFC 6761 6.3: the name of the loopback address, which nobody may give to another machine.
_LOOPBACK = {"localhost": "127.0.0.1"}


def same_host(host: str) -> str:
    """One text for all spellings of a host: to compare by, never to dial, to show or to store.

    Names are compared without case and without the dot of the root (RFC 4343, RFC 1034 3.1), addresses as the
    numbers that they are. Nothing is looked up, so two names of one machine stay two.
    """
    name = host.lower().removesuffix(".")
    address = address_of(name)
    return _LOOPBACK.get(name, name) if address is None else str(address)


# Several rules ask for each host of a fleet.
@functools.lru_cache(maxsize=10_000)
def address_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host is, that of IPv4 where it is written as one of IPv6; None for a name."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
