"""Disputes of purchases (endpoint 9)."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType
from sqlalchemy import Connection, Row
from starlette.responses import Response

from services.sandbox.accounts import PENDING, SUCCEEDED
from services.sandbox.identity import reference
from services.sandbox.reading import Query, zone_of
from services.sandbox.schema import dispute
from services.sandbox.web import Problem
from services.sandbox.writing import Form, once, parse


class Dispute(Form, frozen=True):
    """Body of endpoint 9."""

    reason: Literal["unrecognised", "wrong_amount", "not_received", "duplicate", "other"]
    comment: Annotated[str, Meta(max_length=500, pattern=r"^[^\x00]*$")] | UnsetType = UNSET


def open_dispute(query: Query) -> Response:
    """Open the only dispute of a purchase that is or may be billed (endpoint 9)."""
    contract = query.billed_contract()
    row = query.purchase(contract.contract_id)
    form = parse(query.request, query.content, Dispute)

    def create() -> dict[str, Any]:
        connection = query.connection
        if row.entry_type != "purchase" or row.payment_status not in (SUCCEEDED, *PENDING):
            raise Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY, "DISPUTE_NOT_ALLOWED", "Nothing was charged by this entry."
            )
        if disputes_of(connection, [row.payment_id]):
            raise Problem(HTTPStatus.CONFLICT, "DISPUTE_EXISTS", "This purchase is disputed already.")
        today = query.now.astimezone(zone_of(contract)).date()
        connection.execute(
            dispute.insert().values(
                payment_id=row.payment_id,
                dispute_id=reference("SG", today, row.payment_id),
                reason=form.reason,
                comment=None if form.comment is UNSET else form.comment,
                status="acknowledged",
                created_at=query.now,
            )
        )
        return dispute_as_written(disputes_of(connection, [row.payment_id])[row.payment_id], contract)

    return once(query, form, create)


def disputes_of(connection: Connection, payment_ids: Sequence[str]) -> dict[str, Row[Any]]:
    """Return the disputes of purchases, by payment id."""
    rows = connection.execute(dispute.select().where(dispute.c.payment_id.in_(payment_ids)))
    return {row.payment_id: row for row in rows}


def dispute_as_written(row: Row[Any], contract: Row[Any]) -> dict[str, Any]:
    """Return a dispute in the contract's JSON form."""
    return {
        "disputeId": row.dispute_id,
        "status": row.status,
        "reason": row.reason,
        "createdAt": row.created_at.astimezone(zone_of(contract)),
        "updatedAt": row.updated_at and row.updated_at.astimezone(zone_of(contract)),
    }
