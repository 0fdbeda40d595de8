"""A table of purchases as large as wanted, made in seconds, and what the sandbox answers from it.

Purchases stand in the table as they come: in the order of their time, those of all contracts mixed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, func, insert, select
from starlette.requests import Request

from services.periods import latest_periods
from services.sandbox import Subscriber, parse_subscribers
from services.sandbox.accounts import billing_periods
from services.sandbox.purchases import purchases
from services.sandbox.reading import Query
from services.sandbox.schema import contract, purchase
from services.sandbox.store import subscriber_id_of
from tests.services.sandbox.people import contract as a_contract
from tests.services.sandbox.people import data_file, subscriber
from tests.services.sandbox.people import purchase as a_purchase

OWNER = "camille@demo.example"
TEMPLATE = "template"
CONTRACT = "line-0"
"""The contract to look at; there are as many like it as the table needs."""


def template(now: datetime, per_period: Sequence[int]) -> tuple[Subscriber, ...]:
    """Somebody with so many purchases in each of the last periods, newest first."""
    bought = []
    for period, count in zip(latest_periods(now.date()), per_period, strict=False):
        first = datetime(period.start.year, period.start.month, period.start.day, 12, tzinfo=now.tzinfo)
        for number in range(count):
            paid_at = first + number * timedelta(days=14) / count
            bought.append(a_purchase(f"{period.bill_month}-{number}", paid_at.isoformat()))
    return parse_subscribers(data_file(subscriber("camille", a_contract(TEMPLATE, *bought))))


def multiply(connection: Connection, rows: int) -> None:
    """Makes contracts like the template, which goes, until the table holds at least `rows` purchases."""
    kept = connection.execute(contract.select()).one()._asdict()
    times = (
        connection.execute(select(purchase.c.payment_id).order_by(purchase.c.payment_date)).scalars().all()
    )
    copies = -(-rows // len(times))
    lines = [kept | {"contract_id": f"line-{n}", "position": n} for n in range(copies)]
    connection.execute(contract.insert(), lines)
    others = [column for column in purchase.c if column.name not in ("payment_id", "contract_id")]
    for payment_id in times:
        copied = (
            select(purchase.c.payment_id + "-" + contract.c.contract_id, contract.c.contract_id, *others)
            .join_from(purchase, contract, contract.c.contract_id != purchase.c.contract_id)
            .where(purchase.c.payment_id == payment_id)
        )
        names = ["payment_id", "contract_id", *(column.name for column in others)]
        connection.execute(insert(purchase).from_select(names, copied))
    connection.execute(purchase.delete().where(purchase.c.contract_id == TEMPLATE))
    connection.execute(contract.delete().where(contract.c.contract_id == TEMPLATE))
    assert (connection.scalar(select(func.count()).select_from(purchase)) or 0) >= rows


def page(connection: Connection, now: datetime, period_id: str, number: int = 1, **more: str) -> bytes:
    """A page of 25 purchases of `CONTRACT`, as it is sent."""
    asked = {"periodId": period_id, "page": str(number), "perPage": "25"} | more
    return msgspec.json.encode(purchases(_query(connection, now, asked)))


def six_totals(connection: Connection, now: datetime) -> bytes:
    """The periods of `CONTRACT` with their totals, as they are sent."""
    return msgspec.json.encode(billing_periods(_query(connection, now, {})))


def _query(connection: Connection, now: datetime, asked: dict[str, str]) -> Query:
    scope: dict[str, Any] = {
        "type": "http",
        "query_string": "&".join(f"{name}={value}" for name, value in asked.items()).encode(),
        "path_params": {"contractId": CONTRACT},
        "headers": [],
    }
    return Query(
        request=Request(scope),
        connection=connection,
        subscriber_id=subscriber_id_of(OWNER),
        authenticated_at=now,
        now=now,
    )
