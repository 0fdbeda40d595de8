"""Flet client of a served app, over its WebSocket like a browser: it needs only the address.

    async with WireClient("http://127.0.0.1:8550", route="/achats") as app:
        await app.see("Identifiez-vous")
        await app.enter("Identifiant", "camille@demo.example")
        await app.tap("Continuer")

A frame is a zero byte and the msgpack of `[action, body]`. A test can load, disconnect and kill the server.
"""

# msgpack has no types.
# mypy: disable-error-code="import-untyped"

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from typing import Any, Self

import msgpack
from flet.messaging.protocol import MessageAction
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.harness.client import PATIENCE, Client
from tests.harness.patience import stretched
from tests.harness.tree import Tree


class Crashed(AssertionError):
    """The app told its client that it has crashed."""


class _CountedConnection(ClientConnection):
    """Connection that reports the size of what it receives, before decompression."""

    def __init__(self, count: Callable[[int], None], *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._count = count

    def data_received(self, data: bytes) -> None:
        self._count(len(data))
        super().data_received(data)


class WireClient(Client):
    """One visitor. `bytes_in` counts the bytes received over its connections, handshakes included.

    Args:
        address: of the app, `http://host:port`.
        headers: sent with the handshake besides the usual ones: cookies, what a proxy adds.
        deflate: whether to ask for compressed messages, as browsers do.
        options: more of `websockets`' own, as certificates to believe, or where to connect from.
        client: arguments of `Client`.
    """

    def __init__(
        self,
        address: str,
        *,
        headers: dict[str, str] | None = None,
        deflate: bool = False,
        options: dict[str, Any] | None = None,
        **client: Any,
    ) -> None:
        super().__init__(**client)
        self.address, self.deflate = address, deflate
        self.headers, self.options = headers or {}, options or {}
        self.bytes_in = 0
        self._crash: str | None = None
        self._news = asyncio.Event()
        self._connection: ClientConnection | None = None
        self._listening: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        if not self.connected:
            await self.register()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def connect(self) -> None:
        """Open the WebSocket and say nothing yet."""
        self._connection = await connect(
            self.address.replace("http", "ws", 1) + "/ws",
            origin=self.address,  # type: ignore[arg-type] # its NewType is of no use here
            additional_headers=self.headers,
            max_size=None,
            compression="deflate" if self.deflate else None,
            create_connection=partial(_CountedConnection, self._count),  # type: ignore[arg-type] # a factory
            open_timeout=stretched(PATIENCE),
            proxy=None,
            **self.options,
        )

    def _count(self, size: int) -> None:
        self.bytes_in += size

    async def register(self) -> None:
        """Connect and take one's place: a new session, or the one of `session_id` if it is still there."""
        if self._connection is None:
            await self.connect()
        self.tree, self._focused = Tree(), None
        self._listening = asyncio.create_task(self._listen())
        page = self.page_properties(self.route)
        body = {"session_id": self.session_id, "page_name": "", "page": page}
        await self._transmit(MessageAction.REGISTER_CLIENT, body)
        await self.until(lambda: self.tree.page, "no answer to the registration")

    async def close(self) -> None:
        """Leave as a closed tab does."""
        if self._connection is not None:
            await self._connection.close()
        await self._stop_listening()

    async def cut(self) -> None:
        """Lose the network: the connection ends without a word."""
        if self._connection is not None:
            self._connection.transport.abort()
        await self._stop_listening()

    async def _stop_listening(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        self._connection = self._listening = None

    @property
    def connected(self) -> bool:
        return self._listening is not None and not self._listening.done()

    # The transport

    async def _transmit(self, action: MessageAction, body: dict[str, Any]) -> None:
        assert self._connection is not None, "not connected"
        await self._connection.send(b"\0" + msgpack.packb([action.value, body]))

    async def _listen(self) -> None:
        assert self._connection is not None
        try:
            with contextlib.suppress(ConnectionClosed):
                async for frame in self._connection:
                    assert isinstance(frame, bytes)
                    await self._receive(frame)
                    self._news.set()
        finally:
            self._news.set()

    async def _receive(self, frame: bytes) -> None:
        if (reaction := self._receive_message(frame[1:])) is not None:
            await reaction

    def _crashed(self, message: str) -> None:
        self._crash = message

    def _raise_failures(self) -> None:
        if self._crash is not None:
            raise Crashed(self._crash)
        if self._listening is not None and self._listening.done():
            self._listening.result()  # what came could not be understood

    async def _wait(self, seconds: float) -> None:
        assert self.connected, f"the connection at {self.route} is gone; the screen reads {self.texts()}"
        self._news.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), seconds)
