"""State of internet+ on a contract, and its change (endpoints 7 and 8).

A requested change is stored beside the status until its time has come. From then on, reads treat it as done;
the next change stores it as done first.
"""

from __future__ import annotations

from datetime import date, datetime
from http import HTTPStatus
from typing import Any, Literal, NamedTuple

import msgspec
from sqlalchemy import Connection, Row, func, select
from starlette.responses import Response

from services.sandbox.accounts import PENDING, SUCCEEDED, periods_of, state_of
from services.sandbox.reading import Query, etag_of, money, tagged, zone_of
from services.sandbox.schema import contract, purchase, subscription
from services.sandbox.settings import SandboxSettings
from services.sandbox.subscriptions import status_of
from services.sandbox.web import Problem, json_response
from services.sandbox.writing import Form, check_unchanged, if_match, parse


class Switch(Form, frozen=True):
    """Body of endpoint 8."""

    status: Literal["active", "suspended"]


class _State(NamedTuple):
    status: str
    pending: str | None
    since: date


def service(query: Query) -> dict[str, Any]:
    """Return the status, a pending change, and the effects of a change (endpoint 7)."""
    row = query.billed_contract()
    state = _state(row, query.now)
    rows = query.connection.execute(
        subscription.select().where(subscription.c.contract_id == row.contract_id)
    )
    return {
        "status": state.status,
        "pendingStatus": state.pending,
        "since": state.since,
        "affectedSubscriptions": sum(status_of(each, row, query.now) == state.status for each in rows),
        "outstanding": money(_outstanding(query.connection, row, query.now)),
        "limits": _limits(row) if row.limited else None,
    }


def switch(query: Query, settings: SandboxSettings) -> Response:
    """Turn the service off or on (endpoint 8); a status that is current or pending is answered unchanged."""
    row = query.billed_contract()
    form, tags = parse(query.request, query.content, Switch), if_match(query.request)
    state = _state(row, query.now)
    if (state.pending or state.status) != form.status:
        if state.pending:
            raise Problem(
                HTTPStatus.CONFLICT, "SERVICE_LOCKED", f"The service is being changed to {state.pending}."
            )
        check_unchanged(tags, etag_of(query.subscriber_id, msgspec.json.encode(service(query))))
        if form.status == "suspended":
            query.check_recent_sign_in(settings.step_up_time)
        _settle(query.connection, row, state)
        query.connection.execute(
            contract.update()
            .where(contract.c.contract_id == row.contract_id)
            .values(service_pending=form.status, service_pending_at=query.now + settings.suspension_delay)
        )
    answer = service(query)
    body = msgspec.json.encode(answer)
    return json_response(
        answer,
        HTTPStatus.ACCEPTED if answer["pendingStatus"] else HTTPStatus.OK,
        headers=tagged(etag_of(query.subscriber_id, body)),
    )


def _limits(row: Row[Any]) -> dict[str, Any]:
    limits = {"transaction": row.limit_transaction, "month": row.limit_month, "own": row.limit_own}
    return {name: None if cents is None else money(cents) for name, cents in limits.items()}


def _state(row: Row[Any], now: datetime) -> _State:
    if row.service_pending is None:
        return _State(row.service_status, None, row.service_since)
    if row.service_pending_at > now:
        return _State(row.service_status, row.service_pending, row.service_since)
    return _State(row.service_pending, None, row.service_pending_at.astimezone(zone_of(row)).date())


def _settle(connection: Connection, row: Row[Any], state: _State) -> None:
    """Store a change whose time has come, with the subscriptions that it interrupted."""
    if row.service_pending is None:
        return
    connection.execute(
        contract.update()
        .where(contract.c.contract_id == row.contract_id)
        .values(
            service_status=state.status,
            service_since=state.since,
            service_pending=None,
            service_pending_at=None,
        )
    )
    if state.status == "suspended":
        connection.execute(
            subscription.update()
            .where(subscription.c.contract_id == row.contract_id, subscription.c.status == "active")
            .values(status="suspended")
        )


def _outstanding(connection: Connection, row: Row[Any], now: datetime) -> int:
    """Return the cents of all entries that are not billed yet."""
    zone = zone_of(row)
    today = now.astimezone(zone).date()
    unbilled = [period for period in periods_of(row, now) if state_of(period, today) != "billed"]
    first, _ = unbilled[-1].bounds(zone)
    cents = connection.scalar(
        select(func.sum(purchase.c.amount)).where(
            purchase.c.contract_id == row.contract_id,
            purchase.c.payment_date >= first,
            purchase.c.payment_status.in_((SUCCEEDED, *PENDING)),
        )
    )
    return int(cents or 0)
