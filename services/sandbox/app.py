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
from services.sandbox.accounts import billing_periods, end_sessions, me
from services.sandbox.data_file import Subscriber
from services.sandbox.disputes import open_dispute
from services.sandbox.feedback import give_feedback, remind
from services.sandbox.identity import canonical, digest, hash_password, verify_password
from services.sandbox.oauth import OAuth
from services.sandbox.purchases import one_purchase, purchases
from services.sandbox.reading import Query, read
from services.sandbox.service import service, switch
from services.sandbox.settings import Clock, Settings
from services.sandbox.store import Store, content_of, fill, fill_again
from services.sandbox.subscriptions import subscriptions, terminate
from services.sandbox.writing import write

_DATA = "data "


def create_app(
    database: str,
    *,
    subscribers: tuple[Subscriber, ...] | None = None,
    clock: Clock,
    latency: float = 0.0,
    settings: Settings | None = None,
) -> Starlette:
    """The sandbox over a database, ready to answer; `app.state.store.close()` ends it.

    `database` is an SQLAlchemy URL (`sqlite://` is in memory). `subscribers` replace those it holds, unless
    they are the same; without them it holds the demo subscribers, made again when they are another day's.
    What somebody did (a termination, a dispute) stays with the subscribers and goes with them. Whoever is
    signed in stays so. `app.state.start_over(identifier)` undoes what was done as one demo subscriber.
    `latency`, in seconds, comes before every answer.

    Raises:
        sqlalchemy.exc.SQLAlchemyError, ImportError: the database cannot be used.
    """
    settings = settings or Settings()
    store = Store(database)
    store.transact(functools.partial(_populate, subscribers, clock, settings), writing=True)

    def endpoint(path: str, method: str, act: Callable[[Query], Response]) -> Route:
        return Route(path, write(act, store, clock), methods=[method])

    def resource(
        path: str, look: Callable[[Query], Any], change: Callable[[Query], Response] | None = None
    ) -> Route:
        got = read(look, store, clock)
        if change is None:
            return Route(path, got, methods=["GET"])
        put = write(change, store, clock)

        async def either(request: Request) -> Response:
            answer: Response = await (put if request.method == "PUT" else got)(request)
            return answer

        return Route(path, either, methods=["GET", "PUT"])

    async def health(_request: Request) -> Response:
        await store.run(lambda connection: connection.execute(select(1)).one())
        return web.json_response({"status": "ok"}, headers=web.NO_STORE)

    handlers: dict[Any, Any] = {  # Starlette would have every handler take any exception
        web.Problem: web.on_problem,
        web.OAuthError: web.on_oauth_error,
        HTTPException: web.on_http_exception,
        Exception: web.on_fault(clock),
    }
    contract = "/v1/contracts/{contractId}"
    app = Starlette(
        routes=[
            *OAuth(store, clock, settings).routes,
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
            endpoint("/v1/feedback", "POST", give_feedback),
            Route("/v1/identifier-reminders", remind(store, clock, settings), methods=["POST"]),
            endpoint("/v1/sessions", "DELETE", end_sessions),
            Route("/healthz", health, methods=["GET"]),
            Route("/openapi.json", _openapi, methods=["GET"]),
        ],
        middleware=[Middleware(web.Envelope, clock=clock, latency=latency)],
        exception_handlers=handlers,
    )
    app.router.redirect_slashes = False
    app.state.store = store

    async def start_over(identifier: str) -> None:
        await store.run(functools.partial(_start_over, identifier, clock), writing=True)

    app.state.start_over = start_over
    return app


def _populate(
    subscribers: tuple[Subscriber, ...] | None, clock: Clock, settings: Settings, connection: Connection
) -> None:
    now, log2_cost = clock(), settings.scrypt_log2_cost
    held = content_of(connection, now) or ""
    if subscribers is None:
        content = demo.edition(now)
        if held != content:
            fill(connection, demo.subscribers(now), content=content, now=now, log2_cost=log2_cost)
        return
    data = digest(msgspec.json.encode(subscribers).decode())  # it holds passwords: hashed like one
    if not (held.startswith(_DATA) and verify_password(data, held.removeprefix(_DATA))):
        content = _DATA + hash_password(data, log2_cost)
        fill(connection, subscribers, content=content, now=now, log2_cost=log2_cost)


def _start_over(identifier: str, clock: Clock, connection: Connection) -> None:
    now = clock()
    for subscriber in demo.subscribers(now):
        if canonical(identifier) in (subscriber.identifier, subscriber.phone_number):
            fill_again(connection, subscriber, now)


async def _openapi(_request: Request) -> Response:
    """The contract itself (endpoint 12)."""
    contract = files("services.sandbox").joinpath("openapi.yaml").read_bytes()
    return web.json_response(msgspec.yaml.decode(contract))
