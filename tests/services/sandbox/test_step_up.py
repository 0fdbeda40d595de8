"""Step-up authentication for irreversible changes (RFC 9470), on each kind of database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from tests.harness.clock import Clock
from tests.services.sandbox.conftest import at_home, running
from tests.services.sandbox.visitor import Visitor, visiting

SERVICE = "/v1/contracts/c1/service"
TERMINATION = "/v1/contracts/c1/subscriptions/monthly/termination"
GUARDED: list[tuple[str, dict[str, Any]]] = [(TERMINATION, {}), (SERVICE, {"status": "suspended"})]


async def renewed(visitor: Visitor, tokens: dict[str, Any]) -> dict[str, Any]:
    """Renew the session, use its new access token, and return the tokens."""
    following: dict[str, Any] = (await visitor.renew(tokens["refresh_token"])).json()
    visitor.http.headers["Authorization"] = f"Bearer {following['access_token']}"
    return following


def asks_for_the_password(answer: httpx.Response, longest: int = 600) -> bool:
    return (answer.status_code, answer.json()["code"], answer.headers["www-authenticate"]) == (
        401,
        "INSUFFICIENT_USER_AUTHENTICATION",
        'Bearer realm="conso-et-moi", error="insufficient_user_authentication", '
        f'error_description="The password was given too long ago", max_age={longest}',
    )


@pytest.mark.parametrize(("path", "body"), GUARDED)
async def test_step_up_is_required_after_ten_minutes_despite_renewals(
    subscribed_app: Starlette, time: Clock, path: str, body: dict[str, Any]
) -> None:
    async with visiting(subscribed_app) as camille:
        tokens = await camille.sign_in("camille@demo.example")
        for _ in range(3):
            time.advance(minutes=4)
            tokens = await renewed(camille, tokens)
        before = (await camille.get("/v1/contracts/c1/service")).json()
        answer = await camille.put(path, body, "*")
        assert asks_for_the_password(answer), answer.text
        assert answer.headers["cache-control"] == "no-store"
        assert (await camille.get("/v1/contracts/c1/service")).json() == before, "nothing was done"
        assert (await camille.get("/v1/me")).status_code == 200, "the session goes on"

        await camille.sign_in("camille@demo.example")
        assert (await camille.put(path, body, "*")).status_code == 200


@pytest.mark.parametrize(("path", "body"), GUARDED)
async def test_step_up_is_not_required_within_ten_minutes(
    subscribed_app: Starlette, time: Clock, path: str, body: dict[str, Any]
) -> None:
    async with visiting(subscribed_app) as camille:
        tokens = await camille.sign_in("camille@demo.example")
        time.advance(minutes=4)
        tokens = await renewed(camille, tokens)
        time.advance(minutes=4)
        await renewed(camille, tokens)
        time.advance(minutes=2)
        assert (await camille.put(path, body, "*")).status_code == 200


async def test_step_up_is_not_required_to_reactivate_the_service(
    subscribed_app: Starlette, time: Clock
) -> None:
    async with visiting(subscribed_app) as camille:
        tokens = await camille.sign_in("camille@demo.example")
        assert (await camille.put(SERVICE, {"status": "suspended"}, "*")).status_code == 200
        time.advance(hours=1)
        await renewed(camille, tokens)
        assert (await camille.put(SERVICE, {"status": "active"}, "*")).status_code == 200
        assert asks_for_the_password(await camille.put(SERVICE, {"status": "suspended"}, "*"))


async def test_step_up_time_starts_at_the_password_not_at_the_code(database: str, time: Clock) -> None:
    settings = {"code_time": timedelta(hours=1)}
    with running(database, time, **settings) as app:
        async with visiting(app) as camille:
            code = await camille.code("camille@demo.example")
            time.advance(minutes=11)
            token = (await camille.redeem(code)).json()["access_token"]
            camille.http.headers["Authorization"] = f"Bearer {token}"
            assert asks_for_the_password(await camille.put(TERMINATION, {}, "*"))


async def test_step_up_is_not_required_for_a_refused_or_repeated_change(
    subscribed_app: Starlette, time: Clock
) -> None:
    """Other refusals take precedence, and a repeated termination returns its result."""
    async with visiting(subscribed_app) as camille:
        tokens = await camille.sign_in("camille@demo.example")
        ended = await camille.put("/v1/contracts/c1/subscriptions/weekly/termination", {}, "*")
        time.advance(hours=1)
        await renewed(camille, tokens)
        subscriptions = "/v1/contracts/c1/subscriptions"
        again = await camille.put(f"{subscriptions}/weekly/termination", {}, "*")
        assert (again.status_code, again.json()) == (200, ended.json())
        for path, tag, status in [
            (f"{subscriptions}/elsewhere/termination", "*", 422),
            (f"{subscriptions}/nothing/termination", "*", 404),
            (f"{subscriptions}/monthly/termination", '"stale"', 412),
            (f"{subscriptions}/monthly/termination", None, 428),
        ]:
            assert (await camille.put(path, {}, tag)).status_code == status


async def test_step_up_time_follows_its_setting(time: Clock) -> None:
    async with at_home("sqlite://", time, step_up_time=timedelta(seconds=30)) as camille:
        time.advance(seconds=31)
        assert asks_for_the_password(await camille.put(TERMINATION, {}, "*"), 30)
