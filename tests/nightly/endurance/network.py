"""A network that is cut in the middle of renewing a session."""

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
    """When the exchange is cut."""

    ASKING = auto()
    """Some bytes of the request have left: none, some or all but the last."""
    ASKED = auto()
    """All of it has left; nothing waits for the answer."""
    RENEWED = auto()
    """The backend has answered; nothing of it arrives."""
    ANSWERING = auto()
    """Some bytes of the answer have arrived: all but the last at most."""
    SILENCE = auto()
    """The backend has answered; nothing arrives and nothing ends, until the client gives up."""


@dataclass(frozen=True)
class Cut:
    """One cut: its moment, where in the bytes (0 to 1), and for how many seconds nothing passes after it."""

    moment: Moment
    place: float
    outage: float

    @classmethod
    def any(cls, rng: Random) -> Cut:
        [moment] = rng.choices(list(Moment), weights=(3, 3, 3, 3, 1))  # silence takes seconds
        return cls(moment, rng.random(), rng.choice((0.0, 0.0, rng.uniform(0, 2))))


class Network:
    """The way from one client to a backend, through a port of its own. `url` is where it begins."""

    def __init__(self, backend: int) -> None:
        self._backend = backend
        self._planned: Cut | None = None
        self._down_until = 0.0
        self._connections: set[asyncio.Task[None]] = set()
        self.cut = asyncio.Event()
        """Set once the planned cut was made."""

    def plan(self, cut: Cut) -> None:
        """Cut the next renewal so."""
        self._planned = cut
        self.cut.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of the client."""
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
        """One request and its answer; whether another may follow."""
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
        """Nothing passes any more."""
        self._down_until = float("inf")
        for task in self._connections:
            task.cancel()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    port = 0


@asynccontextmanager
async def network(backend: int) -> AsyncIterator[Network]:
    """A network of its own to the backend on that port."""
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
    """A whole request or answer with a body of known length."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    return head + (await reader.readexactly(int(length[1])) if length else b"")
