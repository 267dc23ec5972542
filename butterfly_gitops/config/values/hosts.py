"""Reads a host: a name or an address alone, which a Link can open a connection to."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from butterfly_gitops.config import secrets
from butterfly_gitops.config.tree import Node, Scalar, Sequence
from butterfly_gitops.config.values.context import FAILED, Context, scalar_for, shown
from butterfly_gitops.model.host import Address, why_no_target, why_no_target_name

_MAX_NAME, _MAX_LABEL = 253, 63  # RFC 1035 2.3.4, without the length bytes
_PASTED = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9+.-]{0,20}://)?(?P<host>[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?(?:/\S*)?"
)
_HARMLESS = re.compile(r"[A-Za-z0-9._-]+")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_ALONE = "write a host name or an IP address alone; its port stands in `port`"
_NAME = "write the name as the Link looks it up, or the address"
_FOUR_NUMBERS = "write four numbers from 0 to 255, such as 10.20.30.40"
_EIGHT_GROUPS = "write eight groups of up to four hexadecimal digits, with :: once for a run of zeros"
_ANOTHER = "write the address at which the Link reaches the EHR"


class Fault(NamedTuple):
    """Why a text is no host, and what to write."""

    says: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReader:
    """Reads a name, an IPv4 or an IPv6 address."""

    wants: str = "a host name or an IP address"

    def read(self, node: Node, at: Scalar, context: Context) -> Any:
        if isinstance(node, Sequence):
            # YAML reads an address in brackets as a list.
            message = f"{at.text} is a list; an IPv6 address stands without brackets"
            return context.refuse(node.place, rule="bad-host", message=message, hint=_ALONE)
        scalar = scalar_for(node, at, self.wants, context)
        if scalar is None:
            return FAILED
        if secrets.names_user(scalar.text):
            context.problems.append(secrets.refused_value(scalar, name=at.text))
            return FAILED
        if fault := fault_of(scalar.text):
            message = f"{at.text} is {shown(scalar)}; {fault.says}"
            return context.refuse(scalar.place, rule="bad-host", message=message, hint=fault.hint)
        return scalar.text


def fault_of(text: str) -> Fault | None:
    """Say why a text is no host, and what to write; None for one that can be dialled."""
    if text.count(":") > 1 and re.fullmatch(r"[0-9A-Fa-f:.]+", text):
        return _fault_of_ipv6(text)
    if not _HARMLESS.fullmatch(text):
        return _fault_of_pasted(text) or _fault_of_character(text)
    if _NUMBER.fullmatch(text.removesuffix(".").rpartition(".")[2]):
        return _fault_of_ipv4(text)
    return _fault_of_name(text)


def _fault_of_pasted(text: str) -> Fault | None:
    """Take a URL, or host and port in one, apart."""
    found = _PASTED.fullmatch(text.strip())
    if found is None or int(found["port"] or 1) > 65535:
        return None
    host, port = found["host"].strip("[]"), found["port"]
    if fault_of(host):
        return None
    says = "a URL is no host" if "/" in text else "its port stands in `port`" if port else "it stands alone"
    return Fault(says, f"write host: {host} and port: {port}" if port else f'write "{host}"')


def _fault_of_character(text: str) -> Fault:
    if not text:
        return Fault("no machine has an empty name", _ALONE)
    if "%" in text and ":" in text:
        return Fault("what stands behind % is a network card of one machine", _ANOTHER)
    if "://" in text:
        return Fault("a URL is no host", _ALONE)
    if not text.isascii():
        return Fault("the name of a machine has ASCII letters only", _NAME)
    odd = next(one for one in text if not _HARMLESS.match(one))
    called = {" ": "a space", ",": "a comma", '"': "a quote"}.get(odd, odd)
    return Fault(f"the name of a machine does not hold {called}", _ALONE)


def _fault_of_name(text: str) -> Fault | None:
    """RFC 1123 2.1; an underscore passes, for Windows machines have names with one, and resolvers find them."""
    name = text.removesuffix(".")
    if len(name) > _MAX_NAME:
        return Fault(f"a name has at most {_MAX_NAME} characters, and this has {len(name)}", _NAME)
    for label in name.split("."):
        if not label:
            return Fault("a dot stands between two parts of a name", _NAME)
        if len(label) > _MAX_LABEL:
            return Fault(
                f"a part of a name has at most {_MAX_LABEL} characters, and here {len(label)}", _NAME
            )
        if label.startswith("-") or label.endswith("-"):
            return Fault("no part of a name starts or ends with a hyphen", _NAME)
    says = why_no_target_name(text)
    return Fault(says, _ANOTHER) if says else None


def _fault_of_ipv4(text: str) -> Fault | None:
    try:
        return _fault_of_address(ipaddress.IPv4Address(text))
    except ValueError:
        numbers = text.split(".")
        if len(numbers) != 4 or not all(number.isdecimal() for number in numbers):
            return Fault("an IPv4 address has four numbers", _FOUR_NUMBERS)
        if any(len(number) > 3 or int(number) > 255 for number in numbers):
            return Fault("the numbers of an IPv4 address go from 0 to 255", _FOUR_NUMBERS)
        return Fault("some programs read a number with a leading zero as octal", _FOUR_NUMBERS)


def _fault_of_ipv6(text: str) -> Fault | None:
    try:
        return _fault_of_address(ipaddress.IPv6Address(text))
    except ValueError:
        return Fault("this is no IPv6 address", _EIGHT_GROUPS)


def _fault_of_address(address: Address) -> Fault | None:
    says = why_no_target(address)
    return Fault(says, _ANOTHER) if says else None
