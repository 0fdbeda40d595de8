"""Requests of `/v1` by somebody signed in, one transaction each; reads are answered with their `ETag`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection, Row
from starlette.requests import Request
from starlette.responses import Response

from services.entity_tags import original
from services.sandbox import tokens
from services.sandbox.identity import digest
from services.sandbox.schema import contract, purchase
from services.sandbox.settings import Clock
from services.sandbox.store import Store
from services.sandbox.web import Problem

_REALM = 'Bearer realm="conso-et-moi"'


@dataclass(frozen=True, slots=True)
class Query:
    """One request: what is asked, by whom, when, and the transaction to answer it in."""

    request: Request
    connection: Connection
    subscriber_id: str
    authenticated_at: datetime
    """When the password was given that this session began with, however often it was renewed."""
    now: datetime
    content: bytes = b""
    """The body of a write."""

    def contract(self) -> Row[Any]:
        """The subscriber's contract the path names.

        Raises:
            Problem: 404 when there is none, or it is somebody else's.
        """
        row = self.connection.execute(
            contract.select().where(
                contract.c.contract_id == self.named("contractId"),
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

    def purchase(self, contract_id: str) -> Row[Any]:
        """The entry of the contract the path names.

        Raises:
            Problem: 404 when there is none, or it is another contract's.
        """
        row = self.connection.execute(
            purchase.select().where(
                purchase.c.contract_id == contract_id, purchase.c.payment_id == self.named("paymentId")
            )
        ).first()
        if row is None:
            raise not_found("purchase")
        return row

    def check_recent_sign_in(self, longest: timedelta) -> None:
        """What cannot be undone wants the password again (step-up, RFC 9470).

        Raises:
            Problem: 401 when the password was given longer ago.
        """
        if self.now - self.authenticated_at > longest:
            raise _unauthorized(
                "The password has to be given again.",
                code="INSUFFICIENT_USER_AUTHENTICATION",
                error="insufficient_user_authentication",
                more=f', error_description="The password was given too long ago"'
                f", max_age={int(longest.total_seconds())}",
            )

    def named(self, parameter: str) -> str:
        """An id in the path."""
        name: str = self.request.path_params[parameter]
        if "\0" in name:  # PostgreSQL takes it for a fault, not for an unknown name
            raise not_found("id")
        return name


def read(answer: Callable[[Query], Any], store: Store, clock: Clock) -> Callable[[Request], Any]:
    """An endpoint that answers signed-in subscribers with what `answer` returns, as JSON."""

    async def endpoint(request: Request) -> Response:
        token, now = bearer(request), clock()

        def work(connection: Connection) -> tuple[str, Any]:
            family = authenticated(connection, token, now, "internetplus:read")
            query = Query(request, connection, family.subscriber_id, family.authenticated_at, now)
            return query.subscriber_id, answer(query)

        subscriber_id, found = await store.run(work)
        return representation(request, subscriber_id, msgspec.json.encode(found))

    return endpoint


def bearer(request: Request) -> str:
    """The access token sent.

    Raises:
        Problem: 401 when there is none.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise _unauthorized("An access token is required.")
    return token.strip()


def authenticated(connection: Connection, token: str, now: datetime, scope: str) -> Row[Any]:
    """The session (`family`) of an access token.

    Raises:
        Problem: 401 when it is nobody's (any more); 403 when it was not given for this scope.
    """
    family = tokens.family_of(connection, token, now)
    if family is None:
        raise _unauthorized("The access token is unknown or over.", error="invalid_token")
    if scope not in family.scope.split():
        raise Problem(
            HTTPStatus.FORBIDDEN,
            "INSUFFICIENT_SCOPE",
            f"The access token was not given for {scope}.",
            headers={"WWW-Authenticate": f'{_REALM}, error="insufficient_scope", scope="{scope}"'},
        )
    return family


def not_found(what: str) -> Problem:
    """404: it does not exist, or is not this subscriber's; they look the same."""
    return Problem(HTTPStatus.NOT_FOUND, "NOT_FOUND", f"There is no such {what}.")


def money(cents: int) -> dict[str, str]:
    """Cents as the contract writes an amount."""
    units, rest = divmod(abs(cents), 100)
    return {"amount": f"{'-' if cents < 0 else ''}{units}.{rest:02}", "currency": "EUR"}


def contact_of(row: Row[Any]) -> dict[str, str | None] | None:
    """How to reach the merchant of a purchase or a subscription, if that is known."""
    contact = {"url": row.merchant_url, "email": row.merchant_email, "phone": row.merchant_phone}
    return contact if any(contact.values()) else None


def zone_of(row: Row[Any]) -> ZoneInfo:
    """The time zone of a contract."""
    return ZoneInfo(row.time_zone)


def _unauthorized(detail: str, *, code: str = "UNAUTHENTICATED", error: str = "", more: str = "") -> Problem:
    challenge = f'{_REALM}, error="{error}"{more}' if error else _REALM
    return Problem(HTTPStatus.UNAUTHORIZED, code, detail, headers={"WWW-Authenticate": challenge})


def etag_of(subscriber_id: str, body: bytes) -> str:
    """Names what `body` says to this subscriber."""
    return f'"{digest(f"{subscriber_id} {body.decode()}")}"'


def tagged(etag: str) -> dict[str, str]:
    """The headers of a representation."""
    return {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}


def representation(request: Request, subscriber_id: str, body: bytes) -> Response:
    """The answer, or 304 when the client has it. One subscriber's tag is worth nothing to another."""
    etag = etag_of(subscriber_id, body)
    headers = tagged(etag)
    known = [original(tag.strip()) for tag in request.headers.get("if-none-match", "").split(",")]
    if etag in known or known == ["*"]:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(body, media_type="application/json", headers=headers)
