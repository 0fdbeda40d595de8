"""The backend of the matrix: the sandbox under uvicorn, on a SQLite file, and what befalls them."""

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
        self.gateway_port = free_port()
        self.clock = Clock(NOW)
        self._full = False
        self._up = ExitStack()
        self._address = ("127.0.0.1", 9)

    def start(self) -> None:
        """Serve, at another address each time."""
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
        """End every connection, and serve no more."""
        self._up.close()

    def address(self) -> tuple[str, int]:
        """Host and port, in clear."""
        return self._address

    async def do(self, work: Callable[[Connection], Any]) -> Any:
        """One transaction of the operator's own."""
        return await self.store.run(work, writing=True)

    async def news(self) -> None:
        """Every figure becomes another."""

        def add(connection: Connection) -> None:
            connection.execute(update(purchase).values(amount=purchase.c.amount + 100))
            connection.execute(update(subscription).values(price=subscription.c.price + 100))

        await self.do(add)

    async def start_over(self) -> None:
        """Everything is as it was made, whatever was done."""
        self.clock.now = NOW
        await self.do(lambda connection: fill_again(connection, person(), NOW))

    async def expire_access(self) -> None:
        """No access token is good any more; refresh tokens are."""
        await self.do(lambda connection: connection.execute(access_token.delete()))

    async def sign_out_everywhere(self) -> None:
        """The subscriber does, on another device."""
        who, now = subscriber_id_of(ABONNE), self.clock()
        await self.do(lambda connection: tokens.sign_out_everywhere(connection, who, now))

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
