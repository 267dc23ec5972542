"""Hosts that are spelled in several ways and are one machine, and those that no EHR has.

What a host may look like is left to its reader.
"""

import functools
import ipaddress

# RFC 6761 6.3: the name of the loopback address, which nobody may give to another machine.
_LOOPBACK = {"localhost": "127.0.0.1"}

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Where clouds tell a machine its credentials, beyond the link-local addresses: AWS, Google and Scaleway by IPv6,
# Alibaba, Azure, Oracle; and the names of it that anybody may look up.
_METADATA_ADDRESSES = frozenset(
    map(
        ipaddress.ip_address,
        (
            "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fd00:42::42",
            "100.100.100.200", "168.63.129.16", "192.0.0.192",
        ),
    )
)  # fmt: skip
_METADATA_NAMES = frozenset(
    {
        "metadata", "metadata.google.internal", "metadata.goog", "metadata.azure.internal",
        "instance-data", "instance-data.ec2.internal", "metadata.tencentyun.com",
    }
)  # fmt: skip
_METADATA = "clouds tell a machine its credentials there"
_BROADCAST = ipaddress.IPv4Address("255.255.255.255")
_THIS_NETWORK = ipaddress.IPv4Network("0.0.0.0/8")  # RFC 1122 3.2.1.3
# An IPv4 address is the last 32 bits: RFC 6052 2.1, RFC 8215, RFC 4291 2.5.5.1.
_WITH_IPV4_LAST = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "::/96")))
_LOOPBACK_6 = ipaddress.IPv6Address("::1")

# Names that the root of the DNS will never hold: RFC 6761, RFC 6762 with its appendix G, and ICANN's .internal.
_PRIVATE_TOP = frozenset(
    {
        "localhost", "test", "invalid", "example", "local", "internal", "intranet", "private", "corp", "home", "lan",
    }
)  # fmt: skip
# RFC 8375, and the names that are kept for examples (RFC 2606): nobody's machine has one of these.
_PRIVATE_ENDS = ("home.arpa", "example.com", "example.net", "example.org")


def same_host(host: str) -> str:
    """One text for all spellings of a host: to compare by, never to dial, to show or to store.

    Names are compared without case and without the dot of the root (RFC 4343, RFC 1034 3.1), addresses as the
    numbers that they are. Nothing is looked up, so two names of one machine stay two.
    """
    name = host.lower().removesuffix(".")
    address = address_of(name)
    return _LOOPBACK.get(name, name) if address is None else str(address)


def is_public(host: str) -> bool:
    """Tell whether a host is, or by its name may be, a machine outside private networks; nothing is looked up.

    Of addresses those are public that the Internet routes (the IANA registries of special-purpose addresses, RFC
    6890). A name is public unless it is a single word or ends as no public name does.
    """
    name = host.lower().removesuffix(".")
    if (address := address_of(name)) is not None:
        return address.is_global
    if "." not in name or name.rpartition(".")[2] in _PRIVATE_TOP:
        return False
    return not f".{name}".endswith(tuple(f".{end}" for end in _PRIVATE_ENDS))


# Several rules ask for each host of a fleet.
@functools.lru_cache(maxsize=10_000)
def address_of(host: str) -> Address | None:
    """The address that a host is, that of IPv4 where it is written as one of IPv6; None for a name."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def why_no_target(address: Address) -> str:
    """The reason that no EHR is behind an address, empty where one may be. Loopback passes: an engine may run beside the Link.

    An IPv4 address within one of IPv6 (mapped, RFC 3056, RFC 6052) counts as itself, for it is where packets end.
    """
    if isinstance(address, ipaddress.IPv6Address) and (inner := _inner(address)):
        return why_no_target(inner)
    if address.is_unspecified:
        return "it stands for all addresses of a machine that listens"
    if address.is_multicast:
        return "no connection can be opened to a multicast address"
    if address in _METADATA_ADDRESSES:
        return _METADATA
    if address.is_link_local:
        return "no EHR has a link-local address, and clouds tell a machine its credentials there"
    if isinstance(address, ipaddress.IPv6Address):
        return ""
    if address == _BROADCAST:
        return "no connection can be opened to the broadcast address"
    if address.is_reserved or address in _THIS_NETWORK:
        return "no machine has an address of this range"
    return ""


def why_no_target_name(host: str) -> str:
    """The reason that no EHR is behind a name, as far as the name tells; empty where one may be."""
    return _METADATA if host.lower().removesuffix(".") in _METADATA_NAMES else ""


def _inner(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address.is_unspecified or address == _LOOPBACK_6:
        return None
    if any(address in network for network in _WITH_IPV4_LAST):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
