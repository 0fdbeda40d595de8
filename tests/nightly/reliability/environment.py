"""A subscriber, their device, the network and the backend: all real but the road between the two ends.

The client reaches the sandbox by name over TLS, through a `Gateway`. The name stands in a hosts table of this
process, which a fault can change.
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
"""Seconds the client waits for an answer, and while none is meant to come."""
_RESOLVE = socket.getaddrinfo


class Environment:
    """Everything a fault can touch and a screen is seen through. One test, one event loop."""

    def __init__(self, sandbox: Sandbox, gateway: Gateway) -> None:
        self.sandbox, self.gateway, self.store = sandbox, gateway, MemoryStore()
        self.device = Clock(NOW)
        """The device's clock; the backend has its own."""
        self.asking = 0
        """Requests of the clients not ended yet."""
        self._clients: list[Backend] = []
        self._timeout = LONG

    @property
    def origin(self) -> str:
        """Of the backend, as the client knows it."""
        return f"https://{NAME}:{self.gateway.port}"

    def visit(self, route: str, *, signed_in: bool = True) -> Driver:
        """Somebody in front of the whole app, on the device whose store this is, or on a new one."""
        store = self.store if signed_in else MemoryStore()
        backend = Backend.at(self.origin, store, clock=self.device, timeout=self._timeout)
        self._clients.append(backend)

        async def main(page: ft.Page) -> None:
            await open_app(page, backend, Settings(data_folder=Path("unused"), backend=self.origin))

        return Driver(main, route=route)

    @contextmanager
    def hurry(self) -> Iterator[None]:
        """No client waits long for an answer that will not come."""
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
        """On this device, without a screen, and to stay so."""
        client = Backend.at(self.origin, self.store, clock=self.device)
        await client.finish_sign_in(await client.begin_sign_in(ABONNE), PASSWORD, remember=True)
        await client.close()

    async def quiet(self, app: Driver) -> None:
        """Wait until nothing is asked any more, and what was answered is drawn."""
        await app.until(lambda: app.waits and not self.asking, "still asking")

    async def close(self) -> None:
        """End the clients and the road."""
        for client in self._clients:
            await client.close()
        await self.gateway.close()


class _Hurried(Retry):
    """The client's retries: one, without its pause."""

    async def asleep(self, response: object) -> None:
        await asyncio.sleep(0)


@asynccontextmanager
async def environment(
    sandbox: Sandbox, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Environment]:
    """The backend as it was made, the road open, the name known, nobody in front of the app yet."""
    retry = http._RETRY
    hurried = _Hurried(total=1, allowed_methods=retry.allowed_methods, total_timeout=retry.total_timeout)
    monkeypatch.setattr(http, "_RETRY", hurried)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(socket, "getaddrinfo", hosts({NAME: "127.0.0.1"}))
    monkeypatch.setattr(logging.getLogger("uvicorn.error"), "propagate", False)  # its 500s are its own
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
    """The system's resolver, after a table of names."""

    def resolve(host: str | bytes, *arguments: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        return _RESOLVE(table.get(name, name), *arguments, **options)

    return resolve


def tls(certificate: Path) -> ssl.SSLContext:
    """A server that shows this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def self_signed(file: Path) -> Path:
    """A certificate for `NAME` that nobody but itself vouches for, with its key."""
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
