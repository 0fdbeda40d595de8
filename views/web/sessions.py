"""The door of the web app: who may open the interface, and whose each session is.

Flet 1.0.5 lets a connection register late, never, or again and again; hands a session that lost its
connection to whoever names it; and keeps for ever one whose browser left while something was being sent to
it. Here a connection registers once and soon, a session goes back only to the browser that began it, an
address has so many sessions at most (those it left give way first), and what a browser left behind expires.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary, WeakSet, WeakValueDictionary

import flet as ft
import msgspec
from flet.messaging.protocol import MessageAction
from flet.messaging.session import Session
from flet_web.fastapi import app_manager
from starlette.types import Message as Asgi
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from services.settings import SESSION_TIMEOUT, SESSIONS_PER_ADDRESS, is_loopback
from views.flet_compat.connection import ResumableConnection
from views.flet_compat.processor_time import ProcessorTime
from views.flet_compat.sessions import end_expired_sessions, end_session, live_pages
from views.web import guard
from views.web.limits import Budget, OverBudget, TokenBucket

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

CATCH_UP = 0.05
"""Seconds between two looks at whether a session may go on."""

LAST_WORDS = 16
"""Messages of a browser that left which are handled still: a click, and the tab is closed."""

MOST_UNREAD = 32
"""Messages that a client has not taken yet; more is asked of the app once it has."""

MOST_RUNNING = 256
"""Events of one client that are handled at the same time, for example while the backend is slow."""

logger = logging.getLogger("conso-et-moi")
_refusals = TokenBucket(rate=0.1, burst=20)
"""Lines in the log: an attack must not fill the disk."""


class ClientIdentity(NamedTuple):
    """Who began a session. Another address or browser is another visitor, as it is to Flet."""

    browser: str
    agent: str
    address: str


class GuardedWebSocket(WebSocket):
    """A browser's connection, which Flet hears only once it has registered, and once only."""

    first = b""
    interface: ResumableConnection
    budget: Budget
    starts: TokenBucket

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        super().__init__(scope, receive, send)
        self._arrived: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._end: WebSocketDisconnect | None = None
        self._taking_in: asyncio.Task[None] | None = None

    @property
    def who(self) -> ClientIdentity:
        browser = next((self.cookies[name] for name in COOKIES if name in self.cookies), "")
        return ClientIdentity(
            browser, self.headers.get("user-agent", ""), self.client.host if self.client else ""
        )

    @property
    def from_our_page(self) -> bool:
        """A browser lets any site open a WebSocket anywhere, but says which; other clients say nothing."""
        origin = self.headers.get("origin")
        if origin is None:
            return True
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        # Behind a proxy that we were not told of, what is HTTPS for the browser is not for us.
        secure = parts.scheme == "https" or (parts.scheme == "http" and self.url.scheme == "ws")
        return secure and parts.netloc == self.headers.get("host")

    async def registration(self) -> guard.Registration:
        """Return the first message.

        Raises:
            WebSocketDisconnect: there is none, or it is not a registration.
        """
        await super().accept()
        try:
            async with asyncio.timeout(REGISTRATION_TIME):
                return guard.read_registration(await self._packet())
        except TimeoutError:
            raise WebSocketDisconnect(1008) from None
        except guard.Refused as reason:
            raise _refusal(reason) from None

    async def accept(
        self, subprotocol: str | None = None, headers: Iterable[tuple[bytes, bytes]] | None = None
    ) -> None:
        """Done before: Flet only goes through the motions."""

    async def receive_bytes(self) -> bytes:
        if self.first:
            first, self.first = self.first, b""
            return first
        if self._taking_in is None:
            self._taking_in = asyncio.create_task(self._take_in())
        while True:
            await asyncio.sleep(0)  # others first
            while self.budget.in_debt() or self.interface.backlog > MOST_UNREAD:
                if self._end is not None:
                    raise self._end
                await asyncio.sleep(CATCH_UP)
            packet = await self._arrived.get()
            if packet is None:
                raise self._end or WebSocketDisconnect(1006)
            try:
                message = guard.read_message(packet, self.interface)
            except guard.Refused as reason:
                raise _refusal(reason) from None
            if self.interface.running > MOST_RUNNING:
                raise _refusal("asked for too much at a time")
            if message is not None:
                return _PACKET + message

    async def _take_in(self) -> None:
        """Queue what arrives, as fast as it comes, until the end or until it is too much."""
        last_words = 0
        try:
            while True:
                packet = await self._packet()
                self.budget.charge(len(packet))
                self._arrived.put_nowait(packet)
        except OverBudget:
            self._end = _refusal("sent too much")
        except WebSocketDisconnect as end:
            self._end, last_words = end, LAST_WORDS
        while self._arrived.qsize() > last_words:
            self._arrived.get_nowait()
        self._arrived.put_nowait(None)

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

    def sentence(self, key: str) -> str:
        """Return a sentence in the language that the browser prefers."""
        from views.core.text import Language, Words  # the server has listened without them

        spoken = [
            part.partition(";")[0].strip() for part in self.headers.get("accept-language", "").split(",")
        ]
        return Words(Language.preferred(spoken))(key)

    async def dismiss(self, code: int, reason: str = "") -> None:
        """Close the connection, if the browser did not."""
        if self._taking_in is not None:
            self._taking_in.cancel()
        with suppress(WebSocketDisconnect):
            await self.close(code, reason)


def _packet(action: MessageAction, body: object) -> bytes:
    return _PACKET + msgspec.msgpack.encode([action.value, body])


def _refusal(reason: object) -> WebSocketDisconnect:
    """Return what ends the connection of a client that is no browser of ours."""
    if _refusals.take(1):
        logger.warning("closed a connection that %s", reason)
    return WebSocketDisconnect(1008)


class Visit(NamedTuple):
    """Whose a session is, and what it may cost."""

    identity: ClientIdentity
    budget: Budget
    starts: TokenBucket
    """Sessions that its address may begin, shared by all its sessions."""


class SessionEndpoint:
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
        self._visits: WeakKeyDictionary[Session, Visit] = WeakKeyDictionary()
        self._pages: WeakSet[ft.Page] = WeakSet()
        self._starts: WeakValueDictionary[str, TokenBucket] = WeakValueDictionary()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        visitor = GuardedWebSocket(scope, receive, send)
        if not visitor.from_our_page:
            await visitor.close()
            return
        try:
            registration = await visitor.registration()
            session = self._left_by(visitor.who, registration.session_id)
            if session is not None:
                visitor.budget = self._visits[session].budget
            else:
                visitor.starts = await self._turn(visitor.who.address)
                if not await self._room(visitor.who.address):
                    await self._refuse(visitor)
                    return
            visitor.first = _packet(
                MessageAction.REGISTER_CLIENT,
                {
                    "session_id": session.id if session else "",
                    "page_name": registration.page_name,
                    "page": registration.page.believed(),
                },
            )
            await self._interface(visitor)
        except WebSocketDisconnect as end:
            await visitor.dismiss(end.code)
        finally:
            await visitor.dismiss(1008)  # it said what no page says

    async def collect_ended_sessions(self) -> None:
        """End sessions whose time is over, and free what ended sessions held, for as long as the server runs.

        Only a full garbage collection frees a page, and it stops everything for some milliseconds a session.
        It waits until a quarter of the pages are those of ended sessions, or for a session's time-out.
        A page that survived a collection is held by something else, and is no reason for another one.
        """
        waited, survived = 0.0, 0
        while True:
            await asyncio.sleep(LOOKS_EVERY)
            await end_expired_sessions()
            ended = self._ended_pages()
            survived = min(survived, ended)
            waited = waited + LOOKS_EVERY if ended > survived else 0.0
            if ended > survived and (4 * (ended - survived) >= len(self._pages) or waited >= self._timeout):
                gc.collect()
                waited, survived = 0.0, self._ended_pages()

    def _ended_pages(self) -> int:
        """Return how many pages on the heap belong to no session."""
        return len(self._pages) - len(self._pages & WeakSet(live_pages()))

    async def _interface(self, visitor: GuardedWebSocket) -> None:
        """Let Flet serve a connection that has registered, until it ends."""
        who = visitor.who

        def admitted(page: ft.Page) -> None:
            cost = ProcessorTime(page.session)
            visitor.budget = Budget(lambda: cost.spent)
            self._visits[page.session] = Visit(who, visitor.budget, visitor.starts)
            self._pages.add(page)
            page.session.store.set(ADDRESS, who.address)

        visitor.interface = app = ResumableConnection(
            asyncio.get_running_loop(),
            app_manager.executor,
            main=self._start,
            before_main=admitted,
            session_timeout_seconds=self._timeout,
            crash_sentence=lambda: visitor.sentence("web.crashed"),
        )
        try:
            await app.handle(visitor)
        finally:
            session = app.session
            if session is not None and session.connection is app:
                await session.disconnect(self._timeout)
            if session is not None and visitor.client_state is WebSocketState.CONNECTED:
                # The browser did not leave: it said what no page says, and is given nothing back.
                self._visits.pop(session, None)
                await end_session(session)

    def _left_by(self, who: ClientIdentity, session_id: str | None) -> Session | None:
        """Return the session of this id, if it is theirs and without a connection.

        A session that has drawn nothing yet waits for answers that its browser will never give.
        """
        found = next((one for one in self._visits if one.id == session_id), None)
        if (
            found is not None
            and found.connection is None
            and (found.expires_at or datetime.now(UTC)) > datetime.now(UTC)
            and found.components_mode
            and self._visits[found].identity == who
        ):
            return found
        return None

    async def _room(self, address: str) -> bool:
        """Whether `address` may have one session more; the one it left first gives way."""
        if is_loopback(address):
            return True
        from services.sign_in_tries import subscription_of  # the server has listened without it

        now, theirs = datetime.now(UTC), subscription_of(address)
        kept = [
            session
            for session, visit in self._visits.items()
            if subscription_of(visit.identity.address) == theirs
            and (session.connection is not None or (session.expires_at or now) > now)
        ]
        if len(kept) < self._most:
            return True
        left = [(session.expires_at, session) for session in kept if session.connection is None]
        if not left:
            return False
        _, first = min(left, key=lambda one: one[0] or now)
        await first.disconnect(0)  # it ends at the next look
        return True

    async def _turn(self, address: str) -> TokenBucket:
        """Wait until `address` may begin a session, and return its allowance.

        A first screen takes 0.1 s of the processor. An office that arrives at once waits some seconds; an
        attacker who begins again and again leaves two thirds of the processor to others.
        """
        from services.sign_in_tries import subscription_of  # the server has listened without it

        starts = self._starts.setdefault(subscription_of(address), TokenBucket(rate=3, burst=10))
        while not (is_loopback(address) or starts.take(0)):  # noqa: ASYNC110
            await asyncio.sleep(CATCH_UP)
        starts.take(1)
        return starts

    async def _refuse(self, visitor: GuardedWebSocket) -> None:
        """Say so in the visitor's language, where the app would be."""
        refusal = {"session_id": "", "page_patch": {}, "error": visitor.sentence("web.too_many")}
        await visitor.send_bytes(_packet(MessageAction.REGISTER_CLIENT, refusal))
        with suppress(TimeoutError):
            async with asyncio.timeout(REFUSED_FOR):
                while (await visitor.receive())["type"] != "websocket.disconnect":
                    pass
        await visitor.dismiss(1013, "too many sessions")  # try again later
