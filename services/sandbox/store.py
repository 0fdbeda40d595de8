"""Database of the sandbox: opens it, fills it with subscribers, and runs transactions."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import logging
import re
import threading
import time
import unicodedata
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from sqlalchemy import URL, Connection, Engine, StaticPool, create_engine, event, inspect, make_url, select
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft
from sqlalchemy.schema import CreateTable

from services.domain.identifiers import canonical
from services.sandbox import schema
from services.sandbox.data_file import (
    Bill,
    Contract,
    Dispute,
    MerchantContact,
    Purchase,
    SpendingLimits,
    Subscriber,
    Subscription,
)
from services.sandbox.identity import digest, hash_password

T = TypeVar("T")
_TRY_AGAIN = ("40001", "40P01", "23505", "42P07")
# PostgreSQL: serialization failure, deadlock, unique violation, duplicate table. Two inserts of one key, or
# two sandboxes that create one table, may cause the last two.
_TRIES = 20
_CONNECT_TIME = "5"
"""Seconds to connect to PostgreSQL; its driver's default is the system's, minutes."""
_BUSY_MS = 5000
"""Milliseconds that SQLite waits for a lock of another process."""
_SQL_ERROR = 1  # SQLite's code for an invalid statement
_ACCENTS = re.compile("[\u0300-\u036f]+")

logger = logging.getLogger(__name__)

Rows = dict[str, list[dict[str, Any]]]
"""Rows to insert, by the name of their table."""


class DatabaseUnavailable(Exception):
    """The database cannot be reached, or cannot work for now: stopped, locked, full, read-only."""


class Store:
    """Database of the sandbox, SQLite or PostgreSQL.

    Every transaction is serializable. SQLite has one writer at a time. PostgreSQL uses that isolation level,
    and a transaction that it aborts is tried again.
    """

    def __init__(self, url: str) -> None:
        """Open the database and create its tables; tables of another version are dropped first.

        Raises:
            sqlalchemy.exc.SQLAlchemyError, ImportError: the database or its driver does not exist.
        """
        self._engine, self._alone = _open(url)
        self._available = True
        # SQLite's writes run in the order of their requests. A repeated renewal, whose first answer was lost,
        # must not overtake the first. The first would then count as a reuse, and end the session.
        self._writer = ThreadPoolExecutor(1) if self._engine.dialect.name == "sqlite" else None
        self.transact(_make_tables, writing=True)

    def transact(self, work: Callable[[Connection], T], *, writing: bool = False) -> T:
        """Run `work` in one transaction: all of it or nothing. `work` may be called more than once."""
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
        """Run `transact` in a thread. If the caller is cancelled, the transaction still ends.

        Raises:
            DatabaseUnavailable: try again later. It is unknown whether a commit in flight took effect.
        """
        transaction = functools.partial(self._transact_if_available, work, writing)
        thread = self._writer if writing else None
        running = asyncio.get_running_loop().run_in_executor(thread, transaction)
        # asyncio logs an error that no caller reads. A cancelled caller does not read it.
        running.add_done_callback(lambda done: done.cancelled() or done.exception())
        # Without a shield, a cancelled caller would cancel a transaction that has not begun.
        return await asyncio.shield(running)

    def _transact_if_available(self, work: Callable[[Connection], T], writing: bool) -> T:
        try:
            result = self.transact(work, writing=writing)
        except (DBAPIError, NoConnectionLeft) as error:
            if not _is_temporary(error):
                raise
            if self._available:  # log an outage once, however many requests fail
                self._available = False
                logger.warning("The database is unavailable: %s", getattr(error, "orig", error))
            raise DatabaseUnavailable from error
        self._available = True
        return result

    def close(self) -> None:
        """Close all connections; a database in memory is lost."""
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
    """Replace all subscribers; sessions of those who still exist stay valid."""
    subscribers = tuple(subscribers)
    rows: Rows = {table.name: [] for table in schema.SUBSCRIBER_TABLES}
    with ThreadPoolExecutor() as pool:  # hashing is slow on purpose, and releases the interpreter lock
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
    """Replace the data and the changes of one subscriber, wrong passwords included.

    The identity and the sessions of the subscriber stay.
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
    """Return the name of the database's content; None if it is empty or was created after `now`."""
    row = connection.execute(schema.filling.select()).first()
    return row.content if row is not None and row.made_at <= now else None


def subscriber_id_of(identifier: str) -> str:
    """Return the opaque id of a subscriber, always the same for an identifier."""
    return f"s-{digest(canonical(identifier))[:20]}"


def fold(text: str) -> str:
    """Return `text` in the form used for searches: without case, accents or typographic variants."""
    text = text.casefold()
    if text.isascii():
        return text
    text = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    return text.replace("œ", "oe").replace("æ", "ae").replace("’", "'")


def in_memory(url: str) -> bool:
    """Return whether the database of this URL is in memory, so that it starts empty."""
    parsed = make_url(url)
    return parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:")


def _open(url: str) -> tuple[Engine, contextlib.AbstractContextManager[Any]]:
    """Return an engine, and the lock to hold during each transaction."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        # Connections end with their server: check each before it is used.
        return (
            create_engine(_with_connect_time(parsed), isolation_level="SERIALIZABLE", pool_pre_ping=True),
            contextlib.nullcontext(),
        )
    if not in_memory(url):
        engine = create_engine(parsed)
        alone: contextlib.AbstractContextManager[Any] = contextlib.nullcontext()
    else:
        # A database in memory has a single connection, which threads use in turn.
        engine = create_engine(parsed, poolclass=StaticPool, connect_args={"check_same_thread": False})
        alone = threading.Lock()

    @event.listens_for(engine, "connect")
    def set_up(dbapi_connection: Any, _record: object) -> None:
        dbapi_connection.isolation_level = None  # transactions begin below, not where the driver guesses
        for pragma in (
            f"busy_timeout={_BUSY_MS}",
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
        ):
            dbapi_connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads before it writes must have the lock from the start.
        writing = connection.get_execution_options().get("writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine, alone


def _with_connect_time(url: URL) -> URL:
    """Return `url` with a connection timeout, unless it has one or its driver does not support it."""
    if not url.get_driver_name().startswith("psycopg") or "connect_timeout" in url.query:
        return url
    return url.update_query_dict({"connect_timeout": _CONNECT_TIME})


def _is_temporary(error: DBAPIError | NoConnectionLeft) -> bool:
    """Return whether `error` comes from the state of the database, not from an error in our code."""
    if not isinstance(error, DBAPIError):
        return True
    if (code := getattr(error.orig, "sqlite_errorcode", None)) is not None:
        return isinstance(error, OperationalError) and code & 0xFF != _SQL_ERROR
    read_only = getattr(error.orig, "sqlstate", None) == "25006"  # after a failover
    return error.connection_invalidated or read_only or isinstance(error, OperationalError | InterfaceError)


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
        if contract.review is not None:
            rows["review"].append(owner | {"document": msgspec.json.encode(contract.review).decode()})
        rows["dispute"] += (
            {"payment_id": each.payment_id} | _dispute(each.dispute)
            for each in contract.purchases
            if each.dispute is not None
        )
        rows["bill"] += (_bill(each) | owner for each in contract.bills)


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
        "limited": contract.service.limits is not None,
        **_limits(contract.service.limits or SpendingLimits()),
    }


def _limits(limits: SpendingLimits) -> dict[str, int | None]:
    amounts = {"transaction": limits.transaction, "month": limits.month, "own": limits.own}
    return {f"limit_{name}": None if amount is None else amount.cents for name, amount in amounts.items()}


def merchant_identifier(name: str) -> str:
    """Return the identifier of a merchant, derived from its name."""
    return re.sub(r"[^a-z0-9]+", "-", fold(name)).strip("-") or "merchant"


def _merchant(entry: Purchase | Subscription) -> dict[str, Any]:
    contact = entry.merchant_contact or MerchantContact()
    return {
        "merchant_name": entry.merchant_name,
        "merchant_identifier": entry.merchant_identifier or merchant_identifier(entry.merchant_name),
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
        "next_price": subscription.next_price and subscription.next_price.cents,
        "notice_days": subscription.notice_days,
        "trial_end_date": subscription.trial_end_date,
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
        "billed_period_id": purchase.billed_period_id,
        "folded": fold(f"{purchase.merchant_name}\n{purchase.description}"),
    }


def _dispute(dispute: Dispute) -> dict[str, Any]:
    return {
        "dispute_id": dispute.dispute_id,
        "status": dispute.status,
        "reason": dispute.reason,
        "comment": None,
        "created_at": dispute.created_at,
        "updated_at": dispute.updated_at,
    }


def _bill(bill: Bill) -> dict[str, Any]:
    return {
        "bill_month": bill.bill_month,
        "number": bill.number,
        "issue_date": bill.issue_date,
        "amount": bill.amount.cents,
    }
