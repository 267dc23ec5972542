"""A branch over HTTPS: credentials reach the host alone, and are never shown."""

import base64
import functools
import http.server
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from butterfly_gitops.source.folder import read_folder
from butterfly_gitops.source.git import GitSource
from butterfly_gitops.source.git_address import parse_git_address
from butterfly_gitops.source.interface import SourceUnavailable
from tests.cli.git_repository import GitRepository, repository_with_sites

GOOD = "Basic " + base64.b64encode(b"ada:s3cret!").decode()


@dataclass(slots=True)
class Host:
    """A server that gives the files of a repository to whoever knows the password."""

    port: int = 0
    seen: set[str | None] = field(default_factory=set)

    def address(self, who: str) -> str:
        return f"https://{who}127.0.0.1:{self.port}/.git#main:sites"


def certificate(path: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    day = timedelta(days=1)
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    made = repository_with_sites(tmp_path / "fleet")
    # Git's plain protocol needs only files and this list of them.
    made.git("update-server-info")
    return made


@pytest.fixture
def host(repository: GitRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    kept = Host()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            return

        def do_GET(self) -> None:
            kept.seen.add(self.headers["Authorization"])
            if self.headers["Authorization"] == GOOD:
                super().do_GET()
            else:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="fleet"')
                self.send_header("Content-Length", "0")
                self.end_headers()

    pem = certificate(tmp_path / "host.pem")
    monkeypatch.setenv("GIT_SSL_CAINFO", str(pem))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    handler = functools.partial(Handler, directory=str(repository.root))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        kept.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield kept
        server.shutdown()
        thread.join()


def source(host: Host, who: str, tmp_path: Path) -> GitSource:
    return GitSource(parse_git_address(host.address(who)), cache=tmp_path / "git")


def test_credentials_reach_the_host_and_stay_out_of_the_mirror(
    repository: GitRepository, host: Host, tmp_path: Path
) -> None:
    fetched = source(host, "ada:s3cret%21@", tmp_path).fetch()
    assert fetched.files == read_folder(repository.root / "sites")
    assert host.seen == {GOOD}
    for file in (tmp_path / "git").rglob("*"):
        if file.is_file():
            assert b"s3cret" not in file.read_bytes()
            assert GOOD.encode() not in file.read_bytes()


@pytest.mark.parametrize("who", ["", "ada:wr0ng%21@", "t0ken@"], ids=["none", "wrong", "token"])
def test_a_refusal_is_said_without_credentials(host: Host, tmp_path: Path, who: str) -> None:
    with pytest.raises(SourceUnavailable) as error:
        source(host, who, tmp_path).fetch()
    assert error.value.place == f"https://127.0.0.1:{host.port}/.git"
    assert not {word for word in ("wr0ng", "t0ken", "ada") if word in str(error.value)}


def test_a_host_that_nobody_vouches_for_is_refused(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GIT_SSL_CAINFO")
    with pytest.raises(SourceUnavailable, match="certificate"):
        source(host, "ada:s3cret%21@", tmp_path).fetch()
    assert host.seen == set()
