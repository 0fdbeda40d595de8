"""Requests of `/v1` in a session, one transaction each; reads are answered with their `ETag`."""

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

from services.domain.entity_tags import original
from services.sandbox import tokens
from services.sandbox.identity import digest
from services.sandbox.schema import contract, purchase
from services.sandbox.settings import Clock
from services.sandbox.store import Store
from services.sandbox.web import Problem

_REALM = 'Bearer realm="conso-et-moi"'


@dataclass(frozen=True, slots=True)
class Query:
    """Request with its subscriber, its time, and its transaction."""

    request: Request
    connection: Connection
    subscriber_id: str
    authenticated_at: datetime
    """Time of the password that started the session; renewals do not change it."""
    now: datetime
    content: bytes = b""
    """Body of a write."""

    def contract(self) -> Row[Any]:
        """Return the subscriber's contract of the path.

        Raises:
            Problem: 404 if it does not exist, or belongs to another subscriber.
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
        """Return `contract`, if the subscriber has billing rights.

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
        """Return the entry of the path, of the given contract.

        Raises:
            Problem: 404 if it does not exist, or belongs to another contract.
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
        """Require a recent password for an irreversible change (step-up, RFC 9470).

        Raises:
            Problem: 401 if the password is older than `longest`.
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
        """Return an id of the path.

        Raises:
            Problem: 404 for an id with a null character.
        """
        name: str = self.request.path_params[parameter]
        if "\0" in name:  # PostgreSQL fails on it, instead of finding no row
            raise not_found("id")
        return name


def read(answer: Callable[[Query], Any], store: Store, clock: Clock) -> Callable[[Request], Any]:
    """Return an endpoint for signed-in subscribers, which answers the result of `answer` as JSON."""

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
    """Return the access token of the request.

    Raises:
        Problem: 401 without an access token.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise _unauthorized("An access token is required.")
    return token.strip()


def authenticated(connection: Connection, token: str, now: datetime, scope: str) -> Row[Any]:
    """Return the session (`family`) of an access token.

    Raises:
        Problem: 401 if the token is unknown or has ended; 403 without this scope.
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
    """Return a 404: a missing resource and another subscriber's look the same."""
    return Problem(HTTPStatus.NOT_FOUND, "NOT_FOUND", f"There is no such {what}.")


def money(cents: int) -> dict[str, str]:
    """Return cents as an amount in the contract's JSON form."""
    units, rest = divmod(abs(cents), 100)
    return {"amount": f"{'-' if cents < 0 else ''}{units}.{rest:02}", "currency": "EUR"}


def contact_of(row: Row[Any]) -> dict[str, str | None] | None:
    """Return the merchant's contact of a purchase or a subscription, or None if it is unknown."""
    contact = {"url": row.merchant_url, "email": row.merchant_email, "phone": row.merchant_phone}
    return contact if any(contact.values()) else None


def zone_of(row: Row[Any]) -> ZoneInfo:
    """Return the time zone of a contract."""
    return ZoneInfo(row.time_zone)


def _unauthorized(detail: str, *, code: str = "UNAUTHENTICATED", error: str = "", more: str = "") -> Problem:
    challenge = f'{_REALM}, error="{error}"{more}' if error else _REALM
    return Problem(HTTPStatus.UNAUTHORIZED, code, detail, headers={"WWW-Authenticate": challenge})


def etag_of(subscriber_id: str, body: bytes) -> str:
    """Return the tag of `body` for this subscriber."""
    return f'"{digest(f"{subscriber_id} {body.decode()}")}"'


def tagged(etag: str) -> dict[str, str]:
    """Return the headers of a representation."""
    return {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}


def representation(request: Request, subscriber_id: str, body: bytes) -> Response:
    """Return the answer, or 304 if the client has it. Tags of other subscribers never match."""
    etag = etag_of(subscriber_id, body)
    headers = tagged(etag)
    known = [original(tag.strip()) for tag in request.headers.get("if-none-match", "").split(",")]
    if etag in known or known == ["*"]:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(body, media_type="application/json", headers=headers)
