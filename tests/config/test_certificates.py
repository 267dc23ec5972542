"""What a reference leads to in the repository: certificates are read, and judged by a day that the caller gives."""

import json
import textwrap
from datetime import UTC, date, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID

from butterfly_gitops.config.load import load
from butterfly_gitops.config.text import pem
from tests.config.examples import sound_files
from tests.table import in_one_test

ENDPOINTS, CA = "st-elsewhere/ehr-endpoints.yaml", "certs/epic-ca.pem"
TODAY = date(2026, 11, 26)
KEY = ec.generate_private_key(ec.SECP256R1())
PRIVATE = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
)


def certificate(first: str, last: str, *, encoding=serialization.Encoding.PEM) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Invented CA")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(KEY.public_key())
        .serial_number(7)
        .not_valid_before(datetime.fromisoformat(first).replace(tzinfo=UTC))
        .not_valid_after(datetime.fromisoformat(last).replace(tzinfo=UTC))
        .sign(KEY, hashes.SHA256())
        .public_bytes(encoding)
    )


GOOD = certificate("2024-01-01", "2034-01-01")
OLD = certificate("2014-01-01", "2026-11-25")
LATER = certificate("2027-01-01", "2037-01-01")


def files_with(content: bytes, *, part: str = "trust") -> dict[str, bytes]:
    files = sound_files()
    line = f"    port: 6661\n    tls: {{mode: mutual, {part}: {{file: {CA}}}}}\n"
    files[ENDPOINTS] = files[ENDPOINTS].replace(b"    port: 6661\n", line.encode())
    return {**files, CA: pem.kept_of(content)}


def found(content: bytes, *, part: str = "trust", today: date | None = TODAY) -> dict[str, str]:
    """Messages by rule, less that TLS is not built yet."""
    problems = load(files_with(content, part=part), today=today).problems
    return {each.rule: each.message for each in problems if each.rule != "not-built-yet"}


@in_one_test(
    ("last", "said"),
    [
        ("2026-11-25T23:59:59", "expired on 2026-11-25"),
        ("2026-11-26T00:00:01", "expires on 2026-11-26, today"),
        ("2026-11-27T12:00:00", "expires on 2026-11-27, tomorrow"),
        ("2026-12-26T23:59:59", "expires on 2026-12-26, in 30 days"),
        ("2026-12-27T00:00:00", None),
    ],
)
def test_a_certificate_is_warned_of_from_30_days_before_its_last(last: str, said: str | None):
    message = found(certificate("2020-01-01", last)).get("certificate-expires")
    assert message == (said and f"the certificate in {CA} {said}")


@in_one_test(
    ("content", "part", "is_warned_of"),
    [
        (OLD + GOOD, "trust", False),
        (LATER + GOOD, "trust", False),
        (OLD + LATER, "trust", True),
        (OLD + GOOD, "certificate", True),
        (GOOD + OLD, "certificate", False),
        (LATER, "certificate", True),
    ],
    ids=["old one kept", "next one there", "gap", "old leaf", "old issuer", "too early"],
)
def test_of_several_the_one_counts_that_the_connection_hangs_on(
    content: bytes, part: str, is_warned_of: bool
):
    assert ("certificate-expires" in found(content, part=part)) is is_warned_of


def test_without_a_day_nothing_expires():
    assert found(OLD, today=None) == {}


def test_a_day_that_passes_keeps_no_site():
    loaded = load(files_with(OLD), today=TODAY)
    assert loaded.unsound_sites == load(files_with(GOOD), today=TODAY).unsound_sites


@in_one_test(
    ("content", "said"),
    [
        (b"", "holds no certificate in PEM"),
        (b"a certificate", "holds no certificate in PEM"),
        (certificate("2024-01-01", "2034-01-01", encoding=serialization.Encoding.DER), "holds no certificate in PEM"),
        (GOOD + b"#" * pem.MAX_BYTES, "holds no certificate in PEM"),
        (GOOD.replace(b"CERTIFICATE", b"CERTIFICATE REQUEST"), 'holds "CERTIFICATE REQUEST" and no certificate'),
        (GOOD[:200] + b"\n-----END CERTIFICATE-----\n", "holds a certificate that cannot be read"),
        (GOOD.replace(b"M", b"\xff", 1), "holds a certificate that cannot be read"),
    ],
    ids=["empty", "words", "DER", "too large", "a request", "cut", "no base64"],
)  # fmt: skip
@in_one_test("part", ["trust", "certificate"])
def test_what_is_no_certificate_says_what_it_is(content: bytes, said: str, part: str):
    assert found(content, part=part) == {"not-a-certificate": f"{CA} {said}"}


def test_lines_may_end_as_on_windows():
    assert found(b"Subject: Invented CA\r\n" + GOOD.replace(b"\n", b"\r\n")) == {}


@in_one_test("label", [b"PRIVATE KEY", b"EC PRIVATE KEY", b"ENCRYPTED PRIVATE KEY"])
@in_one_test(("path", "site"), [("certs/all.pem", None), ("st-elsewhere/notes.txt", "st-elsewhere")])
def test_a_private_key_is_refused_wherever_it_lies(label: bytes, path: str, site: str | None):
    content = pem.kept_of(GOOD + PRIVATE.replace(b"EC PRIVATE KEY", label))
    (problem,) = load({**sound_files(), path: content}).problems
    assert (problem.rule, problem.site, problem.origin.file) == ("secret-by-value", site, f"sites/{path}")
    assert PRIVATE.splitlines()[1].decode() not in repr(problem)


RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_FORMS = {
    "indented": textwrap.indent(PRIVATE.decode(), "    ").encode(),
    "with a byte order mark": b"\xef\xbb\xbf" + PRIVATE,
    "in UTF-16": PRIVATE.decode().encode("utf-16"),
    "in UTF-16 without a mark": PRIVATE.decode().encode("utf-16-be"),
    "lines of a Mac": PRIVATE.replace(b"\n", b"\r"),
    "in JSON": json.dumps({"key": PRIVATE.decode()}).encode(),
    "in one line": PRIVATE.replace(b"\n", b" "),
    "OpenSSH": KEY.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    ),
}


@in_one_test("content", OTHER_FORMS.values(), ids=OTHER_FORMS.keys())
def test_a_private_key_is_refused_in_whatever_form(content: bytes):
    (problem,) = load({**sound_files(), "certs/ste": pem.kept_of(content)}).problems
    assert (problem.rule, problem.message.partition(" lies")[0]) == ("secret-by-value", "a private key")


@in_one_test("name", ["ste.p12", "ste.pfx", "STE.PFX", "ste.jks", "ste.jceks", "ste.keystore", "ste.ppk"])
def test_a_key_store_is_refused_by_its_name(name: str):
    """It may be too large to be looked at, or of a kind that nobody knows yet."""
    (problem,) = load({**sound_files(), f"certs/{name}": b""}).problems
    assert (problem.rule, problem.message.partition(" lies")[0]) == ("secret-by-value", "a key store")


@in_one_test(
    "content",
    [
        b"Never commit what starts with -----BEGIN PRIVATE KEY-----, please.\n",
        certificate("2024-01-01", "2034-01-01", encoding=serialization.Encoding.DER),
        KEY.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
        RSA.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1),
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([]))
        .sign(KEY, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER),
        pkcs7.serialize_certificates([x509.load_pem_x509_certificate(GOOD)], serialization.Encoding.DER),
        GOOD,
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        b"00 or 01 or 02",
    ],
    ids=["words", "certificate", "public key", "public key, RSA", "request", "PKCS 7", "PEM", "PNG", "text"],
)
def test_what_is_no_key_may_lie_there(content: bytes):
    assert load({**sound_files(), "certs/ste": pem.kept_of(content)}, today=TODAY).problems == ()


def test_another_certificate_and_another_day_are_noticed():
    first = load(files_with(GOOD), today=TODAY)
    assert load(files_with(GOOD), today=TODAY, before=first) is first
    for files, today in (
        (files_with(OLD), TODAY),
        (files_with(GOOD), date(2033, 12, 24)),
        (files_with(GOOD), None),
    ):
        again = load(files, today=today, before=first)
        assert again == load(files, today=today)
        assert again is not first
        assert again.parts.sites["st-elsewhere"] is first.parts.sites["st-elsewhere"]
