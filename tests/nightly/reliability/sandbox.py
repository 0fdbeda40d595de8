"""Backend of the matrix: the sandbox under uvicorn, on a SQLite file, with its faults."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from msgspec.structs import replace
from sqlalchemy import Connection, event, update

from services.sandbox import SandboxSettings, Subscriber, create_app, tokens
from services.sandbox.schema import access_token, purchase, subscription
from services.sandbox.store import Store, fill_again, subscriber_id_of
from tests.harness.clock import Clock
from tests.harness.ports import free_port
from tests.harness.servers import served
from tests.nightly.reliability.fault_server import NAME
from tests.views.conftest import NOW
from tests.views.factories import ABONNE, subscribed


def person() -> Subscriber:
    """Return a subscriber with little data, which the screens draw quickly."""
    everything = subscribed()
    box = everything.contracts[0]
    purchases = (*box.purchases[::4], box.purchases[-1])
    small = replace(box, subscriptions=box.subscriptions[:2], purchases=purchases)
    return replace(everything, contracts=(small,))


class Sandbox:
    """Backend with one database, which can be stopped and started again."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.gateway_port = free_port()
        self.clock = Clock(NOW)
        self._full = False
        self._up = ExitStack()
        self._address = ("127.0.0.1", 9)

    def start(self) -> None:
        """Serve, on another port each time."""
        app = create_app(
            f"sqlite:///{self.file}",
            subscribers=(person(),),
            clock=self.clock,
            settings=SandboxSettings(scrypt_log2_cost=4, reminders=10**6),
            issuer=f"https://{NAME}:{self.gateway_port}",
        )
        self.store: Store = app.state.store
        self._watch(self.store)
        origin = urlsplit(self._up.enter_context(served(app)))
        self._up.callback(self.store.close)
        self._address = (str(origin.hostname), origin.port or 0)

    def stop(self) -> None:
        """Close all connections and stop."""
        self._up.close()

    def address(self) -> tuple[str, int]:
        """Return the host and port, without TLS."""
        return self._address

    async def do(self, work: Callable[[Connection], Any]) -> Any:
        """Run a transaction of the operator."""
        return await self.store.run(work, writing=True)

    async def news(self) -> None:
        """Change every figure."""

        def add(connection: Connection) -> None:
            connection.execute(update(purchase).values(amount=purchase.c.amount + 100))
            connection.execute(update(subscription).values(price=subscription.c.price + 100))

        await self.do(add)

    async def start_over(self) -> None:
        """Restore the initial data."""
        self.clock.now = NOW
        await self.do(lambda connection: fill_again(connection, person(), NOW))

    async def expire_access(self) -> None:
        """Expire all access tokens, but no refresh token."""
        await self.do(lambda connection: connection.execute(access_token.delete()))

    async def sign_out_everywhere(self) -> None:
        """Sign the subscriber out everywhere, from another device."""
        who, now = subscriber_id_of(ABONNE), self.clock()
        await self.do(lambda connection: tokens.sign_out_everywhere(connection, who, now))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the write lock of the database, as another program would."""
        with closing(sqlite3.connect(self.file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield  # closing it releases the lock

    @contextmanager
    def full(self) -> Iterator[None]:
        """Let the database grow no further."""
        self._full = True
        try:
            yield
        finally:
            self._full = False
            self.store._engine.dispose()  # pooled connections would keep the limit

    def _watch(self, store: Store) -> None:
        engine = store._engine
        engine.dispose()  # open connections do not have the limit

        @event.listens_for(engine, "connect")
        def impatient(connection: sqlite3.Connection, _record: object) -> None:
            connection.execute("PRAGMA busy_timeout=100")

        @event.listens_for(engine, "begin")
        def grow(connection: Connection) -> None:
            # A write may fit into existing pages: each transaction first allocates new ones.
            if self._full and connection.get_execution_options().get("writing"):
                connection.exec_driver_sql("PRAGMA max_page_count=1")
                connection.exec_driver_sql("CREATE TABLE more AS SELECT zeroblob(100000) AS room")
