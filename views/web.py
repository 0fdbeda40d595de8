"""The app in a browser: Flet's web client, served with what keeps it to itself.

Only three things answer: the WebSocket that carries the interface, the client's files, and the app's assets.
Flet's own `flet_web.fastapi.app` would also expose API documentation, an OAuth call-back and
`Access-Control-Allow-Origin: *`; none is used here.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import flet as ft
import uvicorn
from flet_web.fastapi import FletApp, FletStaticFiles, app_manager
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.routing import Mount, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

Start = Callable[[ft.Page], Awaitable[None]]

SAFE_HEADERS = {
    "Content-Security-Policy": "frame-ancestors 'none'",  # the rest of the policy stands in assets/index.html
    "Cross-Origin-Embedder-Policy": "require-corp",  # with the next one, lets Flutter draw on a second thread
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class SafeHeaders:
    """ASGI middleware: adds `SAFE_HEADERS` to every HTTP response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SAFE_HEADERS)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def web_app(start: Start, assets: Path) -> Starlette:
    """The ASGI app that shows `start` in browsers, one page (and one call of `start`) a visitor."""

    async def interface(connection: WebSocket) -> None:
        # A browser lets any site open a WebSocket to any server: only our own page may.
        origin = connection.headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != connection.headers.get("host"):
            await connection.close()
            return
        loop = asyncio.get_running_loop()
        with suppress(WebSocketDisconnect):  # the browser left while something was being sent to it
            await FletApp(loop, app_manager.executor, main=start, before_main=None).handle(connection)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await app_manager.start()
        yield
        await app_manager.shutdown()

    files = FletStaticFiles(assets_dir=str(assets), no_cdn=True, websocket_endpoint_path="/ws")
    return Starlette(
        routes=[WebSocketRoute("/ws", interface), Mount("/", files)],
        middleware=[Middleware(SafeHeaders)],
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


def serve(app: ASGIApp, listening: socket.socket) -> None:
    """Serves `app` on `listening` until SIGINT or SIGTERM, then gives what is under way two seconds to end.

    uvicorn passes the signal on once it has stopped: the caller's own handlers decide how the process ends.
    """
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
        ws="websockets-sansio",
    )
    uvicorn.Server(config).run(sockets=[listening])
