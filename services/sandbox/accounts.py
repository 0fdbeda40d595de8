"""Subscribers, their contracts, and the billing periods of a contract (endpoints 1 and 2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from http import HTTPStatus
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, case, func, literal, select, union_all
from starlette.responses import Response

from services.domain.periods import Period, latest_periods
from services.sandbox import tokens
from services.sandbox.reading import Query, money, zone_of
from services.sandbox.schema import bill, contract, purchase, subscriber
from services.sandbox.web import NO_STORE

PENDING = ("processing", "pending_validation", "reserved")
SUCCEEDED = "succeeded"


def me(query: Query) -> dict[str, Any]:
    """Return the subscriber and their contracts, in order (endpoint 1)."""
    connection = query.connection
    person = connection.execute(
        subscriber.select().where(subscriber.c.subscriber_id == query.subscriber_id)
    ).one()
    contracts = connection.execute(
        contract.select().where(contract.c.subscriber_id == query.subscriber_id).order_by(contract.c.position)
    )
    reused = tokens.reuse_to_tell(connection, query.subscriber_id, query.authenticated_at, query.now)
    return {
        "subscriberId": person.subscriber_id,
        "displayName": person.display_name,
        "contracts": [
            {
                "contractId": row.contract_id,
                "kind": row.kind,
                "label": row.label,
                "maskedNumber": row.masked_number,
                "billingRights": row.billing_rights,
                "billing": {"cutOffDay": row.cut_off_day, "timeZone": row.time_zone},
            }
            for row in contracts
        ],
        **({"securityNotice": {"code": "tokenReused", "at": reused}} if reused else {}),
    }


def end_sessions(query: Query) -> Response:
    """Sign the subscriber out on all devices, this one included (endpoint 13)."""
    tokens.sign_out_everywhere(query.connection, query.subscriber_id, query.now)
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=NO_STORE)


def billing_periods(query: Query) -> dict[str, Any]:
    """Return the last six periods of the contract with their totals, newest first (endpoint 2)."""
    row = query.billed_contract()
    return {"items": with_totals(query.connection, row, periods_of(row, query.now), query.now)}


def periods_of(row: Row[Any], now: datetime) -> tuple[Period, ...]:
    """Return the periods available to the holder of a contract, newest first."""
    return latest_periods(now.astimezone(zone_of(row)).date(), row.cut_off_day)


def state_of(period: Period, today: date) -> str:
    """Return `open` to the period's last day, `billed` from the month of its bill, `closed` in between."""
    if today <= period.end:
        return "open"
    return "billed" if f"{today:%Y-%m}" >= period.bill_month else "closed"


def with_totals(
    connection: Connection, row: Row[Any], periods: Sequence[Period], now: datetime
) -> list[dict[str, Any]]:
    """Return periods of a contract in the contract's JSON form.

    The sum of a period reads only the index range of its entries.
    """
    zone = zone_of(row)
    pending, succeeded = purchase.c.payment_status.in_(PENDING), purchase.c.payment_status == SUCCEEDED
    counted = and_(purchase.c.entry_type == "purchase", purchase.c.payment_status.in_((*PENDING, SUCCEEDED)))

    def summed(position: int, first: datetime, past: datetime) -> Select[int, Any, Any, Any]:
        return select(
            literal(position).label("position"),
            func.sum(case((counted, 1), else_=0)).label("purchases"),
            func.sum(case((succeeded, purchase.c.amount), else_=0)).label("total"),
            func.sum(case((pending, purchase.c.amount), else_=0)).label("pending"),
        ).where(
            purchase.c.contract_id == row.contract_id,
            purchase.c.payment_date >= first,
            purchase.c.payment_date < past,
        )

    sums = connection.execute(
        union_all(*(summed(position, *period.bounds(zone)) for position, period in enumerate(periods)))
    )
    found = {each.position: each for each in sums}
    today = now.astimezone(zone).date()
    bills = _bills(connection, row.contract_id, periods, today)
    return [
        {
            "periodId": period.bill_month,
            "startDate": period.start,
            "endDate": period.end,
            "billMonth": period.bill_month,
            "state": state_of(period, today),
            "purchaseCount": int(found[position].purchases or 0),
            "total": money(int(found[position].total or 0)),
            "pendingTotal": money(int(found[position].pending or 0)),
            "bill": bills.get(period.bill_month),
        }
        for position, period in enumerate(periods)
    ]


def _bills(
    connection: Connection, contract_id: str, periods: Sequence[Period], today: date
) -> dict[str, dict[str, Any]]:
    """Return the issued bills of periods, by month, in the contract's JSON form."""
    found = connection.execute(
        bill.select().where(
            bill.c.contract_id == contract_id,
            bill.c.bill_month.in_([period.bill_month for period in periods]),
            bill.c.issue_date <= today,
        )
    )
    return {
        each.bill_month: {
            "number": each.number,
            "issueDate": each.issue_date,
            "amount": money(each.amount),
        }
        for each in found
    }
