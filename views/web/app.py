"""The app in a browser: Flet's web client, served with what keeps it to itself.

Only these answer: the WebSocket that carries the interface, the client's files, the app's assets, `/healthz`.
Flet's own `flet_web.fastapi.app` would also expose API documentation, an OAuth call-back and
`Access-Control-Allow-Origin: *`; none is used here.
"""

from __future__ import annotations

import asyncio
import errno
import gc
import ipaddress
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from flet_web.fastapi import app_manager
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.settings import SESSION_TIMEOUT, SESSIONS_PER_ADDRESS
from views.flet_compat.client_patches import isolate_client_patches
from views.flet_compat.connection import share_validation_sets
from views.flet_compat.control_ids import randomize_control_ids
from views.web.connections import ConnectionLimits, LimitedConfig
from views.web.sessions import COOKIES, SessionEndpoint, Start
from views.web.static import WebFiles

SAFE_HEADERS = {
    "Content-Security-Policy": "frame-ancestors 'none'",  # the rest of the policy stands in assets/index.html
    # No Cross-Origin-Embedder-Policy beside it: the two let Flutter draw on a second thread, which corrupts
    # its memory (Flutter issue 190039): a resized window then stood still for good. Mended in Flutter by pull
    # request 190048, which Flet 1.0.5 does not have.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


STRICT_TRANSPORT = {"Strict-Transport-Security": "max-age=31536000"}
"""Over HTTPS only: a year of it, for this name alone."""

HEALTH = "/healthz"
"""Answers while the process serves visitors.

It says nothing of the backend, whose outage the screens explain. A proxy that took processes out for that
would leave visitors without a screen.
"""

LARGEST_MESSAGE = 64 * 1024
"""Bytes a browser may send at once, decompressed; a page's largest, its registration, is about 1,000."""


class SafeHeaders:
    """ASGI middleware: adds `SAFE_HEADERS` to every HTTP response, and gives every browser a name of its own.

    The name is a cookie that no script can read. `views/web/sessions.py` gives a session back to that cookie
    alone: the id of the session does not suffice. The cookie ends with the browser.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        secure = request.url.scheme == "https"
        name = COOKIES[0] if secure else COOKIES[1]
        unnamed = name not in request.cookies and "text/html" in request.headers.get("accept", "")

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(SAFE_HEADERS | (STRICT_TRANSPORT if secure else {}))
                if unnamed:
                    attributes = "Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if secure else "")
                    headers.append("Set-Cookie", f"{name}={secrets.token_urlsafe(32)}; {attributes}")
                    headers["Cache-Control"] = "no-cache, private"  # else a proxy could give it to others
            await send(message)

        await self._app(scope, receive, send_with_headers)


def web_app(
    start: Start,
    assets: Path,
    *,
    expect: Callable[[], object] = lambda: None,
    hosts: Sequence[str] = ("*",),
    session_timeout: int = SESSION_TIMEOUT,
    sessions_per_address: int = SESSIONS_PER_ADDRESS,
) -> Starlette:
    """The ASGI app that shows `start` in browsers, one page (and one call of `start`) a visitor.

    Args:
        assets: the folder of the app's own files.
        expect: called when a browser asks for the page: it will want `start` in a second.
        hosts: the names it answers to; `*` is any.
        session_timeout: seconds a session without a connection is kept.
        sessions_per_address: at most; this machine's own are not counted.
    """

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        share_validation_sets()
        randomize_control_ids()
        isolate_client_patches()
        files.compress()
        giving_back = asyncio.create_task(endpoint.collect_ended_sessions())
        yield
        giving_back.cancel()
        await app_manager.shutdown()

    files = WebFiles(assets, expect=expect)
    endpoint = SessionEndpoint(
        start, session_timeout=session_timeout, sessions_per_address=sessions_per_address
    )
    return Starlette(
        routes=[
            WebSocketRoute("/ws", endpoint),
            Route(HEALTH, _health, methods=["GET"]),
            Route("/{name:path}", files, methods=["GET"]),
        ],
        middleware=[
            Middleware(SafeHeaders),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False),
        ],
        lifespan=lifespan,
    )


async def _health(_: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on `host`, a name or an address.

    Raises `OSError` when it cannot be had (in use, no such address, not allowed), `UnicodeError` when `host`
    cannot be a name.
    """
    if not host:  # to the system it means every address of this machine
        raise OSError(errno.EADDRNOTAVAIL, "no address")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=128)


def address_of(listening: socket.socket) -> str:
    """Where a browser on this machine finds what listens there, for example `http://127.0.0.1:8550`."""
    host, port = listening.getsockname()[:2]
    ip = ipaddress.ip_address(host)
    if ip.is_unspecified:
        host = "localhost"
    elif ip.version == 6:
        host = f"[{host}]"
    return f"http://{host}:{port}"


def web_server(
    app: ASGIApp, *, trusted_proxies: Sequence[str] = (), limits: ConnectionLimits | None = None
) -> uvicorn.Server:
    """Return a server for `app` that bounds its connections.

    Args:
        trusted_proxies: addresses believed about the visitor (`X-Forwarded-For`, `X-Forwarded-Proto`).
        limits: bounds other than the usual ones.
    """
    config = LimitedConfig(
        app,
        limits or ConnectionLimits(),
        largest_message=LARGEST_MESSAGE,
        trusted_proxies=trusted_proxies,
    )
    return uvicorn.Server(config)


def serve(app: ASGIApp, listening: socket.socket, *, trusted_proxies: Sequence[str] = ()) -> None:
    """Serve `app` on `listening` until SIGINT or SIGTERM, then give requests in flight two seconds to end.

    Full garbage collections run only when sessions have ended (`collect_ended_sessions`): drawing leaves
    young garbage.
    uvicorn raises the signal again once it has stopped: the caller's handlers decide how the process ends.
    """
    gc.set_threshold(5_000, 20, 1_000_000)
    web_server(app, trusted_proxies=trusted_proxies).run(sockets=[listening])
