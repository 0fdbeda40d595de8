"""A backend whose answers a test writes itself: for what no well-behaved backend would say."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import httpx

from services.backend import Backend
from services.credentials import CredentialStore, MemoryStore
from services.session import Kept
from services.transport import IN_PROCESS, Wire

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
METADATA = {
    "issuer": IN_PROCESS,
    "token_endpoint": f"{IN_PROCESS}/oauth/token",
    "revocation_endpoint": f"{IN_PROCESS}/oauth/revoke",
    "authorization_challenge_endpoint": f"{IN_PROCESS}/oauth/authorization-challenge",
}
ACCOUNT: dict[str, Any] = {
    "subscriberId": "s1",
    "displayName": "Camille Martin",
    "contracts": [
        {
            "contractId": "c1",
            "kind": "internet",
            "label": "Box Fibre",
            "maskedNumber": "04 •• •• •• 12",
            "billingRights": True,
            "billing": {"cutOffDay": 26, "timeZone": "Europe/Paris"},
        }
    ],
}
KEPT = Kept(3, "a-refresh-token", int(NOW.timestamp()) + 86_400, "camille@demo.example").encode()

Answering = Callable[[httpx.Request], httpx.Response | Awaitable[httpx.Response]]


class Scripted:
    """Signs in whoever has a refresh token; every other request goes to `answering`."""

    def __init__(self, answering: Answering) -> None:
        self.answering = answering
        self.asked: list[httpx.Request] = []
        """What was read, sign-in aside."""
        self.refreshed: list[str] = []
        """The refresh tokens used."""
        self.token_answers: list[httpx.Response] = []
        """What the token endpoint says first, before it behaves."""

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        match request.url.path:
            case "/.well-known/oauth-authorization-server":
                return httpx.Response(200, json=METADATA)
            case "/oauth/token":
                form = dict(httpx.QueryParams(request.content.decode()))
                self.refreshed.append(form["refresh_token"])
                await asyncio.sleep(0.01)
                if self.token_answers:
                    return self.token_answers.pop(0)
                turn = len(self.refreshed)
                tokens = {"access_token": f"access-{turn}", "refresh_token": f"refresh-{turn}"}
                return httpx.Response(200, json={**tokens, "token_type": "Bearer", "expires_in": 300})
            case "/oauth/revoke":
                return httpx.Response(200)
        self.asked.append(request)
        answer = self.answering(request)
        return answer if isinstance(answer, httpx.Response) else await answer

    async def backend(self, credentials: CredentialStore | None = None) -> Backend:
        """A client of this backend, signed in."""
        if credentials is None:
            credentials = MemoryStore()
            await credentials.save(KEPT)
        wire = Wire(IN_PROCESS, httpx.MockTransport(self), clock=now, timeout=5.0)
        backend = Backend(wire, credentials, clock=now)
        await backend.resume()
        return backend


def now() -> datetime:
    return NOW


def always(status: int, body: object = None, **headers: str) -> Answering:
    """The same answer to everything."""

    def answering(_: httpx.Request) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.Response(status, json=body, headers=named)

    return answering
