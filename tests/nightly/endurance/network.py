"""Network that is cut in the middle of the renewal of a session."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import Enum, auto
from random import Random

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Moment(Enum):
    """Moment of the cut in an exchange."""

    ASKING = auto()
    """A part of the request has left: at most all bytes but the last."""
    ASKED = auto()
    """The request has left; the connection is closed before the answer."""
    RENEWED = auto()
    """The backend has answered; no byte arrives."""
    ANSWERING = auto()
    """A part of the answer has arrived: at most all bytes but the last."""
    SILENCE = auto()
    """The backend has answered; no byte arrives, and the connection stays open until the client closes it."""


@dataclass(frozen=True)
class Cut:
    """One cut: its moment, its position in the bytes (0 to 1), and the seconds of the outage after it."""

    moment: Moment
    place: float
    outage: float

    @classmethod
    def any(cls, rng: Random) -> Cut:
        [moment] = rng.choices(list(Moment), weights=(3, 3, 3, 3, 1))  # a silence takes seconds
        return cls(moment, rng.random(), rng.choice((0.0, 0.0, rng.uniform(0, 2))))


class Network:
    """TCP proxy from one client to a backend, with its own port; `url` is its address."""

    def __init__(self, backend: int) -> None:
        self._backend = backend
        self._planned: Cut | None = None
        self._down_until = 0.0
        self._connections: set[asyncio.Task[None]] = set()
        self.cut = asyncio.Event()
        """Set after the planned cut."""

    def plan(self, cut: Cut) -> None:
        """Cut the next renewal."""
        self._planned = cut
        self.cut.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection of the client."""
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            if time.monotonic() >= self._down_until:
                there, back = await asyncio.open_connection("127.0.0.1", self._backend)
                try:
                    with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                        while await self._exchange(reader, writer, there, back):
                            pass
                finally:
                    back.transport.abort()
        finally:
            writer.transport.abort()
            self._connections.discard(task)

    async def _exchange(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        there: asyncio.StreamReader,
        back: asyncio.StreamWriter,
    ) -> bool:
        """Pass on one request and its answer; return whether the connection stays open."""
        request = await _message(reader)
        if time.monotonic() < self._down_until:
            return False
        cut = self._planned if b"grant_type=refresh_token" in request else None
        if cut is None:
            back.write(request)
            writer.write(await _message(there))
            await writer.drain()
            return True
        self._planned = None
        self._down_until = time.monotonic() + cut.outage
        asked = int(cut.place * len(request)) if cut.moment is Moment.ASKING else len(request)
        back.write(request[:asked])
        await back.drain()
        if cut.moment in (Moment.RENEWED, Moment.ANSWERING, Moment.SILENCE):
            answer = await _message(there)
            if cut.moment is Moment.ANSWERING:
                writer.write(answer[: int(cut.place * len(answer))])
                await writer.drain()
        self.cut.set()
        if cut.moment is Moment.SILENCE:
            await reader.read()
        return False

    def end(self) -> None:
        """Close all connections."""
        self._down_until = float("inf")
        for task in self._connections:
            task.cancel()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    port = 0


@asynccontextmanager
async def network(backend: int) -> AsyncIterator[Network]:
    """Yield a network to the backend on the port `backend`."""
    way = Network(backend)
    server = await asyncio.start_server(way.serve, "127.0.0.1", 0, family=socket.AF_INET)
    way.port = server.sockets[0].getsockname()[1]
    try:
        yield way
    finally:
        server.close()
        way.end()
        await server.wait_closed()
        await asyncio.gather(*way._connections, return_exceptions=True)


async def _message(reader: asyncio.StreamReader) -> bytes:
    """Read a whole request or answer with a body of known length."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    return head + (await reader.readexactly(int(length[1])) if length else b"")
