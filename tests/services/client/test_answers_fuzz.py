"""Fuzzing of the client: every answer gives a value of the contract or a `BackendError`.

Each endpoint is given random statuses, media types, headers and bodies.
Bodies are mutations of the valid one, other JSON, or empty.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Any
from uuid import uuid4

import httpx
import httpx_retries
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.client.backend import Backend
from services.client.http import IN_PROCESS, HttpClient
from services.client.oauth import Challenge, InvalidGrant, OAuthClient, Tokens
from services.domain.errors import BackendError
from services.domain.models import (
    Account,
    Answer,
    BillingPeriod,
    Dispute,
    DisputeReason,
    Purchase,
    PurchasePage,
    Service,
    ServiceStatus,
    Subscription,
)
from services.sandbox import create_app
from tests.harness.clock import Clock
from tests.harness.fuzz import bodies, examples
from tests.services.sandbox.conftest import CHEAP
from tests.services.sandbox.factories import subscribed
from tests.services.sandbox.visitor import signed_in
from tests.services.scripted import METADATA, Scripted, now

KEY = str(uuid4())
Call = Callable[[Backend], Awaitable[Any]]


def each(kind: type[Any]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, tuple) and all(isinstance(one, kind) for one in value)


def one(kind: type[Any]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kind)


CALLS: dict[str, tuple[Call, str, Callable[[Any], bool]]] = {
    "account": (lambda b: b.account(), "/v1/me", one(Account)),
    "periods": (lambda b: b.billing_periods("c1"), "/v1/contracts/c1/billing-periods", each(BillingPeriod)),
    "purchases": (
        lambda b: b.purchases("c1", "2024-04"),
        "/v1/contracts/c1/purchases?periodId=2024-04",
        one(PurchasePage),
    ),
    "purchase": (lambda b: b.purchase("c1", "charge"), "/v1/contracts/c1/purchases/closed", one(Purchase)),
    "subscriptions": (
        lambda b: b.subscriptions("c1"),
        "/v1/contracts/c1/subscriptions",
        each(Subscription),
    ),
    "service": (lambda b: b.service("c1"), "/v1/contracts/c1/service", one(Service)),
    "terminate": (
        lambda b: b.terminate("c1", "weekly", '"tag"'),
        "/v1/contracts/c1/subscriptions",
        one(Subscription),
    ),
    "switch": (
        lambda b: b.switch_service("c1", ServiceStatus.SUSPENDED, '"tag"'),
        "/v1/contracts/c1/service",
        one(Service),
    ),
    "dispute": (
        lambda b: b.dispute("c1", "charge", DisputeReason.OTHER, "", KEY),
        "dispute",
        one(Dispute),
    ),
    "feedback": (lambda b: b.send_feedback("a", True, None, None, KEY), "feedback", one(type(None))),
    "reminder": (lambda b: b.remind_identifier(email="a@b.example"), "reminder", one(type(None))),
    "everywhere": (lambda b: b.sign_out_everywhere(), "reminder", one(type(None))),
}
"""Per endpoint: the call, the URL whose sandbox answer is valid for it, and a check of the value."""
MADE: dict[str, Any] = {
    "dispute": {
        "disputeId": "SG-240310-048213",
        "status": "acknowledged",
        "reason": "other",
        "createdAt": "2024-03-10T12:00:00+01:00",
    },
    "feedback": {"feedbackId": "f1", "createdAt": "2024-03-10T12:00:00+01:00"},
    "reminder": {"status": "accepted"},
}
TOKENS = {
    "access_token": "an-access-token",
    "token_type": "Bearer",
    "expires_in": 300,
    "refresh_token": "a-refresh-token",
    "refresh_token_expires_in": 86400,
    "scope": "internetplus:read",
}
STATUSES = (
    *(200, 201, 202, 204, 206, 300, 301, 302, 304, 307, 400, 401, 402, 403, 404, 405, 409, 410, 412, 413),
    *(415, 418, 422, 426, 428, 429, 431, 451, 499, 500, 501, 502, 503, 504, 511, 599),
)
ASTRAY = "a:b"
"""Invalid redirect target; httpx parses it although redirects are not followed."""
LATIN = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)
MEDIA_TYPES = st.one_of(
    *(st.just("application/json") for _ in range(4)),
    st.sampled_from(["application/problem+json", "text/html", "application/json; charset=latin-1", "", ";"]),
    LATIN,
)
HEADERS = st.fixed_dictionaries(
    {"content-type": MEDIA_TYPES},
    optional={
        "etag": LATIN,
        "date": LATIN | st.just("Sun, 10 Mar 2024 11:00:00 GMT") | st.just("Mon, 01 Jan 0001 00:00:00 GMT"),
        "retry-after": LATIN | st.integers(-(10**12), 10**12).map(str),
        "www-authenticate": LATIN | st.just('Bearer error="insufficient_user_authentication"'),
        "content-encoding": st.sampled_from(["gzip", "identity", "x"]),
        "location": LATIN | st.sampled_from([ASTRAY, "//[", "https://elsewhere.example/"]),
    },
)


@pytest.fixture(scope="module")
def right() -> dict[str, Any]:
    """Return the valid answers by URL: those of the sandbox and those of `MADE`."""

    async def ask() -> dict[str, Any]:
        async with signed_in(app) as visitor:
            return {
                url: (await visitor.http.get(url)).raise_for_status().json()
                for _, url, _ in CALLS.values()
                if url not in MADE
            }

    app = create_app(
        "sqlite://", subscribers=subscribed(), clock=Clock("2024-03-10T12:00:00Z"), settings=CHEAP
    )
    with closing(app.state.store):
        return asyncio.run(ask()) | MADE


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the pauses between retries."""

    async def asleep(_retry: object, _response: object) -> None:
        return None

    monkeypatch.setattr(httpx_retries.Retry, "asleep", asleep)


def responses(body: Any, success: int = 200) -> st.SearchStrategy[Callable[[], httpx.Response]]:
    """Return a strategy of response factories (a response is read once); half have the status `success`."""
    return st.builds(
        lambda status, headers, content: (
            lambda: httpx.Response(status, headers=headers, stream=httpx.ByteStream(content))
        ),
        st.one_of(st.just(success), st.sampled_from(STATUSES)),
        HEADERS,
        bodies(body),
    )


@pytest.mark.parametrize("name", CALLS)
def test_call_with_a_random_answer_gives_a_value_or_a_backend_error(right: dict[str, Any], name: str) -> None:
    call, url, expected = CALLS[name]
    success = {"dispute": 201, "feedback": 201, "reminder": 202, "everywhere": 204}.get(name, 200)
    body = right[url]["items"][0] if name == "terminate" else right[url]
    outcomes = {"value": 0, "error": 0}

    async def ask(make: Callable[[], httpx.Response]) -> Any:
        backend = await Scripted(lambda _: make()).backend()
        try:
            found = await call(backend)
            return found.value if isinstance(found, Answer) else found
        finally:
            await backend.close()

    @given(responses(body, success))
    @example(lambda: httpx.Response(success, json=body))
    @example(lambda: httpx.Response(302, headers={"location": ASTRAY}))
    @examples(30)
    def every(make: Callable[[], httpx.Response]) -> None:
        try:
            assert expected(loop.run(ask(make)))
        except BackendError:
            outcomes["error"] += 1
        else:
            outcomes["value"] += 1

    with asyncio.Runner() as loop:
        every()
    assert min(outcomes.values()) > 0, outcomes


CHALLENGE, TOKEN = "/oauth/authorization-challenge", "/oauth/token"
WELL_KNOWN = "/.well-known/oauth-authorization-server"
ASKED = {"error": "insufficient_authorization", "auth_session": "a-session", "next": "password"}
CODE = {"authorization_code": "a-code"}
Step = Callable[[OAuthClient], Awaitable[Any]]


async def begin(authority: OAuthClient) -> Any:
    return await authority.begin("camille@demo.example")


async def finish(authority: OAuthClient) -> Any:
    return await authority.finish(Challenge("camille@demo.example", "a-session", "v" * 43), "a-password")


async def refresh(authority: OAuthClient) -> Any:
    return await authority.refresh("a-refresh-token")


async def revoke(authority: OAuthClient) -> Any:
    return await authority.revoke("a-refresh-token")


@pytest.mark.parametrize(
    ("step", "path", "right", "success", "expected"),
    [
        (begin, WELL_KNOWN, METADATA, 200, Challenge),
        (begin, CHALLENGE, ASKED, 400, Challenge),
        (finish, CHALLENGE, CODE, 200, Tokens),
        (finish, TOKEN, TOKENS, 200, Tokens),
        (refresh, TOKEN, TOKENS, 200, Tokens),
        (revoke, "/oauth/revoke", {}, 200, type(None)),
    ],
)
def test_sign_in_step_with_a_random_answer_gives_a_value_or_a_backend_error(
    step: Step, path: str, right: Any, success: int, expected: type[Any]
) -> None:
    rightly = {
        WELL_KNOWN: httpx.Response(200, json=METADATA),
        CHALLENGE: httpx.Response(400, json=ASKED) if step is begin else httpx.Response(200, json=CODE),
        TOKEN: httpx.Response(200, json=TOKENS),
    }
    outcomes = {"value": 0, "error": 0}

    async def ask(make: Callable[[], httpx.Response]) -> Any:
        def answering(request: httpx.Request) -> httpx.Response:
            known = rightly.get(request.url.path, httpx.Response(404, json={}))
            return (
                make() if request.url.path == path else httpx.Response(known.status_code, json=known.json())
            )

        wire = HttpClient(IN_PROCESS, httpx.MockTransport(answering), clock=now, timeout=5.0)
        try:
            return await step(OAuthClient(wire))
        finally:
            await wire.close()

    @given(responses(right, success))
    @example(lambda: httpx.Response(success, json=right))
    @example(lambda: httpx.Response(302, headers={"location": ASTRAY}))
    @examples(30)
    def every(make: Callable[[], httpx.Response]) -> None:
        try:
            found = loop.run(ask(make))
        except (BackendError, InvalidGrant):
            outcomes["error"] += 1
        else:
            assert isinstance(found, expected)
            outcomes["value"] += 1

    with asyncio.Runner() as loop:
        every()
    assert outcomes["value"] > 0
    assert outcomes["error"] > 0 or step is revoke
