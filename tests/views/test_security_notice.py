"""Security notice on the home screen after token reuse."""

from __future__ import annotations

from typing import cast

import httpx
import pytest
from starlette.applications import Starlette

from services.client.session import StoredSession
from tests.harness.clock import Clock
from tests.services.sandbox.visitor import visiting
from tests.views.conftest import CAMILLE, Line, remembered
from tests.views.visits import visit_remembered


async def steal(line: Line, clock: Clock) -> None:
    """Reuse a copy of Camille's refresh token, so that her session is revoked."""
    kept = StoredSession.decode(await (await remembered(line, CAMILLE)).load() or "")
    assert kept is not None
    async with visiting(cast("Starlette", line.far_end.app)) as thief:
        statuses: list[int] = []
        for _ in range(2):
            answer: httpx.Response = await thief.renew(kept.rt)
            statuses.append(answer.status_code)
            clock.advance(seconds=11)
        assert statuses == [200, 400]


@pytest.mark.parametrize(
    ("locale", "title", "action"),
    [
        (
            "fr-FR",
            "Par sécurité, une de vos sessions a été fermée le 14 mai 2026 à 12:00.",
            "Voir les réglages",
        ),
        (
            "en-GB",
            "For your security, one of your sessions was closed on 14 May 2026, 12:00.",
            "See the settings",
        ),
    ],
)
async def test_security_notice_is_shown_in_the_next_session_and_links_to_the_settings(
    line: Line, clock: Clock, locale: str, title: str, action: str
) -> None:
    await steal(line, clock)
    async with visit_remembered(line, locale=locale) as app:
        await app.see(title)
        await app.tap(action)
        assert app.route == "/reglages"


async def test_security_notice_is_not_shown_without_token_reuse(line: Line) -> None:
    async with visit_remembered(line) as app:
        await app.see("Camille")
        await app.see_not("Par sécurité")
