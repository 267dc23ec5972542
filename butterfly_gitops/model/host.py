"""Hosts that are spelled in several ways and are one machine; what a host may look like is left to its reader."""

import ipaddress

# RFC 6761 6.3: the name of the loopback address, which nobody may give to another machine.
_LOOPBACK = {"localhost": "127.0.0.1"}


def same_host(host: str) -> str:
    """One text for all spellings of a host: to compare by, never to dial, to show or to store.

    Names are compared without case and without the dot of the root (RFC 4343, RFC 1034 3.1), addresses as the
    numbers that they are. Nothing is looked up, so two names of one machine stay two.
    """
    name = host.lower().removesuffix(".")
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return _LOOPBACK.get(name, name)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
