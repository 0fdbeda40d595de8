"""Test doubles of the client's environment: clock, server, and transports that count, fail or record."""

from __future__ import annotations

import asyncio
import errno
import json
import re
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

import httpx
import pytest
from starlette.applications import Starlette

from services.client.backend import Backend
from services.client.credentials import (
    CredentialProblem,
    CredentialStore,
    CredentialsUnavailable,
    MemoryStore,
)
from services.client.history_store import HistoryStore
from services.client.http import IN_PROCESS, HttpClient
from tests.harness.patience import stretched

PASSWORDS = {"camille@demo.example": "Soleil-2026", "sofia@demo.example": "Lune-2026"}
OPENED: list[Backend] = []
"""Clients that the fixture `close_clients` closes at the end of the test."""


class Network(httpx.AsyncBaseTransport):
    """In-process transport that records requests and can be cut."""

    def __init__(self, app: Starlette) -> None:
        self._inner = httpx.ASGITransport(app, raise_app_exceptions=False)
        self.requests: list[httpx.Request] = []
        self.down = False
        """Flag that makes every request fail before it reaches the application."""
        self.lose_tokens = 0
        """Number of answers of the token endpoint still to be lost."""
        self.renewing = asyncio.Event()
        """Set when a renewal has been sent."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.renewals:
            self.renewing.set()
        if self.down:
            raise httpx.ConnectError("down", request=request)
        response = await self._inner.handle_async_request(request)
        if request.url.path == "/oauth/token" and self.lose_tokens:
            self.lose_tokens -= 1
            raise httpx.ReadError("lost", request=request)
        return response

    @property
    def renewals(self) -> list[str]:
        """Return the refresh tokens sent."""
        forms = [dict(httpx.QueryParams(r.content.decode())) for r in self.requests if r.method == "POST"]
        return [form["refresh_token"] for form in forms if form.get("grant_type") == "refresh_token"]

    def backend(
        self,
        credentials: CredentialStore,
        clock: Callable[[], datetime],
        history: HistoryStore | None = None,
    ) -> Backend:
        wire = HttpClient(IN_PROCESS, self, clock=clock, timeout=stretched(5.0))
        OPENED.append(Backend(wire, credentials, clock=clock, history=history))
        return OPENED[-1]


class FailingStore(MemoryStore):
    """Store whose methods named in `failing` raise `problem`, if it is set, after `spared` more calls."""

    problem: CredentialProblem | None = None
    failing: tuple[str, ...] = ("load", "save")
    spared = 0
    tried = 0

    async def load(self) -> str | None:
        self._try("load")
        return await super().load()

    async def save(self, secret: str) -> None:
        self._try("save")
        await super().save(secret)

    async def clear(self) -> None:
        if "clear" in self.failing:
            self._try("clear")
        await super().clear()

    def _try(self, method: str) -> None:
        self.tried += 1
        if self.problem is None or method not in self.failing:
            return
        if self.spared:
            self.spared -= 1
            return
        raise CredentialsUnavailable(self.problem)


class Recorder(httpx.AsyncBaseTransport):
    """Transport that forwards requests and records the exchanges."""

    def __init__(self, app: Starlette) -> None:
        self._inner = httpx.ASGITransport(app)
        self.exchanges: list[dict[str, Any]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        body = await response.aread()
        kept = ("content-type", "date", "etag", "retry-after")
        headers = {name: value for name, value in response.headers.items() if name in kept}
        answer = {"status": response.status_code, "headers": headers, "body": self._without_secrets(body)}
        self.exchanges.append({"asked": asked(request), "answer": answer})
        return httpx.Response(response.status_code, headers=response.headers, content=body)

    def _without_secrets(self, body: bytes) -> str:
        secret = r'"(access_token|refresh_token|auth_session|authorization_code)":"[^"]+"'
        return re.sub(secret, rf'"\1":"\1-{len(self.exchanges)}"', body.decode())


class Player(httpx.AsyncBaseTransport):
    """Transport that replays recorded exchanges and requires the same requests in the same order."""

    def __init__(self, exchanges: list[dict[str, Any]]) -> None:
        self.left = exchanges

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        exchange = self.left.pop(0)
        assert asked(request) == exchange["asked"]
        answer = exchange["answer"]
        return httpx.Response(answer["status"], headers=answer["headers"], content=answer["body"].encode())


def asked(request: httpx.Request) -> dict[str, Any]:
    """Return the request as a dictionary, without its secret and random parts."""
    return {
        "method": request.method,
        "url": request.url.raw_path.decode(),
        "form": sorted(httpx.QueryParams(request.content.decode())),
        "conditional": "if-none-match" in request.headers,
        "signed in": "authorization" in request.headers,
    }


def recording(path: Path) -> list[dict[str, Any]]:
    exchanges: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
    return exchanges


async def sign_in(
    backend: Backend, identifier: str = "camille@demo.example", *, remember: bool = True
) -> None:
    challenge = await backend.begin_sign_in(identifier)
    assert await backend.finish_sign_in(challenge, PASSWORDS[identifier], remember=remember) is None


def make_read_only(patched: pytest.MonkeyPatch) -> None:
    """Make the disk refuse changes, also to root, as one that is mounted read-only."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise OSError(errno.EROFS, "read-only")

    patched.setattr(Path, "chmod", refuse)
    patched.setattr(tempfile, "mkstemp", refuse)
