"""Web app: serves Flet's web client with security headers and connection limits.

It serves only the WebSocket of the interface, the client's files, the app's assets, `/healthz`, and uploads.
Flet's own `flet_web.fastapi.app` would also expose API documentation, an OAuth callback and
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
from views.web.uploads import PATH, Uploads

SAFE_HEADERS = {
    "Content-Security-Policy": "frame-ancestors 'none'",  # the rest of the policy is in assets/index.html
    # No Cross-Origin-Embedder-Policy: with both headers, Flutter draws on a second thread, which corrupts its
    # memory (Flutter issue 190039), and a resized window freezes for good. Flutter pull request 190048 fixes
    # it; Flet 1.0.5 does not have the fix.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


STRICT_TRANSPORT = {"Strict-Transport-Security": "max-age=31536000"}
"""Sent over HTTPS only: one year, for this host name without its subdomains."""

HEALTH = "/healthz"
"""Path that answers while the process serves visitors.

The answer does not depend on the backend, whose outage the screens explain. If it did, a proxy would remove
the processes, and visitors would have no screen.
"""

LARGEST_MESSAGE = 64 * 1024
"""Bytes of a browser's message, decompressed. The largest of a page, its registration, has about 1,000."""


class SafeHeaders:
    """ASGI middleware: adds `SAFE_HEADERS` to every HTTP response, and sets a random cookie in every browser.

    Scripts cannot read the cookie, and it ends with the browser. `views/web/sessions.py` resumes a session
    only for the same cookie: the id of the session does not suffice.
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
                    # else a proxy could give the cookie to others
                    headers["Cache-Control"] = "no-cache, private"
            await send(message)

        await self._app(scope, receive, send_with_headers)


def web_app(
    start: Start,
    assets: Path,
    *,
    preload: Callable[[], object] = lambda: None,
    hosts: Sequence[str] = ("*",),
    session_timeout: int = SESSION_TIMEOUT,
    sessions_per_address: int = SESSIONS_PER_ADDRESS,
) -> Starlette:
    """Return the ASGI app that runs `start` in browsers, with one page and one call of `start` per visitor.

    Args:
        assets: folder of the app's own files.
        preload: called when a browser asks for the page, about a second before it needs `start`.
        hosts: host names the app answers to; `*` is any.
        session_timeout: seconds after which a session without a connection expires.
        sessions_per_address: limit of sessions per address; loopback addresses are exempt.
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

    files = WebFiles(assets, preload=preload)
    uploads = Uploads()
    endpoint = SessionEndpoint(
        start,
        session_timeout=session_timeout,
        sessions_per_address=sessions_per_address,
        uploads=uploads,
    )
    app = Starlette(
        routes=[
            WebSocketRoute("/ws", endpoint),
            Route(HEALTH, _health, methods=["GET"]),
            Route(PATH + "{name}", uploads.receive, methods=["PUT"]),
            Route("/{name:path}", files, methods=["GET"]),
        ],
        middleware=[
            Middleware(SafeHeaders),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False),
        ],
        lifespan=lifespan,
    )
    app.state.uploads = uploads
    return app


async def _health(_: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket on `host`, a name or an address.

    Raises `OSError` if the address is in use, does not exist or is not allowed. Raises `UnicodeError` if
    `host`
    cannot be a name.
    """
    if not host:  # to the system, an empty host means every address of this machine
        raise OSError(errno.EADDRNOTAVAIL, "no address")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=128)


def address_of(listening: socket.socket) -> str:
    """Return the address at which a browser on this machine finds the socket, such as
    `http://127.0.0.1:8550`.
    """
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
        trusted_proxies: addresses trusted to name the visitor (`X-Forwarded-For`, `X-Forwarded-Proto`).
        limits: bounds that replace the defaults.
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

    Full garbage collections run only after sessions have ended (`collect_ended_sessions`), because drawing
    produces young garbage only.
    uvicorn raises the signal again once it has stopped: the caller's handlers decide how the process ends.
    """
    gc.set_threshold(5_000, 20, 1_000_000)
    web_server(app, trusted_proxies=trusted_proxies).run(sockets=[listening])
