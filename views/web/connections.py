"""Bounds of the TCP connections of the web host: their number, the size of a request, and its time.

uvicorn waits for ever for the rest of a request, and for a client that does not read the response.
The classes below add deadlines to uvicorn's protocols.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import h11
import uvicorn
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn._types import ASGIReceiveEvent
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory

from views.web import uploads

SPARE_DESCRIPTORS = 64
"""File descriptors of the process reserved for files and for connections to the backend."""

_SLICE = 4 * 1024
"""Bytes of a WebSocket to decompress before the size of the result is checked."""

_COMPRESSION = ServerPerMessageDeflateFactory(
    client_no_context_takeover=True,
    server_max_window_bits=12,
    client_max_window_bits=12,
    compress_settings={"memLevel": 3},
)
"""Compression of messages with 27 kB a connection, half of uvicorn's, for 2 % more bytes.

The messages of a client are short: no memory is kept to decompress one with the text of the last one.
"""

_CLOSE_TIME = 2.0
_AFTER_CLOSE = 256 * 1024
"""Seconds and bytes to wait for the client's answer to a close."""


@dataclass(frozen=True)
class ConnectionLimits:
    """Limits of one connection, one address, and all connections together. Times are in seconds."""

    head_bytes: int = 16 * 1024
    """Size of a request's line and headers."""
    request_time: float = 10.0
    """Time from the start of the connection, or from the first byte of a request, to its last byte."""
    idle_time: int = 5
    """Time between a response and the next request."""
    read_time: float = 60.0
    """Time for a client to take its buffered data: 64 KiB of a file, or one message."""
    queued_bytes: int = 1024 * 1024
    """Decompressed size of the messages of one WebSocket that wait for the app."""
    ping_interval: float = 20.0
    ping_time: float = 20.0
    """Time for a browser to answer a ping on a WebSocket."""
    pending: int = 256
    """Connections without a complete request; a new connection drops the oldest."""
    pending_per_address: int = 32
    most: int | None = None
    """Limit of all connections; None derives it from the number of descriptors that the process may open."""


class ConnectionTable:
    """Connections of a server without a complete request yet, oldest first."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self.most = limits.most or max(1, _descriptors() - SPARE_DESCRIPTORS)
        self._pending: dict[Droppable, str] = {}

    def add(self, connection: Droppable, address: str) -> None:
        """Register a pending connection. At the limit, drop the oldest of its address, or the oldest of all.

        A request arrives within a round trip, so that a flood drops its own connections first.
        """
        from services.client.sign_in_tries import (
            subscription_of,  # imported late: the server must listen without it
        )

        subscription = subscription_of(address)
        self._pending[connection] = subscription
        same = [one for one, theirs in self._pending.items() if theirs == subscription]
        if len(same) > self.limits.pending_per_address:
            same[0].drop()
        elif len(self._pending) > self.limits.pending:
            next(iter(self._pending)).drop()

    def discard(self, connection: Droppable) -> None:
        """Remove a connection that has sent its request or has ended."""
        self._pending.pop(connection, None)


class Droppable(Protocol):
    """Connection that can be ended at once."""

    def drop(self) -> None: ...


class LimitedConfig(uvicorn.Config):
    """Configuration of uvicorn that applies `limits` to its connections."""

    def __init__(
        self,
        app: ASGIApp,
        limits: ConnectionLimits,
        *,
        largest_message: int,
        trusted_proxies: Sequence[str] = (),
    ) -> None:
        super().__init__(
            RefusesBodies(app),
            http=LimitedHttp,
            ws=LimitedWebSocket,
            log_level="error",  # warnings report malformed requests: any client could fill the log
            access_log=False,
            server_header=False,
            proxy_headers=bool(trusted_proxies),
            forwarded_allow_ips=list(trusted_proxies),
            timeout_graceful_shutdown=2,
            timeout_keep_alive=limits.idle_time,
            h11_max_incomplete_event_size=limits.head_bytes,
            ws_max_size=largest_message,
            ws_ping_interval=limits.ping_interval,
            ws_ping_timeout=limits.ping_time,
        )
        self.table = ConnectionTable(limits)


class RefusesBodies:
    """ASGI middleware that refuses a request with a body, except at the endpoint of uploads."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            has_body = "transfer-encoding" in headers or headers.get("content-length", "0").strip("0")
            if has_body and not (scope["method"] == "PUT" and scope["path"].startswith(uploads.PATH)):
                refusal = PlainTextResponse("Content Too Large", 413, {"Connection": "close"})
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)


class _Deadline:
    """Timer that runs at most once; starting it again does not extend it."""

    def __init__(self, action: Callable[[], object]) -> None:
        self._action = action
        self._timer: asyncio.TimerHandle | None = None

    def start(self, seconds: float) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._action)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class LimitedHttp(H11Protocol):
    """uvicorn's HTTP connection with deadlines to send a request and to read its response."""

    config: LimitedConfig

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        super().connection_made(transport)
        transport.set_write_buffer_limits(0)  # `resume_writing` then means that the client took all data
        self._request = _Deadline(self.drop)
        self._reading = _Deadline(self.drop)
        if len(self.connections) > self.config.table.most:
            self.drop()
        else:
            self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def send_400_response(self, msg: str) -> None:
        """Refuse a malformed request, or drop the connection if its response is already in flight.

        uvicorn would begin a second response, which fails with a traceback in the log.
        """
        if self.cycle is None or self.cycle.response_complete:
            super().send_400_response(msg)
        else:
            self.cycle.disconnected = True
            self.drop()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        self._settle()
        super().handle_websocket_upgrade(event)
        web_socket = self.transport.get_protocol()
        if isinstance(web_socket, LimitedWebSocket) and not web_socket.handshake_initiated:
            self.transport.abort()  # uvicorn leaves a malformed handshake without an answer

    def connection_lost(self, exc: Exception | None) -> None:
        self._settle()
        self._reading.stop()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._reading.start(self.config.table.limits.read_time)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._reading.stop()

    def drop(self) -> None:
        """End the connection at once; buffered data is lost."""
        self._settle()
        self.transport.abort()

    def _watch(self) -> None:
        """Set the deadline of a request that has begun. Between requests, uvicorn's own timer runs."""
        owed = self.conn.their_state in (h11.IDLE, h11.SEND_BODY) and self.timeout_keep_alive_task is None
        if owed and not self.transport.is_closing() and self.transport.get_protocol() is self:
            self._request.start(self.config.table.limits.request_time)
            self.config.table.add(self, self.client[0] if self.client else "")
        else:
            self._settle()

    def _settle(self) -> None:
        self._request.stop()
        self.config.table.discard(self)


class LimitedWebSocket(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket connection, ended when its browser answers no ping or reads nothing.

    A few bytes may decompress to a full message. Each read is therefore decompressed in slices, and the size
    of the messages that wait for the app is bounded.
    """

    config: LimitedConfig

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.conn.available_extensions = [_COMPRESSION]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._reading = _Deadline(self.transport.abort)
        self._queued = self._after_close = 0
        self.close_timeout = _CLOSE_TIME

    def data_received(self, data: bytes) -> None:
        for start in range(0, len(data), _SLICE):
            if self.close_sent:
                self._after_close += _SLICE
            if self.transport.is_closing() or self._after_close > _AFTER_CLOSE:
                return
            super().data_received(data[start : start + _SLICE])

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text":
            self.frames = [
                b""
            ]  # the app refuses any text; uvicorn logs a traceback for one that is not UTF-8
        self._queued += sum(map(len, self.frames))
        if self._queued <= self.config.table.limits.queued_bytes:
            super().send_receive_event_to_app()
        elif not self.close_sent:
            self.conn.fail(1009, "too much at once")
            self.handle_parser_exception()

    async def receive(self) -> ASGIReceiveEvent:
        message = await super().receive()
        if message["type"] == "websocket.receive":
            self._queued -= len(message.get("bytes") or b"")
        return message

    def pause_writing(self) -> None:
        super().pause_writing()
        self._reading.start(self.config.table.limits.read_time)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._reading.stop()

    def keepalive_timeout(self) -> None:
        """End the connection at once. A close would wait for a silent browser to read the buffer."""
        super().keepalive_timeout()
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._reading.stop()
        super().connection_lost(exc)


def _descriptors() -> int:
    """Return the number of files and sockets that the process may have open."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return 8192
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft if soft != resource.RLIM_INFINITY else 65536
