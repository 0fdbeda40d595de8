"""Purchases of a contract: a page of a period, and one purchase (endpoints 3 and 4)."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select
from starlette.datastructures import QueryParams

from services.domain.periods import Period, period_billed_in, period_of
from services.sandbox.accounts import SUCCEEDED, periods_of, state_of, with_totals
from services.sandbox.disputes import dispute_as_written, disputes_of
from services.sandbox.reading import Query, contact_of, money, zone_of
from services.sandbox.schema import purchase
from services.sandbox.store import fold
from services.sandbox.web import Problem

LARGEST_PAGE = 100
_KINDS = ("oneOff", "subscription", "refund")
_ORDERS = ("desc", "asc")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_LONGEST_SEARCH = 100


def purchases(query: Query) -> dict[str, Any]:
    """Return a page of a period's entries, with the period (endpoint 3)."""
    row = query.billed_contract()
    asked = _Asked.of(query.request.query_params)
    period = next((each for each in periods_of(row, query.now) if each.bill_month == asked.period_id), None)
    if period is None:
        raise Problem(HTTPStatus.NOT_FOUND, "PERIOD_NOT_AVAILABLE", "This period is not one of the last six.")
    first, past = period.bounds(zone_of(row))
    wanted = [
        purchase.c.contract_id == row.contract_id,
        purchase.c.payment_date >= first,
        purchase.c.payment_date < past,
        *asked.conditions(),
    ]
    connection = query.connection
    count = connection.scalar(select(func.count()).select_from(purchase).where(*wanted)) or 0
    shown: Sequence[str] = ()
    if asked.offset < count:
        # The index alone gives the ids of the page: rows of earlier pages are never read.
        listed = select(purchase.c.payment_id).where(*wanted).order_by(*asked.ordering())
        shown = connection.scalars(listed.limit(asked.per_page).offset(asked.offset)).all()
    found = connection.execute(purchase.select().where(purchase.c.payment_id.in_(shown)))
    rows = {each.payment_id: each for each in found}
    refunded, disputed = _refunded(connection, row.contract_id, shown), disputes_of(connection, shown)
    return {
        "period": with_totals(connection, row, [period], query.now)[0],
        "items": [_entry(rows[payment_id], row, refunded, disputed, query.now) for payment_id in shown],
        "pagination": {
            "page": asked.page,
            "perPage": asked.per_page,
            "totalCount": count,
            "totalPages": math.ceil(count / asked.per_page),
        },
    }


def one_purchase(query: Query) -> dict[str, Any]:
    """Return one entry of the contract, however old, with its refunds (endpoint 4)."""
    row = query.billed_contract()
    connection = query.connection
    found = query.purchase(row.contract_id)
    refunds = connection.execute(
        purchase.select()
        .where(
            purchase.c.contract_id == row.contract_id,
            purchase.c.refund_of == found.payment_id,
            purchase.c.entry_type == "refund",
        )
        .order_by(purchase.c.payment_date, purchase.c.payment_id)
    ).all()
    refunded = _refunded(connection, row.contract_id, [found.payment_id])
    disputed = disputes_of(connection, [found.payment_id])
    return _entry(found, row, refunded, disputed, query.now) | {
        "refunds": [_entry(each, row, {}, {}, query.now) for each in refunds]
    }


@dataclass(frozen=True, slots=True)
class _Asked:
    """Checked parameters of endpoint 3."""

    period_id: str
    kind: str | None
    search: str
    order: str
    page: int
    per_page: int

    @classmethod
    def of(cls, parameters: QueryParams) -> _Asked:
        """Return the parameters of a request.

        Raises:
            Problem: 400, with all invalid parameters.
        """
        given = dict(parameters)
        errors = {name: "is given twice" for name in given if len(parameters.getlist(name)) > 1}
        if not given.get("periodId"):
            errors["periodId"] = "is required"
        if given.get("kind", _KINDS[0]) not in _KINDS:
            errors["kind"] = f"is one of {', '.join(_KINDS)}"
        if given.get("order", _ORDERS[0]) not in _ORDERS:
            errors["order"] = f"is one of {', '.join(_ORDERS)}"
        if len(given.get("q", "")) > _LONGEST_SEARCH or "\0" in given.get("q", ""):
            errors["q"] = f"is a text of at most {_LONGEST_SEARCH} characters"
        if not _NUMBER.fullmatch(given.get("page", "1")):
            errors["page"] = "is a number from 1"
        if not _NUMBER.fullmatch(given.get("perPage", "1")) or int(given.get("perPage", "1")) > LARGEST_PAGE:
            errors["perPage"] = f"is a number from 1 to {LARGEST_PAGE}"
        if errors:
            raise Problem(
                HTTPStatus.BAD_REQUEST,
                "INVALID_ARGUMENT",
                "; ".join(f"{name} {fault}" for name, fault in errors.items()) + ".",
                errors=errors,
            )
        return cls(
            period_id=given["periodId"],
            kind=given.get("kind"),
            search=fold(given.get("q", "").strip()),
            order=given.get("order", "desc"),
            page=int(given.get("page", "1")),
            per_page=int(given.get("perPage", "50")),
        )

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.per_page

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the conditions of the list: a kind of purchase, or refunds; a search."""
        conditions: list[ColumnElement[bool]] = []
        if self.kind == "refund":
            conditions.append(purchase.c.entry_type == "refund")
        elif self.kind is not None:
            conditions += [purchase.c.entry_type == "purchase", purchase.c.kind == self.kind]
        if self.search:
            conditions.append(purchase.c.folded.contains(self.search, autoescape=True))
        return conditions

    def ordering(self) -> list[ColumnElement[Any]]:
        columns = (purchase.c.payment_date, purchase.c.payment_id)
        return [column.asc() if self.order == "asc" else column.desc() for column in columns]


def _refunded(connection: Connection, contract_id: str, payment_ids: Sequence[str]) -> dict[str, int]:
    """Return the refunded cents of each purchase that has refunds."""
    rows = connection.execute(
        select(purchase.c.refund_of, func.sum(-purchase.c.amount))
        .where(
            purchase.c.contract_id == contract_id,
            purchase.c.refund_of.in_(payment_ids),
            purchase.c.entry_type == "refund",
            purchase.c.payment_status == SUCCEEDED,
        )
        .group_by(purchase.c.refund_of)
    )
    return {payment_id: int(cents) for payment_id, cents in rows}


def _entry(
    row: Row[Any],
    contract: Row[Any],
    refunded: dict[str, int],
    disputed: dict[str, Row[Any]],
    now: datetime,
) -> dict[str, Any]:
    """Return an entry in the contract's JSON form, with its time in the contract's zone."""
    paid_at = row.payment_date.astimezone(zone_of(contract))
    period = period_of(paid_at.date(), contract.cut_off_day)
    back = refunded.get(row.payment_id) if row.refunded_amount is None else row.refunded_amount
    dispute = disputed.get(row.payment_id)
    return {
        "paymentId": row.payment_id,
        "entryType": row.entry_type,
        "refundOf": row.refund_of,
        "paymentStatus": row.payment_status,
        "paymentDate": paid_at,
        "amount": money(row.amount),
        "taxAmount": None if row.tax_amount is None else money(row.tax_amount),
        "description": row.description,
        "merchantName": row.merchant_name,
        "merchantIdentifier": row.merchant_identifier,
        "merchantContact": contact_of(row),
        "purchaseCategoryCode": row.category,
        "channel": row.channel,
        "kind": row.kind,
        "subscriptionId": row.subscription_id,
        "referenceCode": row.reference_code,
        "periodId": period.bill_month,
        "billedPeriodId": row.billed_period_id,
        "isBilled": _is_billed(row, period, now, contract),
        "refundedAmount": None if back is None else money(back),
        "dispute": dispute and dispute_as_written(dispute, contract),
    }


def _is_billed(row: Row[Any], period: Period, now: datetime, contract: Row[Any]) -> bool:
    """Return whether the entry has succeeded and the period whose bill contains it is billed."""
    today = now.astimezone(zone_of(contract)).date()
    if row.billed_period_id is not None:
        period = period_billed_in(row.billed_period_id, contract.cut_off_day)
    return bool(row.payment_status == SUCCEEDED) and state_of(period, today) == "billed"
