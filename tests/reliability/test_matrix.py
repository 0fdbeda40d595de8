"""Every fault on every screen, over real sockets: what is shown, what stays, and the way forward.

Each row of `faults.FAULTS` meets each row of `screens.READINGS` and `DOINGS`; what the user is told stands in
`outcomes.OUTCOMES`. `docs/reliability.md` shows the same tables to readers. One session of the app meets one
fault on one screen after another, each a subtest: to start it for every pair would take minutes.
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
from tests.reliability.matrix import DOCUMENT, document
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
    see,
    told,
    typed,
    until,
    zeros,
)
from tests.reliability.world import Sandbox, World, self_signed, world

RETRY = WORDS("action.retry")
ROUNDS = 3
"""How often a person tries again, once all is well, before there is no way forward."""
FINAL = (Told.FORBIDDEN, Told.NOT_FOUND)
"""Asking again would change nothing: no Retry is offered where there is nothing else to show."""
HOME, HELP = READINGS[0], READINGS[-2]
INSIDE = tuple(doing for doing in DOINGS if doing.sort != "outside")
OUTSIDE = tuple(doing for doing in DOINGS if doing.sort == "outside")
FAULTY = pytest.mark.parametrize("fault", FAULTS, ids=str)


@dataclass(frozen=True)
class Place:
    """What lasts from test to test: the backend, the device's store, the certificate."""

    sandbox: Sandbox
    store: MemoryStore
    certificate: Path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("reliability")
    sandbox = Sandbox(folder / "sandbox.sqlite3")
    sandbox.start()
    yield Place(sandbox, MemoryStore(), self_signed(folder / "backend.pem"))
    sandbox.stop()


@pytest.fixture
async def around(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[World]:
    """The world around one test, at the end of which no secret is in any log."""
    monkeypatch.setattr("tests.driver._POLL", 0.002)  # thousands of times, it adds up
    monkeypatch.setattr("views.state.help._pauses", lambda: repeat(0.05))
    monkeypatch.setattr("views.state.recovery.PAUSES", (3600.0,))  # to see what a tap does
    for name in ("services", "views", "conso-et-moi", "httpx_retries"):
        caplog.set_level(logging.DEBUG, name)
    async with world(place.sandbox, place.store, place.certificate, monkeypatch) as here:
        yield here
        logged = "\n".join(record.getMessage() for record in caplog.records) + caplog.text
        assert not [secret for secret in here.gateway.secrets if len(secret) > 7 and secret in logged]


@FAULTY
async def test_account_unknown(around: World, subtests: pytest.Subtests, fault: Fault) -> None:
    """The app is opened while the fault is on: nothing is known yet, and every screen says why."""
    expected = OUTCOMES[fault.kind].opened
    async with AsyncExitStack() as device:
        async with fault.met(around):
            app = await device.enter_async_context(around.visit("/"))
            for screen in READINGS:
                with subtests.test(screen=screen.name):
                    await app.go(screen.route)
                    await blocked(around, app, screen, expected)
        await app.go("/")
        await recover(around, app, HOME)


@FAULTY
async def test_reading(around: World, subtests: pytest.Subtests, fault: Fault) -> None:
    """Signed in, on a screen whose figures were never read; then on the same, once they were."""
    outcome = OUTCOMES[fault.kind]
    async with around.visit(HELP.route) as app:  # which needs nothing of the backend
        await see(app, HELP.shows)
        await around.quiet(app)
        async with fault.met(around):
            for screen in READINGS:
                with subtests.test("first", screen=screen.name):
                    await app.go(screen.route)
                    await blocked(around, app, screen, outcome.first)
        for screen in READINGS:
            with subtests.test("again", screen=screen.name):
                await app.go(screen.route)
                await recover(around, app, screen)
                before = amounts(app)
                assert bool(before) is screen.figures
                await around.news()
                async with fault.met(around):
                    await app.press("R")
                    await outdated(around, app, screen, outcome.again, before)
                await recover(around, app, screen)
                if outcome.again is None:
                    await app.press("R")
                    await around.quiet(app)
                await fresh(app, before)
                assert len(amounts(app)) == len(before)


@FAULTY
async def test_doing(around: World, subtests: pytest.Subtests, fault: Fault) -> None:
    """Whatever is changed is told as it is, and done once, no less and no more."""
    async with around.visit(HELP.route) as app:
        await see(app, HELP.shows)
        for doing in INSIDE:
            with subtests.test(screen=doing.name):
                await app.go(doing.route)
                await done(around, app, doing, fault)


@FAULTY
async def test_outside(around: World, subtests: pytest.Subtests, fault: Fault) -> None:
    """Before the sign-in."""
    async with around.visit("/", signed_in=False) as app:
        for doing in OUTSIDE:
            with subtests.test(screen=doing.name):
                await done(around, app, doing, fault)


async def blocked(around: World, app: Driver, screen: Reading, trouble: Told | None) -> None:
    """Nothing is known of what the screen is to show: a sentence and a way forward, and no figure at all."""
    expected = screen.tells(trouble)
    await says(app, expected)
    await around.quiet(app)
    if expected is None:
        await see(app, screen.shows)
    else:
        assert not amounts(app)
        assert way_forward(app, expected)
    assert not zeros(app)


async def outdated(
    around: World, app: Driver, screen: Reading, trouble: Told | None, before: list[str]
) -> None:
    """It was read again: what was known stays, with its age, a sentence and a way forward."""
    expected = screen.tells(trouble)
    if expected is None:
        await fresh(app, before)
    await says(app, expected)
    await around.quiet(app)
    assert not zeros(app)
    if expected not in (None, Told.SESSION_OVER):
        assert amounts(app) == before, "old figures stay"
        assert aged(app), "and their age is said"
    assert way_forward(app, expected)


async def done(around: World, app: Driver, doing: Doing, fault: Fault) -> None:
    """It meets the fault: that is told, nothing typed is lost, and it is done in the end, once."""
    expected: Told | None = getattr(OUTCOMES[fault.kind], doing.sort)
    await doing.fill(app)
    await around.quiet(app)
    before = amounts(app)
    async with fault.met(around):
        await doing.submit(app)
        if expected is None:
            await says(app, None)
        else:
            await until(app, lambda: expected in told(app), f"not {expected}")
        await around.quiet(app)
        assert not zeros(app)
        if expected not in (None, Told.SESSION_OVER, Told.QUEUED):
            assert amounts(app) == before
            assert doing.typed in typed(app) or not doing.typed, "what was typed is lost"
    for _ in range(ROUNDS):
        await find_out(around, app)
        if app._shows(doing.done):
            break
        await doing.fill(app)
        await doing.submit(app)
        await around.quiet(app)
    await see(app, doing.done)
    await says(app, None)
    if doing.effects is not None:
        assert await around.sandbox.do(doing.effects) == 1


async def find_out(around: World, app: Driver) -> None:
    """What became of it: by signing in again, by waiting where one is told to, by looking again."""
    await come_back(app)
    await until(app, lambda: Told.QUEUED not in told(app), "it is not sent by itself")
    await app.press("R")
    await around.quiet(app)
    if check := app._tappable(WORDS("action.check")):
        await app._activate(check[0])
        await around.quiet(app)


async def says(app: Driver, expected: Told | None) -> None:
    """Wait until that family of sentences is on screen, and no other."""
    wanted = {expected} - {None}
    await until(app, lambda: told(app) == wanted, f"not {wanted} but {told(app)}")


async def fresh(app: Driver, before: list[str]) -> None:
    """Wait until the figures are others, where there were any."""
    await until(app, lambda: amounts(app) != before or not before, "no fresh figures")


def way_forward(app: Driver, now: Told | None) -> bool:
    """Something to tap that leads out of it."""
    if now is Told.SESSION_OVER:
        return any(name.startswith(WORDS("login.continue")) for name in app.names())
    return now is None or now in FINAL or RETRY in app.names()


async def recover(around: World, app: Driver, screen: Reading) -> None:
    """All is well again: what a person does to see the screen as it is, within a few tries."""
    await come_back(app)
    await around.quiet(app)
    for _ in range(ROUNDS):
        if retries := app._tappable(RETRY):
            await app._activate(retries[0])
        elif told(app):  # no use in asking again, it is said: later, one comes by again
            await app.go(HELP.route)
            await app.go(screen.route)
        await around.quiet(app)
    await says(app, None)
    await see(app, screen.shows)
    await around.quiet(app)


async def come_back(app: Driver) -> None:
    """Sign in again if the session is over; the address has not changed."""
    if Told.SESSION_OVER in told(app):
        await give_password(app)
        await app.tap(WORDS("password.submit"))
        await says(app, None)


def test_the_document_shows_these_tables() -> None:
    written = DOCUMENT.read_text("utf-8")
    assert document(written) == written, "run python -m tests.reliability.matrix"
