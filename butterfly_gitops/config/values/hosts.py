"""Reads a host: a name or an address alone, which a Link can open a connection to."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from butterfly_gitops.config import secrets
from butterfly_gitops.config.tree import Node, Scalar, Sequence
from butterfly_gitops.config.values.context import FAILED, Context, scalar_for, shown
from butterfly_gitops.model.host import why_no_target, why_no_target_name

_MAX_NAME, _MAX_LABEL = 253, 63  # RFC 1035 2.3.4, without the length bytes
_PASTED = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9+.-]{0,20}://)?(?P<host>[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?(?:/\S*)?"
)
_HARMLESS = re.compile(r"[A-Za-z0-9._-]+")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_ALONE = "write a host name or an IP address alone; its port stands in `port`"
_NAME = "write the name as the Link looks it up, or the address"
_ANOTHER = "write the address at which the Link reaches the EHR"


class Fault(NamedTuple):
    """Why a text is no host, and what to write."""

    says: str
    hint: str


_NO_IPV4 = Fault(
    "an IPv4 address has four numbers from 0 to 255, without leading zeros",
    "write four numbers from 0 to 255, such as 10.20.30.40",
)
_NO_IPV6 = Fault(
    "this is no IPv6 address",
    "write eight groups of up to four hexadecimal digits, with :: once for a run of zeros",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReader:
    """Reads a name, an IPv4 or an IPv6 address."""

    wants: str = "a host name or an IP address"

    def read(self, node: Node, at: Scalar, context: Context) -> Any:
        if isinstance(node, Sequence):
            # YAML reads an address in brackets as a list.
            message = f"{at.text} is a list; an IPv6 address stands without brackets"
            return context.refuse(node.place, "bad-host", message, _ALONE)
        scalar = scalar_for(node, at, self.wants, context)
        if scalar is None:
            return FAILED
        if secrets.names_user(scalar.text):
            context.problems.append(secrets.refused_value(scalar, name=at.text))
            return FAILED
        if fault := fault_of(scalar.text):
            message = f"{at.text} is {shown(scalar)}; {fault.says}"
            return context.refuse(scalar.place, "bad-host", message, fault.hint)
        return scalar.text


def fault_of(text: str) -> Fault | None:
    """Say why a text is no host, and what to write; None for one that can be dialled."""
    if text.count(":") > 1 and re.fullmatch(r"[0-9A-Fa-f:.]+", text):
        return _fault_of_address(text, _NO_IPV6)
    if not _HARMLESS.fullmatch(text):
        return _fault_of_pasted(text) or _fault_of_character(text)
    if _NUMBER.fullmatch(text.removesuffix(".").rpartition(".")[2]):
        return _fault_of_address(text, _NO_IPV4)
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
    labels = name.split(".")
    says = why_no_target_name(text)
    if says:
        return Fault(says, _ANOTHER)
    if len(name) > _MAX_NAME or any(len(label) > _MAX_LABEL for label in labels):
        says = f"a name has at most {_MAX_NAME} characters, and each part of it {_MAX_LABEL}"
    elif "" in labels:
        says = "a dot stands between two parts of a name"
    elif any(label.startswith("-") or label.endswith("-") for label in labels):
        says = "no part of a name starts or ends with a hyphen"
    return Fault(says, _NAME) if says else None


def _fault_of_address(text: str, otherwise: Fault) -> Fault | None:
    try:
        says = why_no_target(ipaddress.ip_address(text))
    except ValueError:
        return otherwise
    return Fault(says, _ANOTHER) if says else None
