"""Common parts of all exchanges: correlator, `Date` by the sandbox's clock, errors in the contract's two
forms.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.sandbox.settings import Clock

NO_STORE = {"Cache-Control": "no-store"}
PLAIN_ONLY = {"Accept-Encoding": "identity"}
"""Header that tells which coding of a body is accepted (RFC 9110, 15.5.16)."""
_OUTAGE_WAIT = {"Retry-After": "2"}
"""Seconds for a database to restart; short enough for the client to wait without reporting an error."""


class Problem(Exception):
    """Error answer, as `application/problem+json` (RFC 9457)."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        *,
        errors: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Create the problem; `code` is for programs, `errors` maps each invalid field to its error."""
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.errors, self.headers = errors, headers


class OAuthError(Exception):
    """Refusal by an `/oauth/` endpoint, in RFC 6749's form, with `extra` members."""

    def __init__(
        self,
        error: str,
        description: str,
        *,
        status: int = HTTPStatus.BAD_REQUEST,
        headers: Mapping[str, str] | None = None,
        **extra: str | int,
    ) -> None:
        super().__init__(description)
        self.status, self.headers = status, headers
        self.body = {"error": error, "error_description": description, **extra}


def json_response(
    body: Any,
    status: int = HTTPStatus.OK,
    *,
    media_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a response with a value that msgspec can encode."""
    return Response(msgspec.json.encode(body), status, media_type=media_type, headers=headers)


def is_encoded(request: Request) -> bool:
    """Return whether the body has a `Content-Encoding`; the sandbox decodes none."""
    codings = request.headers.get("content-encoding", "").split(",")
    return any(coding.strip().lower() not in ("", "identity") for coding in codings)


class Envelope:
    """ASGI middleware: waits for the latency, echoes the correlator and sets `Date` by the clock."""

    def __init__(self, app: ASGIApp, *, clock: Clock, latency: float) -> None:
        self._app, self._clock, self._latency = app, clock, latency

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["correlator"] = _correlator(Headers(scope=scope).get("x-correlator", ""))
        if self._latency:
            await asyncio.sleep(self._latency)

        async def send_stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Cache-Control", "no-store")
                headers.update(stamp(scope, self._clock))
            await send(message)

        await self._app(scope, receive, send_stamped)


def stamp(scope: Scope, clock: Clock) -> dict[str, str]:
    """Return the headers of every answer: answers are data, which no browser may run, frame or sniff."""
    over_tls = {"Strict-Transport-Security": "max-age=31536000"} if scope.get("scheme") == "https" else {}
    return {
        **over_tls,
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Date": format_datetime(clock().astimezone(UTC), usegmt=True),
        "x-correlator": scope["correlator"],
    }


async def on_oauth_error(_request: Request, error: OAuthError) -> Response:
    """Answer an `OAuthError`."""
    return json_response(error.body, error.status, headers={**NO_STORE, **(error.headers or {})})


async def on_http_exception(request: Request, error: HTTPException) -> Response:
    """Answer a refusal of the router: an unknown path or method."""
    status = HTTPStatus(error.status_code)
    if request.url.path.startswith("/oauth/"):
        return await on_oauth_error(
            request, OAuthError("invalid_request", status.phrase, status=status, headers=error.headers)
        )
    problem = Problem(status, status.name, f"{status.phrase}.", headers=error.headers)
    return await on_problem(request, problem)


def on_fault(clock: Clock) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Return the handler that answers an unexpected error with a 500; the server logs the error.

    The handler runs outside `Envelope`, so that it adds the headers itself.
    """

    async def respond(request: Request, _error: Exception) -> Response:
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        headers = stamp(request.scope, clock)
        if request.url.path.startswith("/oauth/"):
            error = OAuthError("server_error", "The sandbox failed.", status=status, headers=headers)
            return await on_oauth_error(request, error)
        return await on_problem(request, Problem(status, "INTERNAL", "The sandbox failed.", headers=headers))

    return respond


async def on_unavailable(request: Request, _error: Exception) -> Response:
    """Answer an unavailable database in the form of the endpoint."""
    status = HTTPStatus.SERVICE_UNAVAILABLE
    detail = "The database is unavailable: try again."
    if request.url.path.startswith("/oauth/"):
        error = OAuthError("temporarily_unavailable", detail, status=status, headers=_OUTAGE_WAIT)
        return await on_oauth_error(request, error)
    return await on_problem(request, Problem(status, "UNAVAILABLE", detail, headers=_OUTAGE_WAIT))


async def on_problem(request: Request, problem: Problem) -> Response:
    """Answer a `Problem`."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": problem.status.phrase,
        "status": int(problem.status),
        "detail": problem.detail,
        "instance": f"urn:uuid:{request.scope['correlator']}",  # an error repeats no input
        "code": problem.code,
        "correlator": request.scope["correlator"],
    }
    if problem.errors:
        body["errors"] = [{"field": field, "detail": detail} for field, detail in problem.errors.items()]
    return json_response(
        body,
        problem.status,
        media_type="application/problem+json",
        headers={**NO_STORE, **(problem.headers or {})},
    )


def _correlator(sent: str) -> str:
    """Return the client's correlator if it is a UUID in its usual form, else a new one."""
    try:
        return sent if str(uuid.UUID(sent)) == sent.lower() else str(uuid.uuid4())
    except ValueError:
        return str(uuid.uuid4())
