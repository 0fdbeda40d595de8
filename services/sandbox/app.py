"""The sandbox as one ASGI application: the same object in process and under a server."""

from __future__ import annotations

import functools
from collections.abc import Callable
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

from services.sandbox import demo, web
from services.sandbox.accounts import billing_periods, me
from services.sandbox.data_file import Subscriber
from services.sandbox.oauth import OAuth
from services.sandbox.purchases import one_purchase, purchases
from services.sandbox.reading import Query, read
from services.sandbox.settings import Clock, Settings
from services.sandbox.store import Store, fill, is_filled


def create_app(
    database: str,
    *,
    subscribers: tuple[Subscriber, ...] | None = None,
    clock: Clock,
    latency: float = 0.0,
    settings: Settings | None = None,
) -> Starlette:
    """The sandbox over a database, ready to answer; `app.state.store.close()` ends it.

    `database` is an SQLAlchemy URL (`sqlite://` is in memory). `subscribers` replace those it holds; without
    them it holds the demo subscribers, made again when they are another day's. Whoever is signed in stays so.
    `latency`, in seconds, comes before every answer.

    Raises:
        sqlalchemy.exc.SQLAlchemyError, ImportError: the database cannot be used.
    """
    settings = settings or Settings()
    store = Store(database)
    store.transact(functools.partial(_populate, subscribers, clock, settings), writing=True)

    def endpoint(path: str, answer: Callable[[Query], Any]) -> Route:
        return Route(path, read(answer, store, clock), methods=["GET"])

    async def health(_request: Request) -> Response:
        await store.run(lambda connection: connection.execute(select(1)).one())
        return web.json_response({"status": "ok"}, headers=web.NO_STORE)

    handlers: dict[Any, Any] = {  # Starlette would have every handler take any exception
        web.Problem: web.on_problem,
        web.OAuthError: web.on_oauth_error,
        HTTPException: web.on_http_exception,
        Exception: web.on_fault(clock),
    }
    app = Starlette(
        routes=[
            *OAuth(store, clock, settings).routes,
            endpoint("/v1/me", me),
            endpoint("/v1/contracts/{contractId}/billing-periods", billing_periods),
            endpoint("/v1/contracts/{contractId}/purchases", purchases),
            endpoint("/v1/contracts/{contractId}/purchases/{paymentId}", one_purchase),
            Route("/healthz", health, methods=["GET"]),
            Route("/openapi.json", _openapi, methods=["GET"]),
        ],
        middleware=[Middleware(web.Envelope, clock=clock, latency=latency)],
        exception_handlers=handlers,
    )
    app.router.redirect_slashes = False
    app.state.store = store
    return app


def _populate(
    subscribers: tuple[Subscriber, ...] | None, clock: Clock, settings: Settings, connection: Connection
) -> None:
    now = clock()
    content = demo.edition(now) if subscribers is None else "a data file"
    if subscribers is None:
        if is_filled(connection, content, now):
            return
        subscribers = demo.subscribers(now)
    fill(connection, subscribers, content=content, now=now, log2_cost=settings.scrypt_log2_cost)


async def _openapi(_request: Request) -> Response:
    """The contract itself (endpoint 12)."""
    contract = files("services.sandbox").joinpath("openapi.yaml").read_bytes()
    return web.json_response(msgspec.yaml.decode(contract))
