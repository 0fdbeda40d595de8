"""WebSocket endpoint of the web app: admits connections and binds each session to one browser.

Flet 1.0.5 lets a connection register late, never, or repeatedly. It resumes a disconnected session for any
client that knows its id. It never ends a session whose browser left while a message was being sent.
Here a connection registers once, within a deadline. A session resumes only in the browser that began it.
The number of sessions per address is bounded; disconnected sessions end first, and expire.
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

from services.domain.origins import is_loopback
from services.settings import SESSION_TIMEOUT, SESSIONS_PER_ADDRESS
from views.flet_compat.connection import ResumableConnection
from views.flet_compat.processor_time import ProcessorTime
from views.flet_compat.sessions import end_expired_sessions, end_session, live_pages
from views.web import guard
from views.web.limits import Budget, OverBudget, TokenBucket
from views.web.uploads import Uploads

Start = Callable[[ft.Page], Awaitable[None]]

COOKIES = ("__Host-visitor", "visitor")
"""Names of the cookie that identifies a browser: over HTTPS, and over HTTP."""

REGISTRATION_TIME = 10.0
"""Seconds a connection has to register."""

REFUSED_FOR = 10.0
"""Seconds the sentence of a refusal stays on screen; then the client retries by itself."""

UPLOADS = "uploads"
"""Key of the endpoint for files in the store of a Flet session."""

ADDRESS = "address"
"""Key of the visitor's address in the store of a Flet session. The client could change that of the page."""

LOOKS_EVERY = 5.0
"""Seconds between two checks for ended sessions."""

_PACKET = b"\0"  # first byte of a message in msgpack

CATCH_UP = 0.05
"""Seconds between two checks of whether a session may proceed."""

LAST_WORDS = 16
"""Messages of a disconnected browser that are still handled, such as a click just before the tab is closed.
"""

MOST_UNREAD = 32
"""Messages that a client has not taken yet, at most; above, its next messages wait."""

MOST_RUNNING = 256
"""Events of one client in flight at the same time, for example while the backend is slow."""

logger = logging.getLogger("conso-et-moi")
_refusals = TokenBucket(rate=0.1, burst=20)
"""Budget of log lines: an attack must not fill the disk."""


class ClientIdentity(NamedTuple):
    """Client that began a session. Another address or browser is another visitor, as in Flet."""

    browser: str
    agent: str
    address: str


class GuardedWebSocket(WebSocket):
    """Connection of a browser, handed to Flet only after its registration, and only once."""

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
        """Whether the connection comes from a page of this server.

        A browser lets any site open a WebSocket to any server, but sends its origin; other clients send none.
        """
        origin = self.headers.get("origin")
        if origin is None:
            return True
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        # Behind a proxy that is not declared as trusted, HTTPS for the browser is HTTP here.
        secure = parts.scheme == "https" or (parts.scheme == "http" and self.url.scheme == "ws")
        return secure and parts.netloc == self.headers.get("host")

    async def registration(self) -> guard.Registration:
        """Return the registration of the client, its first message.

        Raises:
            WebSocketDisconnect: no message came, or it is not a registration.
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
        """Do nothing: `registration` has accepted the connection before Flet asks for it."""

    async def receive_bytes(self) -> bytes:
        if self.first:
            first, self.first = self.first, b""
            return first
        if self._taking_in is None:
            self._taking_in = asyncio.create_task(self._take_in())
        while True:
            await asyncio.sleep(0)  # let other sessions run first
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
        """Queue the packets as they arrive, until the connection ends or exceeds its budget."""
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
        except RuntimeError:  # the connection has already ended
            raise WebSocketDisconnect(1006) from None

    def sentence(self, key: str) -> str:
        """Return a sentence in the language that the browser prefers."""
        from views.core.text import Language, Words  # imported late: the server must listen without it

        spoken = [
            part.partition(";")[0].strip() for part in self.headers.get("accept-language", "").split(",")
        ]
        return Words(Language.preferred(spoken))(key)

    async def dismiss(self, code: int, reason: str = "") -> None:
        """Close the connection, if the browser has not."""
        if self._taking_in is not None:
            self._taking_in.cancel()
        with suppress(WebSocketDisconnect):
            await self.close(code, reason)


def _packet(action: MessageAction, body: object) -> bytes:
    return _PACKET + msgspec.msgpack.encode([action.value, body])


def _refusal(reason: object) -> WebSocketDisconnect:
    """Return the exception that ends the connection of a client that is not our web client."""
    if _refusals.take(1):
        logger.warning("closed a connection that %s", reason)
    return WebSocketDisconnect(1008)


class Visit(NamedTuple):
    """Identity and budget of a session."""

    identity: ClientIdentity
    budget: Budget
    starts: TokenBucket
    """Sessions that its address may begin, shared by all its sessions."""


class SessionEndpoint:
    """WebSocket endpoint, as an ASGI application.

    Args:
        start: function that runs once for every session.
        session_timeout: seconds after which a session without a connection expires.
        sessions_per_address: limit of sessions per address; loopback addresses are exempt.
        uploads: endpoint for the files of all sessions.
    """

    def __init__(
        self,
        start: Start,
        *,
        session_timeout: int = SESSION_TIMEOUT,
        sessions_per_address: int = SESSIONS_PER_ADDRESS,
        uploads: Uploads | None = None,
    ) -> None:
        self._start = start
        self._uploads = uploads
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
            await visitor.dismiss(1008)  # still connected: the client sent a message that no page sends

    async def collect_ended_sessions(self) -> None:
        """End expired sessions, and free the memory of ended ones, for as long as the server runs.

        Only a full garbage collection frees a page, and it blocks the process for some milliseconds per
        session. It waits until a quarter of the pages belong to ended sessions, or for a session timeout.
        A page that survived a collection has another reference, and causes no further collection.
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
        """Return the number of pages in memory without a live session."""
        return len(self._pages) - len(self._pages & WeakSet(live_pages()))

    async def _interface(self, visitor: GuardedWebSocket) -> None:
        """Let Flet serve a registered connection until it ends."""
        who = visitor.who

        def admitted(page: ft.Page) -> None:
            cost = ProcessorTime(page.session)
            visitor.budget = Budget(lambda: cost.spent)
            self._visits[page.session] = Visit(who, visitor.budget, visitor.starts)
            self._pages.add(page)
            page.session.store.set(ADDRESS, who.address)
            page.session.store.set(UPLOADS, self._uploads)

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
                # The browser did not leave: it sent a message that no page sends. Its session is not
                # resumable.
                self._visits.pop(session, None)
                await end_session(session)

    def _left_by(self, who: ClientIdentity, session_id: str | None) -> Session | None:
        """Return the session of this id, if it belongs to this client and has no connection.

        A session that has drawn nothing yet is not resumed: it waits for answers that never come.
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
        """Return whether `address` may begin a session; at the limit, end its oldest disconnected session."""
        if is_loopback(address):
            return True
        from services.client.sign_in_tries import (
            subscription_of,  # imported late: the server must listen without it
        )

        now, theirs = datetime.now(UTC), subscription_of(address)
        counted = [
            session
            for session, visit in self._visits.items()
            if subscription_of(visit.identity.address) == theirs
            and (session.connection is not None or (session.expires_at or now) > now)
        ]
        if len(counted) < self._most:
            return True
        left = [(session.expires_at, session) for session in counted if session.connection is None]
        if not left:
            return False
        _, first = min(left, key=lambda one: one[0] or now)
        await first.disconnect(0)  # it ends at the next check
        return True

    async def _turn(self, address: str) -> TokenBucket:
        """Wait until `address` may begin a session, and return its allowance.

        A first screen takes 0.1 s of the processor. An office that arrives at once waits some seconds. An
        attacker who begins sessions repeatedly leaves two thirds of the processor to others.
        """
        from services.client.sign_in_tries import (
            subscription_of,  # imported late: the server must listen without it
        )

        starts = self._starts.setdefault(subscription_of(address), TokenBucket(rate=3, burst=10))
        while not (is_loopback(address) or starts.take(0)):  # noqa: ASYNC110
            await asyncio.sleep(CATCH_UP)
        starts.take(1)
        return starts

    async def _refuse(self, visitor: GuardedWebSocket) -> None:
        """Show the refusal in the visitor's language, in place of the app."""
        refusal = {"session_id": "", "page_patch": {}, "error": visitor.sentence("web.too_many")}
        await visitor.send_bytes(_packet(MessageAction.REGISTER_CLIENT, refusal))
        with suppress(TimeoutError):
            async with asyncio.timeout(REFUSED_FOR):
                while (await visitor.receive())["type"] != "websocket.disconnect":
                    pass
        await visitor.dismiss(1013, "too many sessions")  # try again later
