"""Environment of the matrix: device of a subscriber, network and backend; only the network is simulated.

The client reaches the sandbox by host name over TLS, through a `Gateway`. A hosts table of this process maps
the name; a fault can change the table.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import flet as ft
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from httpx_retries import Retry

from services.client import http
from services.client.backend import Backend
from services.client.credentials import MemoryStore
from services.client.http import HttpClient, Response
from services.settings import Settings
from tests.harness.clock import Clock
from tests.harness.driver import Driver
from tests.nightly.reliability.fault_server import NAME, Gateway, honest
from tests.nightly.reliability.sandbox import Sandbox
from tests.views.conftest import NOW, PASSWORD
from tests.views.factories import ABONNE
from views.app import open_app

LONG, SHORT = 10.0, 0.1
"""Timeout of the client in seconds, in general and if a fault withholds the answer."""
_RESOLVE = socket.getaddrinfo


class Environment:
    """Device, network and backend of one test, which a fault can change."""

    def __init__(self, sandbox: Sandbox, gateway: Gateway) -> None:
        self.sandbox, self.gateway, self.store = sandbox, gateway, MemoryStore()
        self.device = Clock(NOW)
        """Clock of the device; the backend has its own."""
        self.asking = 0
        """Number of requests in flight."""
        self._clients: list[Backend] = []
        self._timeout = LONG

    @property
    def origin(self) -> str:
        """Origin of the backend, as the client knows it."""
        return f"https://{NAME}:{self.gateway.port}"

    def visit(self, route: str, *, signed_in: bool = True) -> Driver:
        """Open the app at `route`, on the device that is signed in, or on a new one."""
        store = self.store if signed_in else MemoryStore()
        backend = Backend.at(self.origin, store, clock=self.device, timeout=self._timeout)
        self._clients.append(backend)

        async def main(page: ft.Page) -> None:
            await open_app(page, backend, Settings(data_folder=Path("unused"), backend=self.origin))

        return Driver(main, route=route)

    @contextmanager
    def hurry(self) -> Iterator[None]:
        """Shorten the timeout of the clients, for a fault that withholds answers."""
        self._be_patient(SHORT)
        try:
            yield
        finally:
            self._be_patient(LONG)

    def _be_patient(self, timeout: float) -> None:
        self._timeout = timeout
        for client in self._clients:
            client._http._timeout = timeout

    async def sign_in(self) -> None:
        """Sign in on this device, without a screen, and stay signed in."""
        client = Backend.at(self.origin, self.store, clock=self.device)
        await client.finish_sign_in(await client.begin_sign_in(ABONNE), PASSWORD, remember=True)
        await client.close()

    async def quiet(self, app: Driver) -> None:
        """Wait until no request is in flight, and all answers are drawn."""
        await app.until(lambda: app.waits and not self.asking, "still asking")

    async def close(self) -> None:
        """Close the clients and the gateway."""
        for client in self._clients:
            await client.close()
        await self.gateway.close()


class _Hurried(Retry):
    """Retry policy of the client with one retry, without a pause."""

    async def asleep(self, response: object) -> None:
        await asyncio.sleep(0)


@asynccontextmanager
async def environment(
    sandbox: Sandbox, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Environment]:
    """Yield the environment without a fault, with the initial data of the backend."""
    retry = http._RETRY
    hurried = _Hurried(total=1, allowed_methods=retry.allowed_methods, total_timeout=retry.total_timeout)
    monkeypatch.setattr(http, "_RETRY", hurried)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(socket, "getaddrinfo", hosts({NAME: "127.0.0.1"}))
    monkeypatch.setattr(
        logging.getLogger("uvicorn.error"), "propagate", False
    )  # the log of its simulated errors
    gateway = Gateway(sandbox.address, tls(certificate), sandbox.gateway_port)
    await gateway.open()
    around = Environment(sandbox, gateway)
    send = HttpClient.send

    async def counted(wire: HttpClient, *request: Any, **more: Any) -> Response:
        around.asking += 1
        try:
            return await send(wire, *request, **more)
        finally:
            around.asking -= 1

    monkeypatch.setattr(HttpClient, "send", counted)
    try:
        await sandbox.start_over()
        await around.sign_in()
        yield around
    finally:
        gateway.play = honest
        await around.close()


def hosts(table: dict[str, str]) -> Callable[..., Any]:
    """Return a resolver that maps names by `table` before it asks the system."""

    def resolve(host: str | bytes, *arguments: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        return _RESOLVE(table.get(name, name), *arguments, **options)

    return resolve


def tls(certificate: Path) -> ssl.SSLContext:
    """Return the SSL context of a server with this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def self_signed(file: Path) -> Path:
    """Write a self-signed certificate for `NAME`, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file
