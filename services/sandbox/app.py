"""Sandbox as an ASGI application: the same object in process and under a server."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any

import msgspec
from sqlalchemy import Connection, select
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from services.domain.identifiers import canonical
from services.domain.origins import backend_origin
from services.insights.review import LARGEST_DOCUMENT
from services.sandbox import demo, demo_history, web
from services.sandbox.accounts import billing_periods, end_sessions, me
from services.sandbox.data_file import Subscriber
from services.sandbox.disputes import open_dispute
from services.sandbox.feedback import give_feedback, remind
from services.sandbox.identity import digest, hash_password, verify_password
from services.sandbox.oauth import OAuth
from services.sandbox.purchases import one_purchase, purchases
from services.sandbox.reading import Query, read
from services.sandbox.review import replace_review, review
from services.sandbox.service import service, switch
from services.sandbox.settings import Clock, SandboxSettings
from services.sandbox.store import DatabaseUnavailable, Store, content_of, fill, fill_again, in_memory
from services.sandbox.subscriptions import subscriptions, terminate
from services.sandbox.writing import LARGEST_BODY, write

_DATA = "data "


def create_app(
    database: str,
    *,
    subscribers: tuple[Subscriber, ...] | None = None,
    clock: Clock,
    latency: float = 0.0,
    settings: SandboxSettings | None = None,
    issuer: str | None = None,
) -> Starlette:
    """Return the sandbox over a database, ready to answer; `app.state.store.close()` ends it.

    Changes (a termination, a dispute) belong to the subscribers and are replaced with them. Sessions stay.
    `app.state.start_over(identifier)` undoes the changes of one demo subscriber.
    `app.state.history()` returns an archive of older months to import.

    Args:
        database: SQLAlchemy URL; `sqlite://` is in memory.
        subscribers: replacement of the database's subscribers, unless they are equal. By default, the demo
            subscribers, created again each day. In memory, the 10,000 purchases are created on demand.
        latency: seconds before every answer.
        issuer: origin in the metadata, if clients reach the sandbox by another address than its server's.

    Raises:
        sqlalchemy.exc.SQLAlchemyError, ImportError: the database cannot be used.
        ValueError: `issuer` is not an origin that the client accepts.
    """
    settings = settings or SandboxSettings()
    issuer = backend_origin(issuer) if issuer is not None else None
    store = Store(database)
    # A database in memory is new: it has no sessions, and few users open the many purchases.
    on_demand = subscribers is None and in_memory(database)
    store.transact(functools.partial(_populate, subscribers, clock, settings, on_demand), writing=True)

    def endpoint(path: str, method: str, act: Callable[[Query], Response]) -> Route:
        return Route(path, write(act, store, clock), methods=[method])

    def resource(
        path: str,
        look: Callable[[Query], Any],
        change: Callable[[Query], Response] | None = None,
        largest_body: int = LARGEST_BODY,
    ) -> Route:
        got = read(look, store, clock)
        if change is None:
            return Route(path, got, methods=["GET"])
        put = write(change, store, clock, largest_body)

        async def either(request: Request) -> Response:
            answer: Response = await (put if request.method == "PUT" else got)(request)
            return answer

        return Route(path, either, methods=["GET", "PUT"])

    async def health(_request: Request) -> Response:
        await store.run(lambda connection: connection.execute(select(1)).one())
        return web.json_response({"status": "ok"}, headers=web.NO_STORE)

    handlers: dict[Any, Any] = {  # Starlette's type requires that every handler takes any exception
        web.Problem: web.on_problem,
        web.OAuthError: web.on_oauth_error,
        HTTPException: web.on_http_exception,
        DatabaseUnavailable: web.on_unavailable,
        Exception: web.on_fault(clock),
    }

    async def start_over(identifier: str) -> None:
        await store.run(functools.partial(_start_over, identifier, clock), writing=True)

    async def history() -> bytes:
        return demo_history.archive(clock())

    middleware = [Middleware(web.Envelope, clock=clock, latency=latency)]
    if on_demand:
        fill_large = functools.partial(start_over, demo.LARGE_IDENTIFIER)
        middleware.append(Middleware(FilledOnDemand, contract_id=demo.LARGE_CONTRACT, fill=fill_large))
    contract = "/v1/contracts/{contractId}"
    app = Starlette(
        routes=[
            *OAuth(store, clock, settings, issuer=issuer).routes,
            resource("/v1/me", me),
            resource(f"{contract}/billing-periods", billing_periods),
            resource(f"{contract}/purchases", purchases),
            resource(f"{contract}/purchases/{{paymentId}}", one_purchase),
            endpoint(f"{contract}/purchases/{{paymentId}}/disputes", "POST", open_dispute),
            resource(f"{contract}/subscriptions", subscriptions),
            endpoint(
                f"{contract}/subscriptions/{{subscriptionId}}/termination",
                "PUT",
                functools.partial(terminate, settings=settings),
            ),
            resource(f"{contract}/service", service, functools.partial(switch, settings=settings)),
            resource(f"{contract}/review", review, replace_review, LARGEST_DOCUMENT),
            endpoint("/v1/feedback", "POST", functools.partial(give_feedback, settings=settings)),
            Route("/v1/identifier-reminders", remind(store, clock, settings), methods=["POST"]),
            endpoint("/v1/sessions", "DELETE", end_sessions),
            Route("/healthz", health, methods=["GET"]),
            Route("/openapi.json", _openapi, methods=["GET"]),
        ],
        middleware=middleware,
        exception_handlers=handlers,
    )
    app.router.redirect_slashes = False
    app.state.store = store
    app.state.start_over = start_over
    app.state.history = history
    return app


class FilledOnDemand:
    """ASGI middleware that fills a contract before the first request about it."""

    def __init__(self, app: ASGIApp, *, contract_id: str, fill: Callable[[], Awaitable[None]]) -> None:
        self._app, self._path, self._fill = app, f"/v1/contracts/{contract_id}/", fill
        self._filled = False
        self._filling = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._filled and scope.get("path", "").startswith(self._path):
            async with self._filling:
                if not self._filled:
                    await self._fill()
                    self._filled = True
        await self._app(scope, receive, send)


def _populate(
    subscribers: tuple[Subscriber, ...] | None,
    clock: Clock,
    settings: SandboxSettings,
    on_demand: bool,
    connection: Connection,
) -> None:
    now, log2_cost = clock(), settings.scrypt_log2_cost
    held = content_of(connection, now) or ""
    if subscribers is None:
        content = demo.edition(now)
        if held != content:
            people = demo.subscribers(now, large_volume=not on_demand)
            fill(connection, people, content=content, now=now, log2_cost=log2_cost)
        return
    # the data contains passwords, so it is hashed like a password
    data = digest(msgspec.json.encode(subscribers).decode())
    if not (held.startswith(_DATA) and verify_password(data, held.removeprefix(_DATA))):
        content = _DATA + hash_password(data, log2_cost)
        fill(connection, subscribers, content=content, now=now, log2_cost=log2_cost)


def _start_over(identifier: str, clock: Clock, connection: Connection) -> None:
    now = clock()
    for subscriber in demo.subscribers(now):
        if canonical(identifier) in (subscriber.identifier, subscriber.phone_number):
            fill_again(connection, subscriber, now)


async def _openapi(_request: Request) -> Response:
    """Return the contract document (endpoint 12)."""
    contract = files("services.sandbox").joinpath("openapi.yaml").read_bytes()
    return web.json_response(msgspec.yaml.decode(contract))
