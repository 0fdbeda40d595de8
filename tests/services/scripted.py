"""Fake backend whose answers each test defines, for answers that the sandbox never gives."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import httpx

from services.client.backend import Backend
from services.client.credentials import CredentialStore, MemoryStore
from services.client.http import IN_PROCESS, HttpClient
from services.client.session import StoredSession
from tests.services.doubles import OPENED

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
KEPT = StoredSession(3, "a-refresh-token", int(NOW.timestamp()) + 86_400, "camille@demo.example").encode()

Answering = Callable[[httpx.Request], httpx.Response | Awaitable[httpx.Response]]


class Scripted:
    """Fake backend that accepts every refresh token; `answering` handles all other requests."""

    def __init__(self, answering: Answering) -> None:
        self.answering = answering
        self.asked: list[httpx.Request] = []
        """The requests received, except those to the OAuth endpoints."""
        self.refreshed: list[str] = []
        """The refresh tokens received."""
        self.token_answers: list[httpx.Response] = []
        """The first answers of the token endpoint; valid ones follow."""

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
        """Return a signed-in client of this backend."""
        if credentials is None:
            credentials = MemoryStore()
            await credentials.save(KEPT)
        wire = HttpClient(IN_PROCESS, httpx.MockTransport(self), clock=now, timeout=5.0)
        OPENED.append(backend := Backend(wire, credentials, clock=now))
        await backend.resume()
        return backend


def now() -> datetime:
    return NOW


def always(status: int, body: object = None, **headers: str) -> Answering:
    """Return a handler that gives the same answer to every request."""

    def answering(_: httpx.Request) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.Response(status, json=body, headers=named)

    return answering
