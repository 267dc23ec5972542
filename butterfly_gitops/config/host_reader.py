"""Reads a host: a name or an address alone, which a Link can open a connection to.

What people paste there instead (a URL, host and port in one, an address in brackets) is taken apart for the hint.
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Any

from butterfly_gitops.config import secrets_by_value
from butterfly_gitops.config.context import FAILED, Context, scalar_for, shown
from butterfly_gitops.config.tree import Node, Scalar, Sequence
from butterfly_gitops.model.host import Address, why_no_target, why_no_target_name

_MAX_NAME, _MAX_LABEL = 253, 63  # RFC 1035 2.3.4, without the length bytes
# No URL of an EHR is longer, and what is longer is not worth taking apart.
_MAX_TEXT = 1000
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_BRACKETED = re.compile(r"\[(?P<host>[^\[\]]*)\](?::(?P<port>[0-9]*))?")
_WITH_PORT = re.compile(r"(?P<host>[^:]+):(?P<port>[0-9]*)")
_HARMLESS = re.compile(r"[A-Za-z0-9._-]+")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_ALONE = "write a host name or an IP address alone; its port stands in `port`"
_NAME = "write the name as the Link looks it up, or the address"
_FOUR_NUMBERS = "write four numbers from 0 to 255, such as 10.20.30.40"
_EIGHT_GROUPS = "write eight groups of up to four hexadecimal digits, with :: once for a run of zeros"
_ANOTHER = "write the address at which the Link reaches the EHR"

_CALLED = {" ": "a space", ",": "a comma", '"': "a quote"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a text is no host, and what to write."""

    says: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReader:
    """Reads a name, an IPv4 or an IPv6 address."""

    wants: str = "a host name or an IP address"

    def read(self, node: Node, at: Scalar, context: Context) -> Any:
        """Return the text as it was written, or FAILED after its problem was noted."""
        if isinstance(node, Sequence) and len(node.items) == 1 and isinstance(node.items[0], Scalar):
            return self._refuse_brackets(node, node.items[0].text, at, context)
        scalar = scalar_for(node, at, self.wants, context)
        if scalar is None:
            return FAILED
        if secrets_by_value.names_user(scalar.text):
            context.problems.append(secrets_by_value.refused_value(scalar, name=at.text))
            return FAILED
        if fault := fault_of(scalar.text):
            message = f"{at.text} is {shown(scalar)}; {fault.says}"
            return context.refuse(scalar.place, rule="bad-host", message=message, hint=fault.hint)
        return scalar.text

    def _refuse_brackets(self, node: Sequence, text: str, at: Scalar, context: Context) -> Any:
        """YAML reads an address in brackets as a list."""
        is_address = ":" in text and fault_of(text) is None
        message = f"{at.text} is a list" + ("; an IPv6 address stands without brackets" if is_address else "")
        hint = f'write "{text}"' if is_address else _ALONE
        return context.refuse(node.place, rule="bad-host", message=message, hint=hint)


def fault_of(text: str) -> Fault | None:
    """Why a text is no host, and what to write; None for one that can be dialled."""
    fault = _fault_of_name(text) if len(text) > _MAX_TEXT else _fault(text)
    if fault is None or len(text) > _MAX_TEXT:
        return fault
    says, host, port = _taken_apart(text)
    return Fault(says=says or fault.says, hint=_hint(host, port) or _hint(_tidied(host), port) or fault.hint)


def _hint(host: str, port: str) -> str:
    """What to write, where a host was found in what was pasted."""
    if _fault(host):
        return ""
    if port and 1 <= int(port[:6]) <= 65535:
        return f"write host: {host} and port: {int(port)}"
    return f'write "{host}"'


def _taken_apart(text: str) -> tuple[str, str, str]:
    """What a text is instead of a host, if that can be said, and the host and port in it, if any."""
    bare = text.strip()
    without_scheme = _SCHEME.sub("", bare, count=1)
    rest = re.split(r"[/?#]", without_scheme, maxsplit=1)[0].rpartition("@")[2]
    found = _BRACKETED.fullmatch(rest) or _WITH_PORT.fullmatch(rest)
    host, port = (found["host"], found["port"] or "") if found else (rest, "")
    if without_scheme != bare:
        return "a URL is no host", host, port
    if port:
        return "its port stands in `port`", host, port
    if found and rest.startswith("["):
        return "an IPv6 address stands without brackets", host, ""
    return ("a space at its end is no part of it" if bare != text else ""), host, ""


def _tidied(host: str) -> str:
    """The host that was probably meant: numbers without leading zeros, names without stray dots and hyphens, in ASCII."""
    parts = [part for part in host.split(".") if part]
    if all(part.isdecimal() for part in parts):
        return ".".join(part.lstrip("0") or "0" for part in parts)
    try:
        return ".".join(part.strip("-") for part in parts).encode("idna").decode("ascii")
    except UnicodeError:
        return host


def _fault(text: str) -> Fault | None:
    if text.count(":") > 1 and re.fullmatch(r"[0-9A-Fa-f:.]+", text):
        return _fault_of_ipv6(text)
    if not _HARMLESS.fullmatch(text):
        return _fault_of_character(text)
    if _NUMBER.fullmatch(text.removesuffix(".").rpartition(".")[2]):
        return _fault_of_ipv4(text)
    return _fault_of_name(text)


def _fault_of_character(text: str) -> Fault:
    if not text:
        return Fault(says="no machine has an empty name", hint=_ALONE)
    if "%" in text and ":" in text:
        return Fault(says="what stands behind % is a network card of one machine", hint=_ANOTHER)
    if not text.isascii():
        return Fault(says="the name of a machine has ASCII letters only", hint=_NAME)
    odd = next(one for one in text if not _HARMLESS.match(one))
    return Fault(says=f"the name of a machine does not hold {_CALLED.get(odd, odd)}", hint=_ALONE)


def _fault_of_name(text: str) -> Fault | None:
    """RFC 1123 2.1; an underscore passes, for Windows machines have names with one, and resolvers find them."""
    name = text.removesuffix(".")
    if len(name) > _MAX_NAME:
        return Fault(says=f"a name has at most {_MAX_NAME} characters, and this has {len(name)}", hint=_NAME)
    for label in name.split("."):
        if not label:
            return Fault(says="a dot stands between two parts of a name", hint=_NAME)
        if len(label) > _MAX_LABEL:
            says = f"a part of a name has at most {_MAX_LABEL} characters, and here {len(label)}"
            return Fault(says=says, hint=_NAME)
        if label.startswith("-") or label.endswith("-"):
            return Fault(says="no part of a name starts or ends with a hyphen", hint=_NAME)
    says = why_no_target_name(text)
    return Fault(says=says, hint=_ANOTHER) if says else None


def _fault_of_ipv4(text: str) -> Fault | None:
    try:
        return _fault_of_address(ipaddress.IPv4Address(text))
    except ValueError:
        numbers = text.split(".")
        if len(numbers) != 4 or not all(number.isdecimal() for number in numbers):
            return Fault(says="an IPv4 address has four numbers", hint=_FOUR_NUMBERS)
        if any(int(number[-9:]) > 255 or len(number) > 9 for number in numbers):
            return Fault(says="the numbers of an IPv4 address go from 0 to 255", hint=_FOUR_NUMBERS)
        return Fault(says="some programs read a number with a leading zero as octal", hint=_FOUR_NUMBERS)


def _fault_of_ipv6(text: str) -> Fault | None:
    try:
        return _fault_of_address(ipaddress.IPv6Address(text))
    except ValueError:
        return Fault(says="this is no IPv6 address", hint=_EIGHT_GROUPS)


def _fault_of_address(address: Address) -> Fault | None:
    says = why_no_target(address)
    return Fault(says=says, hint=_ANOTHER) if says else None
