"""The database: opened, filled with subscribers, and worked on one transaction at a time."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import re
import threading
import time
import unicodedata
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, StaticPool, create_engine, event, inspect, make_url, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateTable

from services.sandbox import schema
from services.sandbox.data_file import Contract, MerchantContact, Purchase, Subscriber, Subscription
from services.sandbox.identity import canonical, digest, hash_password

T = TypeVar("T")
_TRY_AGAIN = ("40001", "40P01", "23505", "42P07")
# PostgreSQL: serialization failure, deadlock; and what either may look like when two insert one key, or two
# sandboxes make one table: unique violation, duplicate table.
_TRIES = 20
_ACCENTS = re.compile("[\u0300-\u036f]+")

Rows = dict[str, list[dict[str, Any]]]
"""What goes into each table, by its name."""


class Store:
    """One database, SQLite or PostgreSQL.

    Every transaction is serializable: SQLite's writers are one at a time, PostgreSQL is asked for that
    isolation and a transaction it gives up is tried again.
    """

    def __init__(self, url: str) -> None:
        """Opens the database and makes its tables; those of another version are dropped first.

        Raises:
            sqlalchemy.exc.SQLAlchemyError, ImportError: no such database, or no driver for it.
        """
        self._engine, self._alone = _open(url)
        # SQLite's writers take turns in the order in which they came: a renewal asked for again, its answer
        # lost, must not overtake the first, which would undo it and sign its owner out.
        self._writer = ThreadPoolExecutor(1) if self._engine.dialect.name == "sqlite" else None
        self.transact(_make_tables, writing=True)

    def transact(self, work: Callable[[Connection], T], *, writing: bool = False) -> T:
        """Does `work` in one transaction: all of it or nothing. It may be called more than once."""
        for tries in range(1, _TRIES + 1):
            try:
                with self._alone, self._engine.connect() as connection:
                    connection.execution_options(writing=writing)
                    with connection.begin():
                        return work(connection)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in _TRY_AGAIN or tries == _TRIES:
                    raise
            time.sleep(0.005 * tries)
        raise AssertionError("the last try returns or raises")

    async def run(self, work: Callable[[Connection], T], *, writing: bool = False) -> T:
        """`transact` in a thread. Whoever waits may be cancelled; the transaction ends by itself."""
        transaction = functools.partial(self.transact, work, writing=writing)
        thread = self._writer if writing else None
        # Unshielded, one that has not begun would end with whoever waits for it.
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(thread, transaction))

    def close(self) -> None:
        """Closes every connection; what was in memory is gone."""
        if self._writer is not None:
            self._writer.shutdown()
        self._engine.dispose()


def fill(
    connection: Connection,
    subscribers: Iterable[Subscriber],
    *,
    content: str,
    now: datetime,
    log2_cost: int,
) -> None:
    """Replaces every subscriber; who is signed in stays so, as long as they still exist."""
    subscribers = tuple(subscribers)
    rows: Rows = {table.name: [] for table in schema.SUBSCRIBER_TABLES}
    with ThreadPoolExecutor() as pool:  # hashing is slow on purpose, and lets other threads work
        hashes = pool.map(lambda each: hash_password(each.password, log2_cost), subscribers)
        for subscriber, password_hash in zip(subscribers, hashes, strict=True):
            _add_subscriber(rows, subscriber, password_hash, now)
    for table in schema.SUBSCRIBER_TABLES:
        connection.execute(table.delete())
    for table in reversed(schema.SUBSCRIBER_TABLES):
        if rows[table.name]:
            connection.execute(table.insert(), rows[table.name])
    connection.execute(schema.filling.delete())
    connection.execute(schema.filling.insert().values(shape=_shape(), content=content, made_at=now))


def fill_again(connection: Connection, subscriber: Subscriber, now: datetime) -> None:
    """Replaces what one subscriber has and did, wrong passwords included; who they are and who is signed in
    as them stay.
    """
    subscriber_id = subscriber_id_of(subscriber.identifier)
    rows: Rows = {table.name: [] for table in schema.SUBSCRIBER_TABLES}
    _add_subscriber(rows, subscriber, "", now)
    contracts = select(schema.contract.c.contract_id).where(schema.contract.c.subscriber_id == subscriber_id)
    purchases = select(schema.purchase.c.payment_id).where(schema.purchase.c.contract_id.in_(contracts))
    replaced = [
        table for table in schema.SUBSCRIBER_TABLES if table not in (schema.identifier, schema.subscriber)
    ]
    for table in replaced:
        if "subscriber_id" in table.c:
            theirs = table.c.subscriber_id == subscriber_id
        elif "contract_id" in table.c:
            theirs = table.c.contract_id.in_(contracts)
        else:
            theirs = table.c.payment_id.in_(purchases)
        connection.execute(table.delete().where(theirs))
    for table in reversed(replaced):
        if rows[table.name]:
            connection.execute(table.insert(), rows[table.name])
    connection.execute(schema.failure.delete().where(schema.failure.c.account == subscriber_id))


def content_of(connection: Connection, now: datetime) -> str | None:
    """Which content the database holds; None when it holds none, or one made after `now`."""
    row = connection.execute(schema.filling.select()).first()
    return row.content if row is not None and row.made_at <= now else None


def subscriber_id_of(identifier: str) -> str:
    """Opaque, and the same every time the subscribers are made."""
    return f"s-{digest(canonical(identifier))[:20]}"


def fold(text: str) -> str:
    """Text as it is searched: without case, accents or typographic variants."""
    text = text.casefold()
    if text.isascii():
        return text
    text = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    return text.replace("œ", "oe").replace("æ", "ae").replace("’", "'")


def _open(url: str) -> tuple[Engine, contextlib.AbstractContextManager[Any]]:
    """An engine, and what to hold around each transaction."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, isolation_level="SERIALIZABLE"), contextlib.nullcontext()
    if parsed.database not in (None, "", ":memory:"):
        engine = create_engine(parsed)
        alone: contextlib.AbstractContextManager[Any] = contextlib.nullcontext()
    else:
        # A database in memory lives in its one connection, which threads take turns to use.
        engine = create_engine(parsed, poolclass=StaticPool, connect_args={"check_same_thread": False})
        alone = threading.Lock()

    @event.listens_for(engine, "connect")
    def set_up(dbapi_connection: Any, _record: object) -> None:
        dbapi_connection.isolation_level = None  # transactions begin below, not where the driver guesses
        for pragma in ("busy_timeout=5000", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            dbapi_connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads first and writes then must have the lock from the start.
        writing = connection.get_execution_options().get("writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine, alone


def _shape() -> str:
    definitions = (str(CreateTable(table)) for table in schema.tables.sorted_tables)
    return hashlib.sha256("".join(definitions).encode()).hexdigest()


def _make_tables(connection: Connection) -> None:
    if inspect(connection).has_table(schema.filling.name):
        shape = connection.execute(schema.filling.select()).first()
        if shape is None or shape.shape != _shape():
            schema.tables.drop_all(connection)
    schema.tables.create_all(connection)


def _add_subscriber(rows: Rows, subscriber: Subscriber, password_hash: str, now: datetime) -> None:
    subscriber_id = subscriber_id_of(subscriber.identifier)
    rows["subscriber"].append(
        {
            "subscriber_id": subscriber_id,
            "display_name": subscriber.display_name,
            "password_hash": password_hash,
            "locked": subscriber.locked,
        }
    )
    for name in {canonical(subscriber.identifier), canonical(subscriber.phone_number or "")} - {""}:
        rows["identifier"].append({"identifier": name, "subscriber_id": subscriber_id})
    for position, contract in enumerate(subscriber.contracts):
        rows["contract"].append(_contract(contract, position, now) | {"subscriber_id": subscriber_id})
        owner = {"contract_id": contract.contract_id}
        rows["subscription"] += (_subscription(each) | owner for each in contract.subscriptions)
        rows["purchase"] += (_purchase(each) | owner for each in contract.purchases)


def _contract(contract: Contract, position: int, now: datetime) -> dict[str, Any]:
    return {
        "contract_id": contract.contract_id,
        "position": position,
        "kind": contract.kind,
        "label": contract.label,
        "masked_number": contract.masked_number,
        "billing_rights": contract.billing_rights,
        "cut_off_day": contract.billing.cut_off_day,
        "time_zone": contract.billing.time_zone,
        "service_status": contract.service.status,
        "service_since": contract.service.since or now.date(),
    }


def _merchant(entry: Purchase | Subscription) -> dict[str, Any]:
    contact = entry.merchant_contact or MerchantContact()
    slug = re.sub(r"[^a-z0-9]+", "-", fold(entry.merchant_name)).strip("-")
    return {
        "merchant_name": entry.merchant_name,
        "merchant_identifier": entry.merchant_identifier or slug or "merchant",
        "merchant_url": contact.url,
        "merchant_email": contact.email,
        "merchant_phone": contact.phone,
    }


def _subscription(subscription: Subscription) -> dict[str, Any]:
    return _merchant(subscription) | {
        "subscription_id": subscription.subscription_id,
        "name": subscription.name,
        "price": subscription.price.cents,
        "recurring_charge_period": subscription.recurring_charge_period,
        "status": subscription.status,
        "start_date": subscription.start_date,
        "next_charge_date": subscription.next_charge_date,
        "termination_date": subscription.termination_date,
        "terminable": subscription.terminable,
        "last_payment_id": subscription.last_payment_id,
        "termination_reference": subscription.termination_reference,
    }


def _purchase(purchase: Purchase) -> dict[str, Any]:
    return _merchant(purchase) | {
        "payment_id": purchase.payment_id,
        "entry_type": purchase.entry_type,
        "refund_of": purchase.refund_of,
        "payment_status": purchase.payment_status,
        "payment_date": purchase.payment_date,
        "amount": purchase.amount.cents,
        "tax_amount": purchase.tax_amount and purchase.tax_amount.cents,
        "refunded_amount": purchase.refunded_amount and purchase.refunded_amount.cents,
        "description": purchase.description,
        "category": purchase.purchase_category_code,
        "channel": purchase.channel,
        "kind": purchase.kind,
        "subscription_id": purchase.subscription_id,
        "reference_code": purchase.reference_code,
        "folded": fold(f"{purchase.merchant_name}\n{purchase.description}"),
    }
