"""PEM, the text that certificates and keys come in: what a file holds, and how long a certificate is good for.

Of a key in another form only the usual names of its file are known.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

MAX_BYTES = 256 * 1024
"""Room for all authorities that a browser trusts; an EHR has one."""

_BEGIN = re.compile(rb"^-----BEGIN ([A-Z0-9# ]{1,40})-----[ \t\r]*$", re.MULTILINE)
# Indented, quoted, or in one line with what it holds; words about a key are none.
_KEY_IN_TEXT = re.compile(
    rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----(?:[ \t\r]*$|(?:\\[rn]|\s){0,40}[A-Za-z0-9+/=]{16})",
    re.MULTILINE,
)
_STORES = (".p12", ".pfx", ".jks", ".jceks", ".keystore", ".ppk")


class NotACertificateError(Exception):
    """A file holds no certificate, or one that cannot be read; the message says what it holds instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """The first and the last day of one certificate, in UTC."""

    first: date
    last: date


def kept_of(content: bytes) -> bytes:
    """Return the content of a file that is not YAML if it is PEM or a key within the size limit, else empty bytes."""
    if len(content) > MAX_BYTES:
        return b""
    return content if _BEGIN.search(content) or holds_private_key(content) else b""


def holds_private_key(content: bytes) -> bool:
    """Whether a private key in PEM is in it, encrypted or not, in any encoding of text."""
    # UTF-16 of these letters is ASCII with a zero beside each.
    return _KEY_IN_TEXT.search(content.replace(b"\0", b"")) is not None


def is_key_store(path: str) -> bool:
    """Whether a file is one that certificates are kept in together with their keys, by its name."""
    return path.lower().endswith(_STORES)


@functools.lru_cache(maxsize=256)
def validities(content: bytes) -> tuple[Validity, ...]:
    """The validity of each certificate, in the order of the file. Raises NotACertificateError."""
    # Only files with certificates pay for it: `bgo validate` starts in less time than this import takes.
    from cryptography import x509  # noqa: PLC0415

    labels = list(_labels(content))
    if "CERTIFICATE" not in labels:
        held = f'"{labels[0]}" and no certificate' if labels else "no certificate in PEM"
        raise NotACertificateError(f"holds {held}")
    try:
        certificates = x509.load_pem_x509_certificates(content)
    except ValueError as error:
        raise NotACertificateError("holds a certificate that cannot be read") from error
    return tuple(
        Validity(first=one.not_valid_before_utc.date(), last=one.not_valid_after_utc.date())
        for one in certificates
    )


def _labels(content: bytes) -> Iterator[str]:
    for found in _BEGIN.finditer(content):
        yield found[1].decode("ascii")
