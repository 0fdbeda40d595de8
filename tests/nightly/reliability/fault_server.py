"""Gateway to the backend that simulates faults, over TLS and real sockets, one exchange at a time.

A `Gateway` stands in front of a server without TLS, like an operator's. Its `play` handles each exchange: it
passes the request on, answers by itself, cuts, resets or withholds the answer.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from urllib.parse import parse_qs

import msgspec

NAME = "backend.example"
"""Host name in the gateway's certificate."""
_SECRETS = ("access_token", "refresh_token", "auth_session", "authorization_code", "code", "code_verifier")


@dataclass(frozen=True)
class Answer:
    """HTTP answer; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes = b""

    def encode(self) -> bytes:
        """Return the bytes of the answer. Its headers may declare a wrong length."""
        headers = {"content-length": str(len(self.body))} | self.headers
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode() + self.body

    def saying(self, body: bytes) -> Answer:
        """Return the answer with another body."""
        return replace(self, body=body, headers=self.headers | {"content-length": str(len(body))})


class Exchange:
    """Request, with the connection for its answer."""

    def __init__(self, gateway: Gateway, head: bytes, body: bytes, client: asyncio.StreamWriter) -> None:
        self.method, self.target, _ = head.partition(b"\r\n")[0].decode().split(" ", 2)
        self._gateway, self._head, self._body, self._client = gateway, head, body, client

    @property
    def renews(self) -> bool:
        """Whether the request renews tokens; a sign-in gets the first ones."""
        return self.target == "/oauth/token" and b"grant_type=refresh_token" in self._body

    async def ask(self) -> Answer:
        """Return the backend's answer.

        Raises:
            ConnectionError: the backend does not answer.
        """
        request, _, rest = self._head.partition(b"\r\n")
        forwarded = b"\r\n".join([request, b"X-Forwarded-Proto: https", b"Connection: close", rest])
        host, port = self._gateway.backend()
        reader, writer = await asyncio.open_connection(host, port)
        try:
            writer.write(forwarded + self._body)
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.read()
        except asyncio.IncompleteReadError as error:
            raise ConnectionResetError from error
        finally:
            writer.close()
        first, *lines = head.decode().rstrip().split("\r\n")
        fields = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in fields}
        headers.pop("connection", None)
        answer = Answer(int(first.split(" ", 2)[1]), headers, body)
        self._gateway.overhear(self._body, body)
        return answer

    async def give(self, answer: Answer) -> None:
        """Send an answer."""
        await self.write(answer.encode())

    async def write(self, raw: bytes) -> None:
        """Send raw bytes."""
        self._client.write(raw)
        await self._client.drain()

    async def leave(self) -> None:
        """Send nothing more; wait until the client closes the connection."""
        await self._client.wait_closed()

    def hang_up(self) -> None:
        """Close the connection."""
        self._client.close()

    def reset(self) -> None:
        """Reset the connection: the client gets an error, not an end of file."""
        self._client.transport.abort()


Play = Callable[[Exchange], Awaitable[None]]


async def honest(exchange: Exchange) -> None:
    """Pass the exchange on."""
    await exchange.give(await exchange.ask())


class Gateway:
    """TLS proxy on a port that stays the same when the proxy closes and opens again.

    Args:
        backend: returns the address of the server in clear behind it.
        tls: the certificate shown.
    """

    def __init__(self, backend: Callable[[], tuple[str, int]], tls: ssl.SSLContext, port: int) -> None:
        self.backend = backend
        self.play: Play = honest
        self.port = port
        self.secrets: set[str] = set()
        """Secrets that have passed; no log may contain them."""
        self._tls = tls
        self._conversations: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def open(self, tls: ssl.SSLContext | None = None) -> None:
        """Listen, with the certificate `tls` if given."""
        self._server = await asyncio.start_server(
            self._connected, "127.0.0.1", self.port, ssl=tls or self._tls, backlog=20
        )

    async def close(self) -> None:
        """Refuse new connections, and close the existing ones."""
        if self._server is not None:
            self._server.close()
        await self.drop()

    async def drop(self) -> None:
        """Close all connections."""
        for conversation in self._conversations:
            conversation.cancel()
        await asyncio.gather(*self._conversations, return_exceptions=True)

    def overhear(self, *bodies: bytes) -> None:
        """Record the secrets in bodies."""
        for body in bodies:
            text = body.decode(errors="replace")
            fields = parse_qs(text) if text[:1] != "{" else _members(text)
            for name in (*_SECRETS, "password"):
                self.secrets.update(str(value) for value in fields.get(name, []))

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversation = asyncio.create_task(self._converse(reader, writer))
        self._conversations.add(conversation)
        conversation.add_done_callback(self._conversations.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                body = await reader.readexactly(_length(head))
                await self.play(Exchange(self, head, body, writer))
        except (OSError, asyncio.IncompleteReadError, ssl.SSLError):
            pass  # one of the two ends has left, or the backend is down
        finally:
            writer.transport.abort()
            with suppress(OSError, ssl.SSLError):
                await writer.wait_closed()


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def _members(text: str) -> dict[str, list[str]]:
    try:
        known = msgspec.json.decode(text, type=dict[str, object])
    except msgspec.MsgspecError:
        return {}
    return {name: [str(value)] for name, value in known.items()}
