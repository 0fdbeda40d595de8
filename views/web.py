"""The app in a browser: Flet's web client, served with what keeps it to itself.

Only three things answer: the WebSocket that carries the interface, the client's files, and the app's assets.
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
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.settings import SESSION_TIMEOUT, SESSIONS_PER_ADDRESS
from views.interface import spare_memory
from views.visitors import COOKIES, Door, Start
from views.web_files import WebFiles

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

LARGEST_MESSAGE = 256 * 1024
"""Bytes a browser may send at once, decompressed; a page's largest, its registration, is about 1,000."""


class SafeHeaders:
    """ASGI middleware: adds `SAFE_HEADERS` to every HTTP response, and gives every browser a name of its own.

    The name, a cookie no script can read, is what a session is given back by (`views/visitors.py`): its id
    alone does not suffice. It is no identity: it ends with the browser.
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
        spare_memory()
        await app_manager.start()
        files.compress()
        giving_back = asyncio.create_task(door.give_back())
        yield
        giving_back.cancel()
        await app_manager.shutdown()

    files = WebFiles(assets, expect=expect)
    door = Door(start, session_timeout=session_timeout, sessions_per_address=sessions_per_address)
    return Starlette(
        routes=[WebSocketRoute("/ws", door), Route("/{name:path}", files, methods=["GET"])],
        middleware=[
            Middleware(SafeHeaders),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False),
        ],
        lifespan=lifespan,
    )


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


def serve(app: ASGIApp, listening: socket.socket, *, trusted_proxies: Sequence[str] = ()) -> None:
    """Serves `app` on `listening` until SIGINT or SIGTERM, then gives what is under way two seconds to end.

    What a proxy says of the visitor (`X-Forwarded-For`, `X-Forwarded-Proto`) is believed from
    `trusted_proxies` alone.
    Garbage that is old is only looked for when sessions have ended (`Door.give_back`): what drawing leaves is
    young.
    uvicorn passes the signal on once it has stopped: the caller's own handlers decide how the process ends.
    """
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=list(trusted_proxies),
        timeout_graceful_shutdown=2,
        ws="websockets-sansio",
        ws_max_size=LARGEST_MESSAGE,
    )
    gc.set_threshold(5_000, 20, 1_000_000)
    uvicorn.Server(config).run(sockets=[listening])
