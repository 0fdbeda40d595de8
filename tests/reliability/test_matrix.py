"""Every fault on every screen, over real sockets: what is shown, what stays, and the way forward.

A row of `faults.FAULTS` meets a row of `screens.READINGS` or `DOINGS`; what the user is told stands in
`outcomes.OUTCOMES`. `docs/reliability.md` shows the same tables to readers.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import pytest

from services.credentials import MemoryStore
from tests.driver import Driver
from tests.reliability.faults import FAULTS, Fault
from tests.reliability.outcomes import OUTCOMES, Told
from tests.reliability.screens import (
    DOINGS,
    READINGS,
    WORDS,
    Doing,
    Reading,
    aged,
    amounts,
    give_password,
    told,
    typed,
    zeros,
)
from tests.reliability.world import Sandbox, World, self_signed, world
from tests.views.people import subscribed

RETRY = WORDS("action.retry")
ROUNDS = 3
"""How often a person tries again, once all is well, before there is no way forward."""
ENDS_SESSION = (Told.SESSION_OVER,)
FINAL = (Told.FORBIDDEN, Told.NOT_FOUND)
"""Asking again would change nothing: no Retry is offered where there is nothing else to show."""


@dataclass(frozen=True)
class Place:
    """What lasts from test to test: the backend, the device's store, the certificate."""

    sandbox: Sandbox
    store: MemoryStore
    certificate: Path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("reliability")
    sandbox = Sandbox(folder / "sandbox.sqlite3", subscribed())
    sandbox.start()
    yield Place(sandbox, MemoryStore(), self_signed(folder / "backend.pem"))
    sandbox.stop()


@pytest.fixture
async def around(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[World]:
    """The world around one test, at the end of which no secret is in any log."""
    monkeypatch.setattr("views.state.help._pauses", lambda: repeat(0.05))
    for name in ("services", "views", "conso-et-moi", "httpx_retries"):
        caplog.set_level(logging.DEBUG, name)
    async with world(place.sandbox, place.store, place.certificate, monkeypatch) as here:
        yield here
        logged = "\n".join(record.getMessage() for record in caplog.records) + caplog.text
        assert not [secret for secret in here.gateway.secrets if len(secret) > 7 and secret in logged]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
@pytest.mark.parametrize("screen", READINGS, ids=str)
async def test_reading(around: World, screen: Reading, fault: Fault) -> None:
    first, again = (
        told if screen.figures or told is Told.SESSION_OVER else None
        for told in (OUTCOMES[fault.kind].first, OUTCOMES[fault.kind].again)
    )
    async with AsyncExitStack() as device:
        async with fault.met(around):
            app = await device.enter_async_context(around.visit(screen.route))
            await says(app, first)
            if first is None:
                await app.see(screen.shows)
            else:
                await around.quiet(app)
                assert not amounts(app), "nothing is known yet"
                assert way_forward(app, first)
            assert not zeros(app)
        await recover(around, app, screen)
        before = amounts(app)
        assert bool(before) is screen.figures
        await around.news()
        async with fault.met(around):
            await app.press("R")
            if again is None:
                await app.until(lambda: amounts(app) != before or not before, "no fresh figures")
            await says(app, again)
            await around.quiet(app)
            assert not zeros(app)
            if again not in (None, Told.SESSION_OVER):
                assert amounts(app) == before, "old figures stay"
                assert aged(app), "and their age is said"
            assert way_forward(app, again)
        await recover(around, app, screen)
        await app.until(lambda: amounts(app) != before or not before, "no fresh figures")
        assert len(amounts(app)) == len(before)
        assert not zeros(app)


@pytest.mark.parametrize("fault", FAULTS, ids=str)
@pytest.mark.parametrize("doing", DOINGS, ids=str)
async def test_doing(around: World, doing: Doing, fault: Fault) -> None:
    outcome = OUTCOMES[fault.kind]
    expected = outcome.write if doing.inside else outcome.outside
    if doing.name == "feedback":
        expected = outcome.opinion
    async with around.visit(doing.route, signed_in=doing.inside) as app:
        await doing.fill(app)
        await around.quiet(app)
        before = amounts(app)
        async with fault.met(around):
            await doing.submit(app)
            if expected is None:
                await app.see(doing.done)
            await app.until(lambda: (expected in told(app)) is (expected is not None), f"not {expected}")
            await around.quiet(app)
            if expected not in (None, Told.SESSION_OVER, Told.QUEUED):
                assert amounts(app) == before
                assert doing.typed in typed(app) or not doing.typed, "what was typed is lost"
            assert not zeros(app)
        for _ in range(ROUNDS):
            if not shows(app, doing.done):
                await come_back(app)
                await doing.fill(app)
                await doing.submit(app)
                await around.quiet(app)
        await app.see(doing.done)
    if doing.effects is not None:
        assert await around.sandbox.do(doing.effects) == 1, "once, no less and no more"


async def says(app: Driver, expected: Told | None) -> None:
    """Wait until that family of sentences is on screen, and no other."""
    wanted = {expected} - {None}
    await app.until(lambda: told(app) == wanted, f"not {wanted} but {told(app)}")


def way_forward(app: Driver, now: Told | None) -> bool:
    """Something to tap that leads out of it."""
    if now is Told.SESSION_OVER:
        return any(name.startswith(WORDS("login.continue")) for name in app.names())
    return now is None or now in FINAL or RETRY in app.names()


async def recover(around: World, app: Driver, screen: Reading) -> None:
    """All is well again: what a person does to see the screen as it is, within a few tries."""
    for _ in range(ROUNDS):
        await come_back(app)
        while retries := app._tappable(RETRY):
            await app._activate(retries[0])
            await around.quiet(app)
        if not told(app):
            break
        await app.go("/reglages")
        await app.go(screen.route)
        await around.quiet(app)
    await says(app, None)
    await app.see(screen.shows)
    await around.quiet(app)


async def come_back(app: Driver) -> None:
    """Sign in again if the session is over; the address has not changed."""
    if Told.SESSION_OVER in told(app):
        await give_password(app)
        await app.tap(WORDS("password.submit"))
        await says(app, None)


def shows(app: Driver, text: str) -> bool:
    return app._shows(text)
