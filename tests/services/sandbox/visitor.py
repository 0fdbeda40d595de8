"""HTTP client of the sandbox and the clock that both share."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from starlette.applications import Starlette

VERIFIER = "a-verifier-of-at-least-forty-three-characters"
PASSWORD = "Soleil-2026"
CLIENT = "internetplus-app"
EVERYTHING = "internetplus:read internetplus:write offline_access"
KEY = "0f5bf1b9-4f4d-4a43-9c0a-6a7a2f3b1c55"


class Visitor:
    """HTTP client with the steps of the sign-in as separate methods."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def post(self, path: str, **form: str) -> httpx.Response:
        return await self.http.post(path, data=form)

    async def identify(self, identifier: str, **changes: str) -> httpx.Response:
        """Send the first step of the sign-in, with `changes` to its form."""
        form = {
            "response_type": "code",
            "client_id": CLIENT,
            "scope": EVERYTHING,
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
            "login_hint": identifier,
        }
        return await self.post("/oauth/authorization-challenge", **(form | changes))

    async def prove(self, session: str, password: str = PASSWORD) -> httpx.Response:
        """Send the second step of the sign-in."""
        form = {"client_id": CLIENT, "auth_session": session, "password": password}
        return await self.post("/oauth/authorization-challenge", **form)

    async def attempt(self, identifier: str, password: str = PASSWORD) -> httpx.Response:
        """Send both steps and return the second answer."""
        session = (await self.identify(identifier)).json()["auth_session"]
        return await self.prove(session, password)

    async def code(self, identifier: str) -> str:
        answer = await self.attempt(identifier)
        assert answer.status_code == 200, answer.text
        code: str = answer.json()["authorization_code"]
        return code

    async def redeem(self, code: str, verifier: str = VERIFIER) -> httpx.Response:
        return await self.post(
            "/oauth/token",
            grant_type="authorization_code",
            client_id=CLIENT,
            code=code,
            code_verifier=verifier,
        )

    async def renew(self, refresh_token: str) -> httpx.Response:
        return await self.post(
            "/oauth/token", grant_type="refresh_token", client_id=CLIENT, refresh_token=refresh_token
        )

    async def sign_in(self, identifier: str) -> dict[str, Any]:
        """Sign in, use the access token for later requests, and return the tokens."""
        tokens: dict[str, Any] = (await self.redeem(await self.code(identifier))).json()
        self.http.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        return tokens

    async def put(self, path: str, body: object, if_match: str | None) -> httpx.Response:
        headers = {} if if_match is None else {"If-Match": if_match}
        return await self.http.put(path, json=body, headers=headers)

    async def create(self, path: str, body: object, key: str = KEY) -> httpx.Response:
        return await self.http.post(path, json=body, headers={"Idempotency-Key": key})

    async def get(self, path: str, **parameters: str | int) -> httpx.Response:
        return await self.http.get(path, params=parameters)


@asynccontextmanager
async def visiting(app: Starlette, address: str = "127.0.0.1") -> AsyncIterator[Visitor]:
    """Yield a client of an in-process application; its exceptions become 500 answers."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 123))
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as http:
        yield Visitor(http)


@asynccontextmanager
async def signed_in(app: Starlette, identifier: str = "camille@demo.example") -> AsyncIterator[Visitor]:
    """Yield a client of an in-process application with the session of a subscriber."""
    async with visiting(app) as visitor:
        await visitor.sign_in(identifier)
        yield visitor


def challenge_of(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
