"""Simulated faults between one visitor of the demonstration and the embedded backend.

Each visitor has a connection of their own, with faults of its own; the backend itself never fails. All
visitors share the made-up data.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import parse_qs
from uuid import uuid4

import httpx

from services.client.backend import Backend
from services.client.credentials import CredentialStore
from services.client.http import CALL_TIMEOUT, IN_PROCESS, Clock, HttpClient, utc_now

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from services.client.history_store import HistoryStore
    from services.client.offline import OfflineStore

SLOWNESS: Final = 3.0
"""Seconds per answer on a slow network: long, but within every timeout of the client."""


class SimulatedFault(Enum):
    """Fault between the app and the backend."""

    OFFLINE = "offline"
    """No request reaches the backend."""
    SERVER_ERROR = "server_error"
    """Every answer is a 503."""
    SLOW = "slow"
    """Every answer takes `SLOWNESS`."""
    EXPIRED = "expired"
    """The session and its renewal are refused, until the visitor has signed in again."""


class Embedded(Protocol):
    """Embedded backend, an ASGI application.

    `state.start_over(identifier)` resets a subscriber's data; `state.history()` returns an archive to import.
    """

    state: Any

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...


class Demonstration(httpx.AsyncBaseTransport):
    """Transport from one visitor to the embedded backend, with the `fault` that the visitor has chosen.

    Args:
        ready: waits until the embedded backend is built, which may exceed a call's timeout on a slow machine.
    """

    def __init__(
        self,
        app: Embedded,
        *,
        way: httpx.AsyncBaseTransport | None = None,
        clock: Clock = utc_now,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
        ready: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self.fault: SimulatedFault | None = None
        self._app, self._clock, self._wait, self._ready = app, clock, wait, ready
        # One address per visitor: the limit of one visitor's tries must not affect others.
        address = (f"visitor-{uuid4()}", 0)
        self._way = way or httpx.ASGITransport(app, raise_app_exceptions=False, client=address)

    def backend(
        self,
        credentials: CredentialStore,
        offline: OfflineStore | None = None,
        history: HistoryStore | None = None,
    ) -> Backend:
        """Return the client of this visitor."""
        http_client = HttpClient(IN_PROCESS, self, clock=self._clock, timeout=CALL_TIMEOUT, ready=self._ready)
        return Backend(http_client, credentials, clock=self._clock, offline=offline, history=history)

    async def start_over(self, identifier: str) -> None:
        """Clear the fault, and reset the made-up data of the subscriber, for all visitors."""
        self.fault = None
        await self._app.state.start_over(identifier)

    async def history(self) -> bytes:
        """Return an archive with older months of a demo subscriber."""
        content: bytes = await self._app.state.history()
        return content

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        match self.fault:
            case SimulatedFault.OFFLINE:
                raise httpx.ConnectError("offline, for the demonstration", request=request)
            case SimulatedFault.SERVER_ERROR:
                return httpx.Response(503, json={"status": 503, "code": "UNAVAILABLE"}, request=request)
            case SimulatedFault.SLOW:
                await self._wait(SLOWNESS)
            case SimulatedFault.EXPIRED if "authorization" in request.headers:
                return httpx.Response(401, request=request)
            case SimulatedFault.EXPIRED:
                grant = parse_qs((await request.aread()).decode()).get("grant_type")
                if grant == ["refresh_token"]:
                    return httpx.Response(400, json={"error": "invalid_grant"}, request=request)
                if grant is not None:
                    self.fault = None
        return await self._way.handle_async_request(request)

    async def aclose(self) -> None:
        await self._way.aclose()
