"""TLS of the client on real sockets: trusted authorities, refused certificates, redirects."""

from __future__ import annotations

import os
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import trustme
from httpx_retries import Retry

from main import Application
from services.client import http
from services.client.backend import Backend
from services.client.credentials import MemoryStore
from services.client.trust import create_ssl_context
from services.domain.errors import BackendError, CertificateRefused, UnexpectedAnswer, Unreachable
from services.settings import Settings
from tests.harness.driver import Driver
from views.core.text import Language, Words

METADATA = "/.well-known/oauth-authorization-server"


class Stranger(BaseHTTPRequestHandler):
    """Handler that answers 404 or redirects, and records the requested paths."""

    elsewhere: str | None = None
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(302 if self.elsewhere else 404)
        if self.elsewhere:
            self.send_header("Location", self.elsewhere + self.path)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET  # noqa: N815 - the name the library calls

    def log_message(self, *_: object) -> None:
        """Log nothing, to keep the test output readable."""


@contextmanager
def listening(
    certificate: Callable[[ssl.SSLContext], object] | None = None,
    *,
    elsewhere: str | None = None,
    newest: ssl.TLSVersion | None = None,
) -> Iterator[tuple[int, list[str]]]:
    """Run a local server, with TLS if `certificate` is given; yield its port and the requested paths."""
    asked: list[str] = []
    handler = type("Handler", (Stranger,), {"asked": asked, "elsewhere": elsewhere})

    class Server(HTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Ignore clients that abort the handshake, as intended here."""

    with Server(("127.0.0.1", 0), handler) as server:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate(context)
            if newest is not None:
                context.minimum_version = context.maximum_version = newest
                context.set_ciphers("ALL:@SECLEVEL=0")
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port, asked
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disable retries, which have their own tests."""
    monkeypatch.setattr(http, "_RETRY", Retry(total=0))


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the certificate variables from the environment."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def pinned(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the authority's certificate as a file for `--ca-file`."""
    file = tmp_path_factory.mktemp("authorities") / "ca.pem"
    authority.cert_pem.write_to_path(file)
    return file


async def refusal(url: str, ca_file: Path | None = None) -> BackendError:
    """Return the error of a sign-in at the backend at `url`."""
    backend = Backend.at(url, MemoryStore(), tls=create_ssl_context(ca_file))
    try:
        with pytest.raises(BackendError) as refused:
            await backend.begin_sign_in("camille@demo.example")
    finally:
        await backend.close()
    return refused.value


async def test_authority_of_the_ca_file_is_trusted(authority: trustme.CA, pinned: Path) -> None:
    with listening(authority.issue_cert("localhost").configure_cert) as (port, asked):
        error = await refusal(f"https://localhost:{port}", pinned)
    assert isinstance(error, UnexpectedAnswer)  # the server was reached, but has no such endpoint
    assert METADATA in asked


async def test_authority_of_the_settings_is_trusted_by_the_app(
    authority: trustme.CA, pinned: Path, tmp_path: Path
) -> None:
    words = Words(Language.FR)
    with listening(authority.issue_cert("localhost").configure_cert) as (port, asked):
        told = Settings(data_folder=tmp_path, backend=f"https://localhost:{port}", ca_file=pinned)
        async with Driver(Application(told).start, web=True) as app:
            await app.enter(words("login.field"), "camille@demo.example")
            await app.tap(words("login.continue"))
            await app.see(words("error.UnexpectedAnswer.title"))
    assert METADATA in asked


async def test_unknown_authority_is_refused(authority: trustme.CA) -> None:
    with listening(authority.issue_cert("localhost").configure_cert) as (port, asked):
        assert type(await refusal(f"https://localhost:{port}")) is CertificateRefused
    assert asked == []


async def test_certificates_of_the_system_are_trusted(
    authority: trustme.CA, pinned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    none = ssl.get_default_verify_paths()._replace(cafile="", capath="")
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: none)
    monkeypatch.setattr("truststore._openssl._CA_FILE_CANDIDATES", [str(pinned)])
    with listening(authority.issue_cert("localhost").configure_cert) as (port, asked):
        assert isinstance(await refusal(f"https://localhost:{port}"), UnexpectedAnswer)
    assert METADATA in asked


def test_mozilla_list_is_trusted_where_the_system_has_no_certificates(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    none = ssl.get_default_verify_paths()._replace(cafile="", capath="")
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: none)
    monkeypatch.setattr("truststore._openssl._CA_FILE_CANDIDATES", [])
    assert create_ssl_context(environment={}).cert_store_stats()["x509_ca"] > 50


async def test_certificates_of_the_environment_are_trusted(
    authority: trustme.CA, pinned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(pinned))
    with listening(authority.issue_cert("localhost").configure_cert) as (port, asked):
        assert isinstance(await refusal(f"https://localhost:{port}"), UnexpectedAnswer)
    assert METADATA in asked


def test_folder_of_certificates_is_accepted_only_with_hashed_names(pinned: Path, tmp_path: Path) -> None:
    environment = {"SSL_CERT_DIR": f"{tmp_path / 'none'}{os.pathsep}{tmp_path}"}
    (tmp_path / "ca.pem").write_bytes(pinned.read_bytes())
    with pytest.raises(ValueError, match=r"^SSL_CERT_DIR .+\.$"):
        create_ssl_context(environment=environment)
    (tmp_path / "0123abcd.0").write_bytes(pinned.read_bytes())
    create_ssl_context(environment=environment)


def test_certificate_settings_that_cannot_be_used_are_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a certificate", encoding="utf-8")
    (tmp_path / "empty").touch()
    for name, value in [
        *(("SSL_CERT_FILE", tmp_path / file) for file in ("none", "text", "empty", ".")),
        *(("SSL_CERT_DIR", tmp_path / folder) for folder in ("none", "text", ".")),
        *(("SSLKEYLOGFILE", tmp_path / file) for file in ("none/keys", ".")),
    ]:
        with pytest.raises(ValueError, match=rf"^{name} [^\n]+\.$"):
            create_ssl_context(environment={name: str(value)})


def test_blank_certificate_settings_count_as_absent() -> None:
    create_ssl_context(environment={"SSL_CERT_FILE": "", "SSL_CERT_DIR": " ", "SSLKEYLOGFILE": " "})


async def test_authority_other_than_the_ca_file_is_refused(pinned: Path) -> None:
    other = trustme.CA()
    with listening(other.issue_cert("localhost").configure_cert) as (port, asked):
        assert isinstance(await refusal(f"https://localhost:{port}", pinned), Unreachable)
    assert asked == []


async def test_self_signed_server_certificate_is_refused(tmp_path: Path) -> None:
    alone = trustme.CA()  # an authority's own certificate, used by the server
    file = tmp_path / "own.pem"
    file.write_bytes(alone.private_key_pem.bytes() + alone.cert_pem.bytes())
    with listening(lambda context: context.load_cert_chain(file)) as (port, asked):
        assert isinstance(await refusal(f"https://localhost:{port}"), Unreachable)
    assert asked == []


@pytest.mark.parametrize("named", ["elsewhere.example", "127.0.0.2"])
async def test_certificate_of_another_host_is_refused(
    authority: trustme.CA, pinned: Path, named: str
) -> None:
    with listening(authority.issue_cert(named).configure_cert) as (port, asked):
        assert type(await refusal(f"https://localhost:{port}", pinned)) is CertificateRefused
        assert isinstance(await refusal(f"https://127.0.0.1:{port}", pinned), Unreachable)
    assert asked == []


async def test_expired_certificate_is_refused(authority: trustme.CA, pinned: Path) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    over = authority.issue_cert("localhost", not_before=yesterday - timedelta(days=9), not_after=yesterday)
    with listening(over.configure_cert) as (port, asked):
        assert isinstance(await refusal(f"https://localhost:{port}", pinned), Unreachable)
    assert asked == []


async def test_tls_1_1_is_refused(authority: trustme.CA, pinned: Path) -> None:
    certificate = authority.issue_cert("localhost").configure_cert
    with (
        pytest.warns(DeprecationWarning, match="TLSv1_1"),
        listening(certificate, newest=ssl.TLSVersion.TLSv1_1) as (port, asked),
    ):
        assert isinstance(await refusal(f"https://localhost:{port}", pinned), Unreachable)
    assert asked == []


async def test_redirect_to_another_server_is_not_followed(authority: trustme.CA, pinned: Path) -> None:
    certificate = authority.issue_cert("localhost").configure_cert
    with (
        listening(certificate) as (other, asked_elsewhere),
        listening(certificate, elsewhere=f"https://localhost:{other}") as (port, asked),
    ):
        assert isinstance(await refusal(f"https://localhost:{port}", pinned), UnexpectedAnswer)
    assert asked
    assert asked_elsewhere == []


@pytest.mark.parametrize(
    "url", ["http://backend.example", "http://192.0.2.1", "http://localhost.example", "ftp://x", "ws://x"]
)
def test_backend_without_tls_is_refused_except_locally(url: str) -> None:
    with pytest.raises(ValueError, match=r"https://"):
        Backend.at(url, MemoryStore())


@pytest.mark.parametrize("content", [None, b"", b"not a certificate"])
def test_unusable_ca_file_is_refused_at_start(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ValueError, match=r"ca\.pem cannot be read as a file of PEM certificates"):
        Settings.from_environment({"CONSO_CA_FILE": str(file)}, backend="https://backend.example")


def test_ca_file_is_set_by_option_or_environment(pinned: Path) -> None:
    told = Settings.from_environment({"CONSO_CA_FILE": "unused"}, ca_file=str(pinned))
    assert told.ca_file == Settings.from_environment({"CONSO_CA_FILE": str(pinned)}).ca_file == pinned
    assert Settings.from_environment({"CONSO_CA_FILE": ""}).ca_file is None
