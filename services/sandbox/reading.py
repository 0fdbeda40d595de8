"""Reads of `/v1`: who asks, one transaction, a representation with its `ETag`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection, Row
from starlette.requests import Request
from starlette.responses import Response

from services.sandbox import tokens
from services.sandbox.identity import digest
from services.sandbox.schema import contract
from services.sandbox.settings import Clock
from services.sandbox.store import Store
from services.sandbox.web import Problem


@dataclass(frozen=True, slots=True)
class Query:
    """One read: what is asked, by whom, when, and the transaction to answer it in."""

    request: Request
    connection: Connection
    subscriber_id: str
    now: datetime

    def contract(self) -> Row[Any]:
        """The subscriber's contract the path names.

        Raises:
            Problem: 404 when there is none, or it is somebody else's.
        """
        row = self.connection.execute(
            contract.select().where(
                contract.c.contract_id == self.request.path_params["contractId"],
                contract.c.subscriber_id == self.subscriber_id,
            )
        ).first()
        if row is None:
            raise not_found("contract")
        return row

    def billed_contract(self) -> Row[Any]:
        """`contract`, when the subscriber may see what is billed on it.

        Raises:
            Problem: 404 as `contract` does; 403 without billing rights.
        """
        row = self.contract()
        if not row.billing_rights:
            raise Problem(
                HTTPStatus.FORBIDDEN,
                "BILLING_RIGHTS_REQUIRED",
                "Only the holder of this contract sees what is billed on it.",
            )
        return row


def read(answer: Callable[[Query], Any], store: Store, clock: Clock) -> Callable[[Request], Any]:
    """An endpoint that answers signed-in subscribers with what `answer` returns, as JSON."""

    async def endpoint(request: Request) -> Response:
        token, now = _bearer(request), clock()

        def work(connection: Connection) -> tuple[str, Any]:
            subscriber_id = tokens.subscriber_of(connection, token, now)
            if subscriber_id is None:
                raise _unauthorized("The access token is unknown or over.", ' error="invalid_token"')
            return subscriber_id, answer(Query(request, connection, subscriber_id, now))

        subscriber_id, found = await store.run(work)
        return representation(request, subscriber_id, msgspec.json.encode(found))

    return endpoint


def not_found(what: str) -> Problem:
    """404: it does not exist, or is not this subscriber's; they look the same."""
    return Problem(HTTPStatus.NOT_FOUND, "NOT_FOUND", f"There is no such {what}.")


def money(cents: int) -> dict[str, str]:
    """Cents as the contract writes an amount."""
    units, rest = divmod(abs(cents), 100)
    return {"amount": f"{'-' if cents < 0 else ''}{units}.{rest:02}", "currency": "EUR"}


def zone_of(row: Row[Any]) -> ZoneInfo:
    """The time zone of a contract."""
    return ZoneInfo(row.time_zone)


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise _unauthorized("An access token is required.")
    return token.strip()


def _unauthorized(detail: str, error: str = "") -> Problem:
    return Problem(
        HTTPStatus.UNAUTHORIZED,
        "UNAUTHENTICATED",
        detail,
        headers={"WWW-Authenticate": f'Bearer realm="conso-et-moi"{"," if error else ""}{error}'},
    )


def representation(request: Request, subscriber_id: str, body: bytes) -> Response:
    """The answer, or 304 when the client has it. One subscriber's tag is worth nothing to another."""
    etag = f'"{digest(f"{subscriber_id} {body.decode()}")}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if etag in known or known == ["*"]:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(body, media_type="application/json", headers=headers)
