"""Resistance to unauthenticated clients: no account enumeration, limited attempts, no echoed input.

Timing is compared by work: the same statements in the same order and one password hash.
Measured times are unreliable on a machine under load.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import httpx
import pytest
from sqlalchemy import event
from starlette.applications import Starlette

from services.sandbox import create_app, identity
from tests.harness.clock import Clock
from tests.services.sandbox.conftest import CHEAP
from tests.services.sandbox.factories import people
from tests.services.sandbox.visitor import Visitor, visiting

CAMILLE, LUCIE, NOBODY = "camille@demo.example", "lucie@demo.example", "nobody@demo.example"
NUMBER, NO_NUMBER = "06 39 98 01 12", "06 39 98 99 99"
REMINDERS = "/v1/identifier-reminders"


class Work:
    """Log of the database statements and password hashes since the last `taken`."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def taken(self) -> list[str]:
        done, self.done = self.done, []
        return done


@pytest.fixture
def work(app: Starlette, monkeypatch: pytest.MonkeyPatch) -> Iterator[Work]:
    counted = Work()

    def executed(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        counted.done.append(statement)

    def hashing(password: str, salt: bytes, log2_cost: int) -> bytes:
        counted.done.append(f"scrypt {log2_cost}")
        return scrypt(password, salt, log2_cost)

    scrypt = identity._scrypt
    monkeypatch.setattr(identity, "_scrypt", hashing)
    event.listen(app.state.store._engine, "before_cursor_execute", executed)
    yield counted
    event.remove(app.state.store._engine, "before_cursor_execute", executed)


def said(answer: httpx.Response) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Return an answer with its random members replaced by their lengths or removed."""
    body = {key: len(v) if key == "auth_session" else v for key, v in answer.json().items()}
    drawn = {"instance": "", "correlator": ""} if "correlator" in body else {}
    headers = {name: value for name, value in answer.headers.items() if name != "x-correlator"}
    return answer.status_code, body | drawn, headers


async def story(visitor: Visitor, work: Work, name: str, password: str) -> list[Any]:
    """Try to sign in six times, past the lock; return each answer with its work."""
    told: list[Any] = []
    work.taken()
    for _ in range(6):
        first = await visitor.identify(name)
        told.append((said(first), work.taken()))
        second = await visitor.prove(first.json()["auth_session"], password)
        told.append((said(second), work.taken()))
    return told


@pytest.mark.parametrize("known", [CAMILLE, NUMBER, LUCIE], ids=["address", "number", "closed account"])
async def test_sign_in_answers_and_work_are_equal_with_and_without_an_account(
    visitor: Visitor, work: Work, known: str
) -> None:
    of_none = await story(visitor, work, NO_NUMBER if known is NUMBER else NOBODY, "wrong")
    of_one = await story(visitor, work, known, "wrong")
    assert of_one == of_none
    statuses = [answer[0] for answer, _ in of_one]
    assert statuses == [400, 400] * 4 + [400, 429] * 2
    hashes = [done.count("scrypt 4") for _, done in of_one]
    assert hashes == [0, 1] * 5 + [0, 0], "one for every password looked at, none once locked"
    assert all(done for _, done in of_one)


async def test_locked_account_with_its_password_is_answered_like_an_unknown_one(
    visitor: Visitor, work: Work
) -> None:
    for name in (CAMILLE, NOBODY):
        await story(visitor, work, name, "wrong")
    assert await story(visitor, work, CAMILLE, "Soleil-2026") == await story(visitor, work, NOBODY, "any")


async def test_closed_account_is_revealed_only_with_its_password(visitor: Visitor) -> None:
    assert (await visitor.attempt(LUCIE, "wrong")).json()["attempts_left"] == 4
    closed = await visitor.attempt(LUCIE)
    assert (closed.status_code, closed.json()["error"]) == (429, "temporarily_locked")
    assert closed.headers["retry-after"] == "900"
    assert (await visitor.attempt(LUCIE, "wrong")).json()["attempts_left"] == 3


@pytest.mark.parametrize(
    ("known", "unknown"),
    [({"email": CAMILLE}, {"email": NOBODY}), ({"phoneNumber": NUMBER}, {"phoneNumber": NO_NUMBER})],
    ids=["address", "number"],
)
async def test_reminder_answers_and_work_are_equal_with_and_without_an_account(
    visitor: Visitor, work: Work, known: dict[str, str], unknown: dict[str, str]
) -> None:
    async def asked(who: dict[str, str]) -> list[Any]:
        return [(said(await visitor.http.post(REMINDERS, json=who)), work.taken()) for _ in range(4)]

    work.taken()
    of_one, of_none = await asked(known), await asked(unknown)
    assert of_one == of_none
    assert [answer[0] for answer, _ in of_one] == [202, 202, 202, 429]
    statements = " ".join(statement for _, done in of_one for statement in done)
    assert "identifier" not in statements.replace("identifier_reminder", "")
    assert "subscriber" not in statements, "nobody is looked for"


@pytest.mark.parametrize("right_first", [True, False])
async def test_wrong_passwords_of_one_address_are_limited_across_accounts(
    time: Clock, right_first: bool
) -> None:
    app = create_app("sqlite://", subscribers=people(), clock=time, settings=replace(CHEAP, address_tries=7))
    with closing(app.state.store):
        async with visiting(app) as here, visiting(app, address="192.0.2.7") as elsewhere:
            if right_first:
                assert (await here.attempt(CAMILLE)).status_code == 200
            tries = [await here.attempt(f"{n}@demo.example", "wrong") for n in range(9)]
            assert [answer.status_code for answer in tries] == [400] * 7 + [429] * 2
            late = await here.attempt(CAMILLE)
            assert (late.status_code, late.headers["retry-after"]) == (429, "900")
            assert (await elsewhere.attempt(CAMILLE)).status_code == 200, "nobody else is stopped"
            time.advance(minutes=15)
            assert (await here.attempt(CAMILLE)).status_code == 200


async def test_successful_sign_ins_do_not_count_as_attempts(visitor: Visitor) -> None:
    for _ in range(CHEAP.address_tries + 5):
        assert (await visitor.attempt(CAMILLE)).status_code == 200


async def test_auth_session_used_concurrently_succeeds_once(visitor: Visitor) -> None:
    session = (await visitor.identify(CAMILLE)).json()["auth_session"]
    answers = await asyncio.gather(*(visitor.prove(session) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 5
    assert {a.json()["error"] for a in answers if a.status_code == 400} == {"invalid_session"}


SENT = "x7Kq9wZt"
"""Marker sent in every input and searched for in every answer."""
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
REFUSED: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", f"/{SENT}", {}),
    ("GET", f"/oauth/{SENT}", {}),
    (SENT, "/v1/me", {}),
    ("GET", "/v1/me", {"headers": {"Authorization": f"Bearer {SENT}"}}),
    ("GET", "/v1/me", {"headers": {"Authorization": SENT}}),
    ("GET", f"/v1/contracts/{SENT}/billing-periods", {}),
    ("GET", f"/v1/contracts/c1/purchases/{SENT}", {}),
    ("GET", "/v1/contracts/c1/purchases", {"params": {"periodId": SENT}}),
    *(
        ("GET", "/v1/contracts/c1/purchases", {"params": {"periodId": "2024-04", name: SENT}})
        for name in ("kind", "order", "page", "perPage")
    ),
    ("GET", "/v1/contracts/c1/purchases", {"params": {"periodId": "2024-04", "q": SENT * 20}}),
    ("PUT", "/v1/contracts/c1/service", {"json": {"status": SENT}}),
    ("PUT", "/v1/contracts/c1/service", {"json": {SENT: SENT}}),
    ("PUT", "/v1/contracts/c1/service", {"content": SENT, "headers": {"Content-Type": "application/json"}}),
    ("PUT", "/v1/contracts/c1/service", {"content": SENT, "headers": {"Content-Type": SENT}}),
    ("PUT", "/v1/contracts/c1/service", {"json": {"status": "active"}, "headers": {"If-Match": SENT}}),
    ("PUT", f"/v1/contracts/c1/subscriptions/{SENT}/termination", {"json": {}}),
    ("PUT", "/v1/contracts/c1/subscriptions/sub1/termination", {"json": {"reason": [SENT]}}),
    ("POST", "/v1/contracts/c1/purchases/p1/disputes", {"json": {"reason": SENT}}),
    ("POST", "/v1/contracts/c1/purchases/p1/disputes", {"json": {"reason": {SENT: SENT}}}),
    (
        "POST",
        "/v1/contracts/c1/purchases/p1/disputes",
        {"json": {"reason": "other"}, "headers": {"Idempotency-Key": SENT}},
    ),
    ("POST", "/v1/feedback", {"json": {"articleId": f"{SENT} é", "useful": True}}),
    ("POST", "/v1/feedback", {"json": {"articleId": "a", "useful": SENT}}),
    ("POST", "/v1/feedback", {"json": {"articleId": "a", "useful": True, "liked": SENT * 40}}),
    ("POST", REMINDERS, {"json": {"email": SENT, "phoneNumber": SENT}}),
    ("POST", REMINDERS, {"json": {"email": f"{SENT}\0"}}),
    ("POST", "/oauth/token", {"data": {"grant_type": SENT, "client_id": "internetplus-app"}}),
    ("POST", "/oauth/token", {"data": {"grant_type": "refresh_token", "client_id": SENT}}),
    (
        "POST",
        "/oauth/token",
        {
            "data": {
                "grant_type": "refresh_token",
                "client_id": "internetplus-app",
                "refresh_token": SENT,
            }
        },
    ),
    ("POST", "/oauth/token", {"content": f"{SENT}=%ff", "headers": FORM}),
    ("POST", "/oauth/revoke", {"content": f"{SENT}=1&{SENT}=2", "headers": FORM}),
    ("POST", "/oauth/authorization-challenge", {"data": {"auth_session": SENT, "client_id": SENT}}),
    (
        "POST",
        "/oauth/authorization-challenge",
        {"data": {"auth_session": SENT, "client_id": "internetplus-app", "password": SENT}},
    ),
    ("POST", "/oauth/authorization-challenge", {"data": {"response_type": SENT}}),
]


@pytest.mark.parametrize(("method", "path", "sent"), REFUSED)
async def test_error_answer_does_not_echo_its_input(
    camille: Visitor, method: str, path: str, sent: dict[str, Any]
) -> None:
    answer = await camille.http.request(method, path, **sent)
    assert answer.status_code >= 400
    everything = answer.text + str(list(answer.headers.raw))
    assert SENT.lower() not in everything.lower()


HEADERS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


@pytest.mark.parametrize(
    ("path", "status", "cache"),
    [
        ("/v1/me", 200, "private, no-cache"),
        ("/v1/contracts/c1/purchases?periodId=2024-04", 200, "private, no-cache"),
        ("/v1/contracts/none/service", 404, "no-store"),
        ("/nowhere", 404, "no-store"),
        ("/oauth/token", 405, "no-store"),
        ("/.well-known/oauth-authorization-server", 200, "no-store"),
        ("/healthz", 200, "no-store"),
        ("/openapi.json", 200, "no-store"),
    ],
)
async def test_answer_has_its_security_and_cache_headers(
    camille: Visitor, path: str, status: int, cache: str
) -> None:
    answer = await camille.http.get(path)
    assert (answer.status_code, answer.headers["cache-control"]) == (status, cache)
    assert HEADERS.items() <= dict(answer.headers).items()
    assert "strict-transport-security" not in answer.headers
    assert "server" not in answer.headers
    assert "set-cookie" not in answer.headers


async def test_internal_error_does_not_reveal_its_exception(app: Starlette, camille: Visitor) -> None:
    """Neither the body nor the headers reveal the exception."""

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError(SENT)

    app.state.store.transact = broken
    for path in ("/v1/me", "/oauth/authorization-challenge"):
        answer = await (camille.get(path) if path == "/v1/me" else camille.identify(CAMILLE))
        assert answer.status_code == 500
        if path == "/v1/me":
            assert answer.json()["correlator"] == answer.headers["x-correlator"]
        assert SENT not in answer.text
        assert HEADERS.items() <= dict(answer.headers).items()
        assert answer.headers["cache-control"] == "no-store"


async def test_answer_over_https_has_strict_transport_security(app: Starlette) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://sandbox") as http:
        answer = await http.get("/healthz")
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
