"""OAuth endpoints: each rule of the contract, with a settable clock."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from starlette.applications import Starlette

from services.sandbox import create_app
from services.sandbox.schema import family, tables
from tests.harness.clock import Clock
from tests.services.sandbox.conftest import CHEAP
from tests.services.sandbox.factories import people
from tests.services.sandbox.visitor import CLIENT, EVERYTHING, PASSWORD, Visitor, visiting

CAMILLE, NOBODY, LUCIE = "camille@demo.example", "nobody@demo.example", "lucie@demo.example"
CHALLENGE = "/oauth/authorization-challenge"


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


async def works(visitor: Visitor, tokens: dict[str, Any]) -> bool:
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    return (await visitor.http.get("/v1/me", headers=headers)).status_code == 200


async def test_metadata_lists_issuer_endpoints_and_methods(visitor: Visitor) -> None:
    body = (await visitor.get("/.well-known/oauth-authorization-server")).json()
    assert body["issuer"] == "http://sandbox"
    assert body["authorization_challenge_endpoint"] == "http://sandbox/oauth/authorization-challenge"
    assert body["code_challenge_methods_supported"] == ["S256"]
    assert body["token_endpoint_auth_methods_supported"] == ["none"]


async def test_sign_in_in_two_steps_gives_tokens(visitor: Visitor) -> None:
    first = await visitor.identify(CAMILLE)
    assert refusal(first) == (400, "insufficient_authorization")
    assert first.json()["next"] == "password"
    second = await visitor.prove(first.json()["auth_session"])
    assert second.status_code == 200
    third = await visitor.redeem(second.json()["authorization_code"])
    assert third.json() | {"access_token": "", "refresh_token": ""} == {
        "access_token": "",
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": EVERYTHING,
        "refresh_token": "",
    }
    assert {answer.headers["cache-control"] for answer in (first, second, third)} == {"no-store"}
    secrets = [first.json()["auth_session"], *second.json().values()]
    assert min(len(secret) for secret in secrets) >= 43  # 256 bits


@pytest.mark.parametrize(
    "typed",
    [
        " Camille@DEMO.example ",
        "0639980112",
        "06 39 98 01 12",
        "06.39.98.01.12",
        "+33 6 39 98 01 12",
        "+33 (0)6 39 98 01 12",
        "0033639980112",
    ],
)
async def test_identifier_is_accepted_in_every_spelling(visitor: Visitor, typed: str) -> None:
    assert (await visitor.attempt(typed)).status_code == 200


@pytest.mark.parametrize(
    "typed", ["camille", "063998011", "06399801123", "+3306 39 98 01 12", "é@demo.example"]
)
async def test_malformed_identifier_is_refused(visitor: Visitor, typed: str) -> None:
    assert refusal(await visitor.attempt(typed)) == (400, "access_denied")


async def test_five_wrong_passwords_lock_the_account_for_15_minutes(visitor: Visitor, time: Clock) -> None:
    session = (await visitor.identify(CAMILLE)).json()["auth_session"]
    for left in (4, 3, 2, 1):
        answer = await visitor.prove(session, "wrong")
        assert refusal(answer) == (400, "access_denied")
        assert answer.json()["attempts_left"] == left
        session = answer.json()["auth_session"]
    locked = await visitor.prove(session, "wrong")
    assert refusal(locked) == (429, "temporarily_locked")
    assert locked.headers["retry-after"] == "900"
    time.advance(minutes=14, seconds=30)
    late = await visitor.attempt(CAMILLE)
    assert refusal(late) == (429, "temporarily_locked"), "even with the right password"
    assert late.headers["retry-after"] == "30"
    assert (await visitor.attempt("06 39 98 01 12")).status_code == 429, "by any identifier"
    time.advance(seconds=30)
    assert (await visitor.attempt(CAMILLE)).status_code == 200


async def test_right_password_resets_the_wrong_attempts(visitor: Visitor, time: Clock) -> None:
    for _ in range(2):
        await visitor.attempt(CAMILLE, "wrong")
    assert (await visitor.attempt(CAMILLE)).status_code == 200
    assert (await visitor.attempt(CAMILLE, "wrong")).json()["attempts_left"] == 4
    time.advance(minutes=15)
    assert (await visitor.attempt(CAMILLE, "wrong")).json()["attempts_left"] == 4


async def test_auth_session_is_replaced_by_each_answer_and_single_use(visitor: Visitor) -> None:
    first = (await visitor.identify(CAMILLE)).json()["auth_session"]
    second = (await visitor.prove(first, "wrong")).json()["auth_session"]
    assert first != second
    assert refusal(await visitor.prove(first)) == (400, "invalid_session")
    assert (await visitor.prove(second)).status_code == 200
    assert refusal(await visitor.prove(second)) == (400, "invalid_session")


async def test_sign_in_expires_after_ten_minutes(visitor: Visitor, time: Clock) -> None:
    session = (await visitor.identify(CAMILLE)).json()["auth_session"]
    time.advance(minutes=6)
    session = (await visitor.prove(session, "wrong")).json()["auth_session"]
    time.advance(minutes=4)
    assert refusal(await visitor.prove(session)) == (400, "invalid_session")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": ""}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"client_id": "another"}, "invalid_client"),
        ({"client_id": ""}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"login_hint": ""}, "invalid_request"),
        ({"login_hint": "a\0b"}, "invalid_request"),
        ({"scope": "internetplus:write"}, "invalid_scope"),
        ({"scope": "internetplus:read everything"}, "invalid_scope"),
    ],
)
async def test_malformed_first_step_is_refused_with_its_error(
    visitor: Visitor, changes: dict[str, str], error: str
) -> None:
    assert refusal(await visitor.identify(CAMILLE, **changes)) == (400, error)


@pytest.mark.parametrize(("client", "error"), [("another", "invalid_client"), ("", "invalid_request")])
async def test_password_of_an_unknown_client_is_refused_and_uses_up_nothing(
    visitor: Visitor, client: str, error: str
) -> None:
    session = (await visitor.identify(CAMILLE)).json()["auth_session"]
    form = {"client_id": client, "auth_session": session, "password": PASSWORD}
    assert refusal(await visitor.post(CHALLENGE, **form)) == (400, error)
    assert (await visitor.prove(session)).status_code == 200


async def test_sign_out_of_an_unknown_client_is_refused(visitor: Visitor) -> None:
    tokens = await visitor.sign_in(CAMILLE)
    answer = await visitor.post("/oauth/revoke", client_id="another", token=tokens["refresh_token"])
    assert refusal(answer) == (400, "invalid_client")
    assert (await visitor.get("/v1/me")).status_code == 200


@pytest.mark.parametrize("path", [CHALLENGE, "/oauth/token", "/oauth/revoke"])
@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("application/json", b"{}"),
        ("application/x-www-form-urlencoded", b"login_hint=%ff"),
        ("application/x-www-form-urlencoded", b"\xff=\xfe"),
        ("application/x-www-form-urlencoded", b"token=a&token=b"),
        ("application/x-www-form-urlencoded", b"&".join(b"%d=1" % n for n in range(99))),
        ("", b"token=a"),
    ],
)
async def test_request_without_a_valid_form_is_refused(
    visitor: Visitor, path: str, content_type: str, content: bytes
) -> None:
    answer = await visitor.http.post(path, content=content, headers={"Content-Type": content_type})
    assert refusal(answer) == (400, "invalid_request")
    assert answer.headers["cache-control"] == "no-store"


async def test_oauth_refusal_is_an_oauth_error(visitor: Visitor) -> None:
    assert refusal(await visitor.http.get("/oauth/token")) == (405, "invalid_request")
    assert refusal(await visitor.post("/oauth/token", token="x" * 20_000)) == (413, "invalid_request")
    assert refusal(await visitor.post("/oauth/token", client_id=CLIENT)) == (400, "invalid_request")
    odd = await visitor.post("/oauth/token", client_id=CLIENT, grant_type="password")
    assert refusal(odd) == (400, "unsupported_grant_type")
    stranger = await visitor.post("/oauth/token", client_id="x", grant_type="refresh_token")
    assert refusal(stranger) == (400, "invalid_client")


async def test_code_is_redeemed_only_with_its_verifier(visitor: Visitor) -> None:
    code = await visitor.code(CAMILLE)
    assert refusal(await visitor.redeem(code, "another-verifier")) == (400, "invalid_grant")
    assert (await visitor.redeem(code)).status_code == 200


async def test_code_expires_after_one_minute(visitor: Visitor, time: Clock) -> None:
    code = await visitor.code(CAMILLE)
    time.advance(seconds=59)
    late = await visitor.code(CAMILLE)
    assert (await visitor.redeem(code)).status_code == 200
    time.advance(seconds=60)
    assert refusal(await visitor.redeem(late)) == (400, "invalid_grant")


async def test_code_used_twice_revokes_its_session(visitor: Visitor) -> None:
    code = await visitor.code(CAMILLE)
    tokens = (await visitor.redeem(code)).json()
    assert await works(visitor, tokens)
    assert refusal(await visitor.redeem(code)) == (400, "invalid_grant")
    assert not await works(visitor, tokens)
    assert refusal(await visitor.renew(tokens["refresh_token"])) == (400, "invalid_grant")


async def test_code_redeemed_concurrently_gives_tokens_once(visitor: Visitor) -> None:
    code = await visitor.code(CAMILLE)
    answers = await asyncio.gather(*(visitor.redeem(code) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]


async def test_access_token_expires_after_five_minutes(visitor: Visitor, time: Clock) -> None:
    tokens = await visitor.sign_in(CAMILLE)
    time.advance(minutes=4, seconds=59)
    assert await works(visitor, tokens)
    time.advance(seconds=1)
    assert not await works(visitor, tokens)


async def test_sign_in_without_offline_access_gives_no_refresh_token(visitor: Visitor) -> None:
    session = (await visitor.identify(CAMILLE, scope="internetplus:read")).json()["auth_session"]
    code = (await visitor.prove(session)).json()["authorization_code"]
    tokens = (await visitor.redeem(code)).json()
    assert tokens["scope"] == "internetplus:read"
    assert "refresh_token" not in tokens
    assert await works(visitor, tokens)


async def test_renewal_rotates_both_tokens(visitor: Visitor, time: Clock) -> None:
    tokens = await visitor.sign_in(CAMILLE)
    time.advance(minutes=6)
    renewed = (await visitor.renew(tokens["refresh_token"])).json()
    assert await works(visitor, renewed)
    assert not {tokens["refresh_token"], tokens["access_token"]} & set(map(str, renewed.values()))
    again = await visitor.renew(renewed["refresh_token"])
    assert again.status_code == 200


async def test_refresh_token_reused_after_the_grace_period_revokes_the_session(
    visitor: Visitor, time: Clock, app: Starlette
) -> None:
    tokens = await visitor.sign_in(CAMILLE)
    renewed = (await visitor.renew(tokens["refresh_token"])).json()
    time.advance(seconds=11)
    assert refusal(await visitor.renew(tokens["refresh_token"])) == (400, "invalid_grant")
    assert refusal(await visitor.renew(renewed["refresh_token"])) == (400, "invalid_grant")
    assert not await works(visitor, renewed)
    reasons = app.state.store.transact(
        lambda connection: connection.scalars(select(family.c.revoked_for)).all()
    )
    assert reasons == ["refresh_token_reuse"]


async def test_refresh_token_within_the_grace_period_can_be_reused(visitor: Visitor, time: Clock) -> None:
    tokens = await visitor.sign_in(CAMILLE)
    lost = (await visitor.renew(tokens["refresh_token"])).json()
    time.advance(seconds=6)
    renewed = (await visitor.renew(tokens["refresh_token"])).json()
    time.advance(seconds=4)
    renewed = (await visitor.renew(tokens["refresh_token"])).json()
    assert await works(visitor, renewed)
    assert (await visitor.renew(renewed["refresh_token"])).status_code == 200
    assert refusal(await visitor.renew(lost["refresh_token"])) == (400, "invalid_grant"), "it was replaced"
    assert not await works(visitor, renewed), "and whoever had it was not the client"


async def test_grace_period_is_not_extended_by_a_reuse(visitor: Visitor, time: Clock) -> None:
    tokens = await visitor.sign_in(CAMILLE)
    await visitor.renew(tokens["refresh_token"])
    time.advance(seconds=8)
    assert (await visitor.renew(tokens["refresh_token"])).status_code == 200
    time.advance(seconds=8)
    assert refusal(await visitor.renew(tokens["refresh_token"])) == (400, "invalid_grant")


async def test_grace_period_ends_when_the_new_token_is_used(visitor: Visitor) -> None:
    tokens = await visitor.sign_in(CAMILLE)
    renewed = (await visitor.renew(tokens["refresh_token"])).json()
    last = (await visitor.renew(renewed["refresh_token"])).json()
    assert refusal(await visitor.renew(tokens["refresh_token"])) == (400, "invalid_grant")
    assert not await works(visitor, last)


async def test_grace_period_of_zero_refuses_reuse(time: Clock) -> None:
    settings = replace(CHEAP, grace_time=replace(CHEAP).grace_time * 0)
    app = create_app("sqlite://", subscribers=people(), clock=time, settings=settings)
    async with visiting(app) as visitor:
        tokens = await visitor.sign_in(CAMILLE)
        await visitor.renew(tokens["refresh_token"])
        time.advance(seconds=1)
        assert refusal(await visitor.renew(tokens["refresh_token"])) == (400, "invalid_grant")
    app.state.store.close()


async def test_session_expires_after_14_days_without_a_renewal(visitor: Visitor, time: Clock) -> None:
    tokens = await visitor.sign_in(CAMILLE)
    time.advance(days=13, hours=23)
    tokens = (await visitor.renew(tokens["refresh_token"])).json()
    time.advance(days=14)
    assert refusal(await visitor.renew(tokens["refresh_token"])) == (400, "invalid_grant")


async def test_session_expires_after_30_days_despite_renewals(visitor: Visitor, time: Clock) -> None:
    tokens = await visitor.sign_in(CAMILLE)
    for days in (10, 10, 9):
        time.advance(days=days)
        tokens = (await visitor.renew(tokens["refresh_token"])).json()
    time.advance(hours=23, minutes=58)
    tokens = (await visitor.renew(tokens["refresh_token"])).json()
    time.advance(minutes=2)
    assert not await works(visitor, tokens)
    assert refusal(await visitor.renew(tokens["refresh_token"])) == (400, "invalid_grant")


@pytest.mark.parametrize("kind", ["refresh_token", "access_token"])
async def test_revocation_ends_only_the_session_of_its_token(visitor: Visitor, kind: str) -> None:
    other = await visitor.sign_in(CAMILLE)
    tokens = await visitor.sign_in(CAMILLE)
    answer = await visitor.post("/oauth/revoke", token=tokens[kind], client_id=CLIENT)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert not await works(visitor, tokens)
    assert refusal(await visitor.renew(tokens["refresh_token"])) == (400, "invalid_grant")
    assert await works(visitor, other)


async def test_revocation_of_an_unknown_or_missing_token_succeeds(visitor: Visitor) -> None:
    assert (await visitor.post("/oauth/revoke", token="nobody-s")).status_code == 200
    assert (await visitor.post("/oauth/revoke", client_id=CLIENT)).status_code == 200


async def test_database_contains_no_secret_in_clear(visitor: Visitor, app: Starlette) -> None:
    session = (await visitor.identify(CAMILLE)).json()["auth_session"]
    code = await visitor.code(CAMILLE)
    tokens = (await visitor.redeem(code)).json()
    everything = app.state.store.transact(
        lambda connection: "".join(
            str(row) for table in tables.sorted_tables for row in connection.execute(table.select())
        )
    )
    assert "Camille" in everything
    for secret in (session, code, tokens["access_token"], tokens["refresh_token"], "Soleil-2026"):
        assert secret not in everything
