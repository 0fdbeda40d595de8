"""A subscriber, their device, the network and the backend: all real but the road between the two ends.

The sandbox is served by uvicorn from a SQLite file; the client reaches it by name over TLS, through a
`Gateway`. The name stands in a hosts table of this process, which a fault can take it out of.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import sqlite3
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import flet as ft
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from httpx_retries import Retry
from msgspec.structs import replace
from sqlalchemy import Connection, event, update

from services import transport
from services.backend import Backend
from services.credentials import MemoryStore
from services.sandbox import Settings, Subscriber, create_app
from services.sandbox.schema import access_token, purchase, subscription
from services.sandbox.store import Store, fill_again
from services.settings import Settings as AppSettings
from services.transport import Reply, Wire
from tests.driver import Driver
from tests.reliability.gateway import NAME, Gateway, honest
from tests.services.surroundings import Clock, served
from tests.views.conftest import NOW, PASSWORD
from tests.views.people import ABONNE, subscribed
from views.app import open_app

LONG, SHORT = 10.0, 0.1
"""Seconds the client waits for an answer, and while none is meant to come."""
_RESOLVE = socket.getaddrinfo


def person() -> Subscriber:
    """One box, two subscriptions, a payment or two a period: what the screens need, to be drawn quickly."""
    everything = subscribed()
    box = everything.contracts[0]
    purchases = (*box.purchases[::4], box.purchases[-1])
    small = replace(box, subscriptions=box.subscriptions[:2], purchases=purchases)
    return replace(everything, contracts=(small,))


class Sandbox:
    """The backend: one database, served until it is stopped, and again from where it was."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.clock = Clock(NOW)
        self._full = False
        self._up = ExitStack()
        self._address = ("127.0.0.1", 9)

    def start(self) -> None:
        app = create_app(
            f"sqlite:///{self.file}",
            subscribers=(person(),),
            clock=self.clock,
            settings=Settings(scrypt_log2_cost=4, reminders=10**6),
        )
        self.store: Store = app.state.store
        self._watch(self.store)
        origin = urlsplit(self._up.enter_context(served(app)))
        self._up.callback(self.store.close)
        self._address = (str(origin.hostname), origin.port or 0)

    def stop(self) -> None:
        self._up.close()

    def address(self) -> tuple[str, int]:
        return self._address

    async def do(self, work: Callable[[Connection], Any]) -> Any:
        """One transaction of the operator's own."""
        return await self.store.run(work, writing=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Another program holds the database's one right to write."""
        with closing(sqlite3.connect(self.file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield  # closed, it lets go

    @contextmanager
    def full(self) -> Iterator[None]:
        """The database can grow no more."""
        self._full = True
        try:
            yield
        finally:
            self._full = False
            self.store._engine.dispose()  # its connections keep the limit; the next ones have none

    def _watch(self, store: Store) -> None:
        engine = store._engine
        engine.dispose()  # what is open was opened without this

        @event.listens_for(engine, "connect")
        def impatient(connection: sqlite3.Connection, _record: object) -> None:
            connection.execute("PRAGMA busy_timeout=100")

        @event.listens_for(engine, "begin")
        def grow(connection: Connection) -> None:
            # What is written may fit in a page that is there: each transaction first needs new ones.
            if self._full and connection.get_execution_options().get("writing"):
                connection.exec_driver_sql("PRAGMA max_page_count=1")
                connection.exec_driver_sql("CREATE TABLE more AS SELECT zeroblob(100000) AS room")


class World:
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
        return f"https://{NAME}:{self.gateway.port}"

    def visit(self, route: str, *, signed_in: bool = True) -> Driver:
        """Somebody in front of the whole app, on the device whose store this is, or on a new one."""
        store = self.store if signed_in else MemoryStore()
        backend = Backend.at(self.origin, store, clock=self.device, timeout=self._timeout)
        self._clients.append(backend)

        async def main(page: ft.Page) -> None:
            await open_app(page, backend, AppSettings(data_folder=Path("unused"), backend=self.origin))

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
            client._wire._timeout = timeout

    async def sign_in(self) -> None:
        """On this device, without a screen, and to stay so."""
        client = Backend.at(self.origin, self.store, clock=self.device)
        await client.finish_sign_in(await client.begin_sign_in(ABONNE), PASSWORD, remember=True)
        await client.close()

    async def quiet(self, app: Driver) -> None:
        """Wait until nothing is asked any more, and what was answered is drawn."""
        for _ in range(3):
            await app.until(lambda: not self.asking, "still asking")
            await asyncio.sleep(0.002)

    async def news(self) -> None:
        """Every figure of the backend becomes another."""

        def add(connection: Connection) -> None:
            connection.execute(update(purchase).values(amount=purchase.c.amount + 100))
            connection.execute(update(subscription).values(price=subscription.c.price + 100))

        await self.sandbox.do(add)

    async def expire_access(self) -> None:
        """No access token is good any more; refresh tokens are."""
        await self.sandbox.do(lambda connection: connection.execute(access_token.delete()))

    async def close(self) -> None:
        for client in self._clients:
            await client.close()
        await self.gateway.close()


class _Hurried(Retry):
    """The client's retries: one, without its pause."""

    async def asleep(self, response: object) -> None:
        await asyncio.sleep(0)


@asynccontextmanager
async def world(sandbox: Sandbox, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """The backend as it was made, the road open, the name known, nobody in front of the app yet."""
    retry = transport._RETRY
    hurried = _Hurried(total=1, allowed_methods=retry.allowed_methods, total_timeout=retry.total_timeout)
    monkeypatch.setattr(transport, "_RETRY", hurried)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(socket, "getaddrinfo", hosts({NAME: "127.0.0.1"}))
    monkeypatch.setattr(logging.getLogger("uvicorn.error"), "propagate", False)  # its 500s are its own
    gateway = Gateway(sandbox.address, tls(certificate))
    await gateway.open()
    around = World(sandbox, gateway)
    send = Wire.send

    async def counted(wire: Wire, *request: Any, **more: Any) -> Reply:
        around.asking += 1
        try:
            return await send(wire, *request, **more)
        finally:
            around.asking -= 1

    monkeypatch.setattr(Wire, "send", counted)
    try:
        await sandbox.do(lambda connection: fill_again(connection, person(), NOW))
        sandbox.clock.now = NOW
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
