"""Large purchase tables, created in seconds, and the answers of the sandbox from them.

Rows are in the order of their time, with all contracts mixed, as in production.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, func, insert, select
from starlette.requests import Request

from services.domain.periods import Period, latest_periods
from services.sandbox import Subscriber, parse_subscribers
from services.sandbox.accounts import billing_periods
from services.sandbox.purchases import purchases
from services.sandbox.reading import Query
from services.sandbox.schema import contract, purchase
from services.sandbox.store import subscriber_id_of
from tests.services.sandbox.factories import contract as a_contract
from tests.services.sandbox.factories import data_file, subscriber
from tests.services.sandbox.factories import purchase as a_purchase

OWNER = "camille@demo.example"
TEMPLATE = "template"
CONTRACT = "line-0"
"""The contract to query, one of many copies of the template."""
CROWDED = "crowded"
"""The contract with many purchases in the current period."""


def template(now: datetime, per_period: int, crowded: int = 0) -> tuple[Subscriber, ...]:
    """Return a subscriber with `per_period` purchases in each of the last six periods.

    A second contract has `crowded` purchases in the current period.
    """
    periods = latest_periods(now.date())
    ordinary = [one for period in periods for one in _spread(period, per_period, now)]
    many = _spread(periods[0], crowded, now, "crowded-")
    return parse_subscribers(
        data_file(subscriber("camille", a_contract(TEMPLATE, *ordinary), a_contract(CROWDED, *many)))
    )


def _spread(period: Period, count: int, now: datetime, prefix: str = "") -> list[dict[str, Any]]:
    first = datetime(period.start.year, period.start.month, period.start.day, 12, tzinfo=now.tzinfo)
    return [
        a_purchase(
            f"{prefix}{period.bill_month}-{number}", (first + number * timedelta(days=14) / count).isoformat()
        )
        for number in range(count)
    ]


def multiply(connection: Connection, rows: int) -> None:
    """Replace the template by copies of it, until the table holds at least `rows` purchases."""
    kept = connection.execute(contract.select().where(contract.c.contract_id == TEMPLATE)).one()._asdict()
    of_template = purchase.c.contract_id == TEMPLATE
    one_by_one = select(purchase.c.payment_id).where(of_template).order_by(purchase.c.payment_date)
    payment_ids = connection.scalars(one_by_one).all()
    held = connection.scalar(select(func.count()).where(~of_template)) or 0
    copies = -(-(rows - held) // len(payment_ids))
    lines = [kept | {"contract_id": f"line-{n}", "position": 2 + n} for n in range(copies)]
    connection.execute(contract.insert(), lines)
    others = [column for column in purchase.c if column.name not in ("payment_id", "contract_id")]
    names = ["payment_id", "contract_id", *(column.name for column in others)]
    for payment_id in payment_ids:
        copied = (
            select(purchase.c.payment_id + "-" + contract.c.contract_id, contract.c.contract_id, *others)
            .join_from(purchase, contract, contract.c.contract_id.like("line-%"))
            .where(purchase.c.payment_id == payment_id)
        )
        connection.execute(insert(purchase).from_select(names, copied))
    connection.execute(purchase.delete().where(of_template))
    connection.execute(contract.delete().where(contract.c.contract_id == TEMPLATE))
    assert (connection.scalar(select(func.count()).select_from(purchase)) or 0) >= rows


def settle(connection: Connection) -> None:
    """Vacuum and analyze, as PostgreSQL does some time after a bulk insert; requires autocommit."""
    if connection.dialect.name == "postgresql":
        # VACUUM skips rows that are committed but not yet on disk.
        for statement in ("CHECKPOINT", "VACUUM purchase", "ANALYZE"):
            connection.exec_driver_sql(statement)


def page(
    connection: Connection,
    now: datetime,
    period_id: str,
    number: int = 1,
    *,
    contract_id: str = CONTRACT,
    **more: str,
) -> bytes:
    """Return a page of 25 purchases as JSON; `more` are further request parameters."""
    asked = {"periodId": period_id, "page": str(number), "perPage": "25"} | more
    return msgspec.json.encode(purchases(_query(connection, now, contract_id, asked)))


def six_totals(connection: Connection, now: datetime) -> bytes:
    """Return the periods of `CONTRACT` with their totals as JSON."""
    return msgspec.json.encode(billing_periods(_query(connection, now, CONTRACT, {})))


def _query(connection: Connection, now: datetime, contract_id: str, asked: dict[str, str]) -> Query:
    scope: dict[str, Any] = {
        "type": "http",
        "query_string": "&".join(f"{name}={value}" for name, value in asked.items()).encode(),
        "path_params": {"contractId": contract_id},
        "headers": [],
    }
    return Query(
        request=Request(scope),
        connection=connection,
        subscriber_id=subscriber_id_of(OWNER),
        authenticated_at=now,
        now=now,
    )
