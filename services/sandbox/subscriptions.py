"""Subscriptions of a contract, and their termination (endpoints 5 and 6)."""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType
from sqlalchemy import Row
from starlette.responses import Response

from services.sandbox.identity import reference
from services.sandbox.reading import Query, contact_of, etag_of, money, not_found, tagged, zone_of
from services.sandbox.schema import subscription
from services.sandbox.settings import SandboxSettings
from services.sandbox.web import Problem, json_response
from services.sandbox.writing import Form, check_unchanged, if_match, parse

_ENDED = ("pendingTerminate", "terminated")


class Termination(Form, frozen=True):
    """Body of endpoint 6."""

    reason: Annotated[str, Meta(max_length=250, pattern=r"^[^\x00]*$")] | UnsetType = UNSET


def subscriptions(query: Query) -> dict[str, Any]:
    """Return all subscriptions of a contract, also ended ones, by start date, latest first (endpoint 5)."""
    contract = query.billed_contract()
    rows = query.connection.execute(
        subscription.select()
        .where(subscription.c.contract_id == contract.contract_id)
        .order_by(subscription.c.start_date.desc(), subscription.c.subscription_id)
    )
    return {"items": [_as_written(row, contract, query.now) for row in rows]}


def terminate(query: Query, settings: SandboxSettings) -> Response:
    """End a subscription (endpoint 6). A subscription that has ended, or is ending, is answered unchanged.

    Access lasts until the end of the paid time, whenever the end is requested.
    """
    contract = query.billed_contract()
    row = _one(query, contract)
    form, tags = parse(query.request, query.content, Termination), if_match(query.request)
    if row.status not in _ENDED:
        if not row.terminable:
            raise Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "TERMINATION_NOT_ALLOWED",
                "This subscription is ended with its merchant.",
            )
        check_unchanged(tags, _etag(query))
        query.check_recent_sign_in(settings.step_up_time)
        today = query.now.astimezone(zone_of(contract)).date()
        paid_until = row.next_charge_date - timedelta(days=1) if row.next_charge_date else today
        query.connection.execute(
            subscription.update()
            .where(subscription.c.subscription_id == row.subscription_id)
            .values(
                status="pendingTerminate",
                terminates_at=query.now + settings.termination_delay,
                termination_date=max(today, paid_until),
                termination_reference=reference("RS", today, row.subscription_id),
                termination_reason=None if form.reason is UNSET else form.reason,
                next_charge_date=None,
            )
        )
        row = _one(query, contract)
    answer = _as_written(row, contract, query.now)
    pending = answer["status"] == "pendingTerminate"
    return json_response(
        answer, HTTPStatus.ACCEPTED if pending else HTTPStatus.OK, headers=tagged(_etag(query))
    )


def status_of(row: Row[Any], contract: Row[Any], now: datetime) -> str:
    """Return the current status of a subscription, with the changes whose time has come."""
    status: str = row.status
    if status == "pendingTerminate":
        over = row.termination_date and now.astimezone(zone_of(contract)).date() > row.termination_date
        return "terminated" if over or (row.terminates_at and row.terminates_at <= now) else status
    if status == "active" and contract.service_pending == "suspended" and contract.service_pending_at <= now:
        return "suspended"
    return status


def _one(query: Query, contract: Row[Any]) -> Row[Any]:
    row = query.connection.execute(
        subscription.select().where(
            subscription.c.contract_id == contract.contract_id,
            subscription.c.subscription_id == query.named("subscriptionId"),
        )
    ).first()
    if row is None:
        raise not_found("subscription")
    return row


def _etag(query: Query) -> str:
    """Return the tag of the whole list, which the subscriber saw."""
    return etag_of(query.subscriber_id, msgspec.json.encode(subscriptions(query)))


def _as_written(row: Row[Any], contract: Row[Any], now: datetime) -> dict[str, Any]:
    status = status_of(row, contract, now)
    return {
        "subscriptionId": row.subscription_id,
        "name": row.name,
        "merchantName": row.merchant_name,
        "merchantIdentifier": row.merchant_identifier,
        "merchantContact": contact_of(row),
        "price": money(row.price),
        "recurringChargePeriod": row.recurring_charge_period,
        "status": status,
        "startDate": row.start_date,
        "nextChargeDate": row.next_charge_date if status == "active" else None,
        "terminationDate": row.termination_date,
        "terminable": row.terminable and status not in _ENDED,
        "lastPaymentId": row.last_payment_id,
        "terminationReference": row.termination_reference,
        "nextPrice": None if row.next_price is None else money(row.next_price),
        "noticeDays": row.notice_days,
        "trialEndDate": row.trial_end_date,
    }
