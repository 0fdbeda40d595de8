"""The door of the web app: who may open the interface, and whose each session is.

Flet 1.0.5 lets a connection register late, never, or again and again; hands a session that lost its
connection to whoever names it; and keeps for ever one whose browser left while something was being sent to
it. Here a connection registers once and soon, a session goes back only to the browser that began it, an
address has so many sessions at most (those it left give way first), and what a browser left behind expires.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import flet as ft
import msgspec
from flet.messaging.protocol import MessageAction
from flet.messaging.session import Session
from flet_web.fastapi import app_manager
from starlette.types import Message as Asgi
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from services.settings import SESSION_TIMEOUT, SESSIONS_PER_ADDRESS, is_loopback
from views.interface import Interface

Start = Callable[[ft.Page], Awaitable[None]]

COOKIES = ("__Host-visitor", "visitor")
"""Names of the cookie that tells one browser from another: over HTTPS, and over HTTP."""

REGISTRATION_TIME = 10.0
"""Seconds a connection has to say who it is."""

REFUSED_FOR = 10.0
"""Seconds the sentence of a refusal stays on screen; then the client tries again by itself."""

ADDRESS = "address"
"""Where a Flet session's store keeps its visitor's address: its page could be told another by the client."""

LOOKS_EVERY = 5.0
"""Seconds between two looks for sessions that have ended."""

_PACKET = b"\0"  # what a message in msgpack begins with
_SAID_BY_PAGES = {
    MessageAction.CONTROL_EVENT.value,
    MessageAction.UPDATE_CONTROL_PROPS.value,
    MessageAction.INVOKE_METHOD.value,
}


class _Registration(msgspec.Struct):
    """A client's first message."""

    session_id: str | None
    page_name: str
    page: dict[str, object]


class _Visit(NamedTuple):
    """Who began a session. Another address or browser is another visitor, as it is to Flet."""

    browser: str
    agent: str
    address: str


class _Visitor(WebSocket):
    """A browser's connection, which Flet hears only once it has registered, and once only."""

    first = b""

    @property
    def who(self) -> _Visit:
        browser = next((self.cookies[name] for name in COOKIES if name in self.cookies), "")
        return _Visit(browser, self.headers.get("user-agent", ""), self.client.host if self.client else "")

    @property
    def from_our_page(self) -> bool:
        """A browser lets any site open a WebSocket anywhere, but says which; other clients say nothing."""
        origin = self.headers.get("origin")
        if origin is None:
            return True
        parts = urlsplit(origin)
        # Behind a proxy that we were not told of, what is HTTPS for the browser is not for us.
        secure = parts.scheme == "https" or (parts.scheme == "http" and self.url.scheme == "ws")
        return secure and parts.netloc == self.headers.get("host")

    async def registration(self) -> _Registration:
        """The first message; `WebSocketDisconnect` when there is none, or it is not a registration."""
        await super().accept()
        try:
            async with asyncio.timeout(REGISTRATION_TIME):
                packet = await self._packet()
            action, registration = msgspec.msgpack.decode(packet, type=tuple[int, _Registration])
        except (TimeoutError, msgspec.MsgspecError, ValueError, RecursionError):
            raise WebSocketDisconnect(1008) from None
        if action != MessageAction.REGISTER_CLIENT.value:
            raise WebSocketDisconnect(1008)
        return registration

    async def accept(
        self, subprotocol: str | None = None, headers: Iterable[tuple[bytes, bytes]] | None = None
    ) -> None:
        """Done before: Flet only goes through the motions."""

    async def receive_bytes(self) -> bytes:
        if self.first:
            first, self.first = self.first, b""
            return first
        packet = await self._packet()
        try:
            action, _ = msgspec.msgpack.decode(packet, type=tuple[int, msgspec.Raw])
        except (msgspec.MsgspecError, ValueError, RecursionError):
            action = 0
        if action not in _SAID_BY_PAGES:
            raise WebSocketDisconnect(1008)
        return _PACKET + packet

    async def _packet(self) -> bytes:
        if self.application_state is not WebSocketState.CONNECTED:
            raise WebSocketDisconnect(1006)
        message = await self.receive()
        self._raise_on_disconnect(message)
        data: bytes = message.get("bytes") or b""
        if data[:1] != _PACKET:
            raise WebSocketDisconnect(1008)
        return data[1:]

    async def send(self, message: Asgi) -> None:
        try:
            await super().send(message)
        except RuntimeError:  # what is sent to a connection that is over
            raise WebSocketDisconnect(1006) from None

    async def send_packet(self, action: MessageAction, body: object) -> None:
        await self.send_bytes(_PACKET + msgspec.msgpack.encode([action.value, body]))

    async def dismiss(self, code: int, reason: str = "") -> None:
        """Close the connection, if the browser did not."""
        with suppress(WebSocketDisconnect):
            await self.close(code, reason)


class Door:
    """The WebSocket endpoint, an ASGI application.

    Args:
        start: runs once for every session.
        session_timeout: seconds a session without a connection is kept.
        sessions_per_address: at most; this machine's own are not counted.
    """

    def __init__(
        self,
        start: Start,
        *,
        session_timeout: int = SESSION_TIMEOUT,
        sessions_per_address: int = SESSIONS_PER_ADDRESS,
    ) -> None:
        self._start = start
        self._timeout = session_timeout
        self._most = sessions_per_address
        self._visits: WeakKeyDictionary[Session, _Visit] = WeakKeyDictionary()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        visitor = _Visitor(scope, receive, send)
        if not visitor.from_our_page:
            await visitor.close()
            return
        try:
            registration = await visitor.registration()
            if not self._left_by(visitor.who, registration.session_id):
                registration.session_id = ""
                if not await self._room(visitor.who.address):
                    await self._refuse(visitor)
                    return
            packet = msgspec.msgpack.encode((MessageAction.REGISTER_CLIENT.value, registration))
            visitor.first = _PACKET + packet
            await self._interface(visitor)
        except WebSocketDisconnect as end:
            await visitor.dismiss(end.code)
        finally:
            await visitor.dismiss(1008)  # it said what no page says

    async def give_back(self) -> None:
        """Free what ended sessions held, for as long as the server runs.

        A session is a web of objects that only a full collection of garbage takes apart, which stops
        everything for some milliseconds a session: it waits until a quarter of the sessions has ended, a
        session's time-out at most. By itself Python would do it every few hundred times that somebody looks
        at another period.
        """
        waited, held = 0.0, 0
        while True:
            await asyncio.sleep(LOOKS_EVERY)
            over = await self._over()
            waited = waited + LOOKS_EVERY if over > held else 0.0
            if over > held and (4 * (over - held) >= len(self._visits) or waited >= self._timeout):
                gc.collect()
                waited, held = 0.0, await self._over()  # Flet still holds the last one

    async def _over(self) -> int:
        """How many sessions have ended and are still in memory."""
        return sum([await app_manager.get_session(session.id) is None for session in self._visits])

    async def _interface(self, visitor: _Visitor) -> None:
        """Let Flet serve a connection that has registered, until it ends."""
        who = visitor.who

        def admitted(page: ft.Page) -> None:
            self._visits[page.session] = who
            page.session.store.set(ADDRESS, who.address)

        app = Interface(
            asyncio.get_running_loop(),
            app_manager.executor,
            main=self._start,
            before_main=admitted,
            session_timeout_seconds=self._timeout,
        )
        try:
            await app.handle(visitor)
        finally:
            session: Session | None = app._FletApp__session
            if session is not None and session.connection is app:
                await session.disconnect(self._timeout)

    def _left_by(self, who: _Visit, session_id: str | None) -> bool:
        """Whether there is such a session, theirs and without a connection.

        One that has drawn nothing yet waits for answers that its browser will never give.
        """
        found = next((one for one in self._visits if one.id == session_id), None)
        return (
            found is not None
            and found.connection is None
            and (found.expires_at or datetime.now(UTC)) > datetime.now(UTC)
            and found.components_mode
            and self._visits[found] == who
        )

    async def _room(self, address: str) -> bool:
        """Whether `address` may have one session more; the one it left first gives way."""
        if is_loopback(address):
            return True
        from services.sign_in_tries import subscription_of  # the server has listened without it

        now, theirs = datetime.now(UTC), subscription_of(address)
        kept = [
            session
            for session, who in self._visits.items()
            if subscription_of(who.address) == theirs
            and (session.connection is not None or (session.expires_at or now) > now)
        ]
        if len(kept) < self._most:
            return True
        left = [(session.expires_at, session) for session in kept if session.connection is None]
        if not left:
            return False
        _, first = min(left, key=lambda one: one[0] or now)
        await first.disconnect(0)  # Flet lets go of it within ten seconds
        return True

    async def _refuse(self, visitor: _Visitor) -> None:
        """Say so in the visitor's language, where the app would be."""
        from views.text import Language, Words  # it has listened without them too

        spoken = [
            part.partition(";")[0].strip() for part in visitor.headers.get("accept-language", "").split(",")
        ]
        sentence = Words(Language.preferred(spoken))("web.too_many")
        refusal = {"session_id": "", "page_patch": {}, "error": sentence}
        await visitor.send_packet(MessageAction.REGISTER_CLIENT, refusal)
        with suppress(TimeoutError):
            async with asyncio.timeout(REFUSED_FOR):
                while (await visitor.receive())["type"] != "websocket.disconnect":
                    pass
        await visitor.dismiss(1013, "too many sessions")  # try again later
