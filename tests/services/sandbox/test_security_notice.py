"""Security notice after token reuse, shown at the next sign-in (endpoint 1)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from starlette.applications import Starlette

from tests.harness.clock import Clock
from tests.services.sandbox.visitor import Visitor, signed_in

CAMILLE = "camille@demo.example"


async def notice(visitor: Visitor) -> Any:
    answer = await visitor.get("/v1/me")
    assert answer.status_code == 200
    return answer.json().get("securityNotice")


async def stolen(visitor: Visitor, time: Clock) -> datetime:
    """Reuse a refresh token of Camille; return the time at which her session ended."""
    tokens = await visitor.sign_in(CAMILLE)
    await visitor.renew(tokens["refresh_token"])
    time.advance(seconds=11)
    assert (await visitor.renew(tokens["refresh_token"])).status_code == 400
    return time()


async def test_security_notice_is_shown_only_in_the_next_session(
    visitor: Visitor, app: Starlette, time: Clock
) -> None:
    before = await visitor.sign_in(CAMILLE)
    ended = await stolen(visitor, time)
    time.advance(minutes=1)
    async with signed_in(app, "bruno@demo.example") as bruno:
        assert await notice(bruno) is None, "nobody else's"
    tokens = await visitor.sign_in(CAMILLE)
    told = await notice(visitor)
    assert (told["code"], datetime.fromisoformat(told["at"])) == ("tokenReused", ended)
    time.advance(minutes=6)
    renewed = (await visitor.renew(tokens["refresh_token"])).json()
    visitor.http.headers["Authorization"] = f"Bearer {renewed['access_token']}"
    assert await notice(visitor) == told, "still, after a renewal"
    async with signed_in(app, CAMILLE) as tablet:
        assert await notice(tablet) is None, "it was told already"
        earlier = (await tablet.renew(before["refresh_token"])).json()
        tablet.http.headers["Authorization"] = f"Bearer {earlier['access_token']}"
        assert await notice(tablet) is None, "that session is older"


async def test_security_notice_disappears_after_a_day(visitor: Visitor, time: Clock) -> None:
    await stolen(visitor, time)
    tokens = await visitor.sign_in(CAMILLE)
    for hours, told in [(24, True), (1, False)]:
        time.advance(hours=hours)
        tokens = (await visitor.renew(tokens["refresh_token"])).json()
        visitor.http.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        assert (await notice(visitor) is not None) is told


@pytest.mark.parametrize("ending", ["code", "sign out"])
async def test_security_notice_follows_code_reuse_but_not_sign_out(
    visitor: Visitor, time: Clock, ending: str
) -> None:
    code = await visitor.code(CAMILLE)
    tokens = (await visitor.redeem(code)).json()
    if ending == "code":
        await visitor.redeem(code)
    else:
        await visitor.post("/oauth/revoke", token=tokens["refresh_token"])
    time.advance(minutes=1)
    await visitor.sign_in(CAMILLE)
    assert (await notice(visitor) is not None) is (ending == "code")
