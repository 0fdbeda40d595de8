"""Every fault on every screen, over real sockets: what is shown, what stays, and the way forward.

Each row of `faults.EVERYWHERE` meets each row of `screens.READINGS` and `DOINGS`; each other row of `FAULTS`
meets one reading and one change. What the user is told stands in `outcomes.OUTCOMES`. `docs/reliability.md`
shows the same tables to readers. One session of the app meets one fault on one screen after another, each a
subtest: to start it for every pair would take minutes.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import pytest

from tests.harness.driver import Driver
from tests.nightly.reliability.environment import Environment, environment, self_signed
from tests.nightly.reliability.faults import EVERYWHERE, FAULTS, FIRST_OF_KIND, Fault
from tests.nightly.reliability.matrix import DOCUMENT, document
from tests.nightly.reliability.outcomes import OUTCOMES, Told
from tests.nightly.reliability.sandbox import Sandbox
from tests.nightly.reliability.screen import WORDS, ScreenText, says, see, typed, until
from tests.nightly.reliability.screens import (
    DOINGS,
    PURCHASES,
    READINGS,
    TERMINATION,
    Doing,
    Reading,
    give_password,
)

RETRY = WORDS("action.retry")
ROUNDS = 3
"""How often a person tries again, once all is well, before there is no way forward."""
FINAL = (Told.FORBIDDEN, Told.NOT_FOUND)
"""Asking again would change nothing: no Retry is offered where there is nothing else to show."""
HOME, HELP = READINGS[0], READINGS[-2]
FIGURES = tuple(screen for screen in READINGS if screen.figures)
OUTSIDE = tuple(doing for doing in DOINGS if doing.sort in ("sign_in", "reminder"))
INSIDE = tuple(doing for doing in DOINGS if doing not in OUTSIDE)
FAULTY = pytest.mark.parametrize("fault", FAULTS, ids=str)


@dataclass(frozen=True)
class Place:
    """What lasts from test to test: the backend and its certificate."""

    sandbox: Sandbox
    certificate: Path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("reliability")
    sandbox = Sandbox(folder / "sandbox.sqlite3")
    sandbox.start()
    yield Place(sandbox, self_signed(folder / "backend.pem"))
    sandbox.stop()


@pytest.fixture
async def around(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[Environment]:
    """The environment around one test, at the end of which no secret is in any log."""
    monkeypatch.setattr("tests.harness.driver._POLL", 0.002)  # thousands of times, it adds up
    monkeypatch.setattr("views.help.state._pauses", lambda: repeat(0.05))
    monkeypatch.setattr("views.core.recovery.PAUSES", (3600.0,))  # to see what a tap does
    for name in ("services", "views", "conso-et-moi", "httpx_retries"):
        caplog.set_level(logging.DEBUG, name)
    async with environment(place.sandbox, place.certificate, monkeypatch) as here:
        yield here
        logged = "\n".join(record.getMessage() for record in caplog.records) + caplog.text
        assert not [secret for secret in here.gateway.secrets if len(secret) > 7 and secret in logged]


@FAULTY
async def test_opening(around: Environment, subtests: pytest.Subtests, fault: Fault) -> None:
    """The app is opened while the fault is on: nothing is known yet, and it says why, wherever one is.

    What stands in the place of the account is the same on every screen: one fault of each kind sees them all.
    """
    outcome = OUTCOMES[fault.kind]
    screens = READINGS if fault in FIRST_OF_KIND else (HOME,)
    async with AsyncExitStack() as device:
        async with fault.met(around):
            app = await device.enter_async_context(around.visit(HOME.route))
            for screen in screens:
                with subtests.test(screen=screen.name):
                    await app.go(screen.route)
                    await blocked(around, app, screen.tells(outcome.opened), screen)
        await app.go(HOME.route)
        await recover(around, app, HOME)


@FAULTY
async def test_reading(around: Environment, subtests: pytest.Subtests, fault: Fault) -> None:
    """Signed in, on a screen whose figures were never read; then on the same, once they were."""
    outcome = OUTCOMES[fault.kind]
    async with around.visit(HELP.route) as app:  # which needs nothing of the backend
        await see(app, *HELP.shows)
        await around.quiet(app)
        async with fault.met(around):
            for screen in READINGS if fault in EVERYWHERE else (PURCHASES,):
                with subtests.test("first", screen=screen.name):
                    await app.go(screen.route)
                    await blocked(around, app, screen.tells(outcome.first), screen)
        for screen in FIGURES if fault in EVERYWHERE else (PURCHASES,):
            with subtests.test("again", screen=screen.name):
                await app.go(screen.route)
                await recover(around, app, screen)
                if outcome.first is None:  # what was read then may be of another time
                    await app.press("R")
                    await around.quiet(app)
                before = ScreenText(app).amounts
                await around.sandbox.news()
                async with fault.met(around):
                    await app.press("R")
                    await outdated(around, app, outcome.again, before)
                await recover(around, app, screen)
                if outcome.again is None:
                    await app.press("R")
                    await around.quiet(app)
                await fresh(app, before)


@FAULTY
async def test_doing(around: Environment, subtests: pytest.Subtests, fault: Fault) -> None:
    """Whatever is changed is told as it is, and done once, no less and no more."""
    async with around.visit(HELP.route) as app:
        await see(app, *HELP.shows)
        for doing in INSIDE if fault in EVERYWHERE else (TERMINATION,):
            with subtests.test(screen=doing.name):
                await app.go(doing.route)
                await done(around, app, doing, fault)


@pytest.mark.parametrize("fault", EVERYWHERE, ids=str)
async def test_outside(around: Environment, subtests: pytest.Subtests, fault: Fault) -> None:
    """Before the sign-in."""
    async with around.visit("/", signed_in=False) as app:
        for doing in OUTSIDE:
            with subtests.test(screen=doing.name):
                await done(around, app, doing, fault)


async def blocked(around: Environment, app: Driver, expected: Told | None, screen: Reading) -> None:
    """Nothing is known of what the screen is to show: a sentence and a way forward, and no figure at all."""
    await says(app, expected)
    await around.quiet(app)
    if expected is None:
        await see(app, *screen.shows)
    seen = ScreenText(app)
    assert expected is None or not seen.amounts
    assert not seen.zeros
    assert way_forward(app, expected)


async def outdated(around: Environment, app: Driver, expected: Told | None, before: list[str]) -> None:
    """It was read again: what was known stays, with its age, a sentence and a way forward."""
    if expected is None:
        await until(app, lambda seen: seen.amounts != before, "no fresh figures")
    await says(app, expected)
    await around.quiet(app)
    seen = ScreenText(app)
    assert not seen.zeros
    if expected not in (None, Told.SESSION_OVER):
        assert seen.amounts == before, "old figures stay"
        assert seen.aged, "and their age is said"
    assert way_forward(app, expected)


async def fresh(app: Driver, before: list[str]) -> None:
    """Wait until all figures are there and others than before, which are all there were."""

    def other(seen: ScreenText) -> bool:
        return len(seen.amounts) == len(before) and seen.amounts != before

    assert before
    await until(app, other, f"no fresh figures, after {before}")
    assert not ScreenText(app).zeros


async def done(around: Environment, app: Driver, doing: Doing, fault: Fault) -> None:
    """It meets the fault: that is told, nothing typed is lost, and it is done in the end, once."""
    expected: Told | None = getattr(OUTCOMES[fault.kind], doing.sort)
    await doing.fill(app)
    await around.quiet(app)
    before = ScreenText(app).amounts
    async with fault.met(around):
        await doing.submit(app)
        if expected is None:
            await says(app, None)
        else:
            await until(app, lambda seen: expected in seen.told, f"not {expected}")
        await around.quiet(app)
        seen = ScreenText(app)
        assert not seen.zeros
        if expected not in (None, Told.SESSION_OVER, Told.QUEUED):
            assert seen.amounts == before
            assert doing.typed in typed(app) or not doing.typed, f"what was typed is lost: {seen.texts}"
    for _ in range(ROUNDS):
        await find_out(around, app)
        if ScreenText(app).shows(doing.done):
            break
        await doing.fill(app)
        await doing.submit(app)
        await around.quiet(app)
    await see(app, doing.done)
    await says(app, None)
    if doing.effects is not None:
        assert await around.sandbox.do(doing.effects) == 1


async def find_out(around: Environment, app: Driver) -> None:
    """What became of it: by signing in again, by waiting where one is told to, by looking again."""
    await come_back(app)
    await until(app, lambda seen: Told.QUEUED not in seen.told, "it is not sent by itself")
    await app.press("R")
    await around.quiet(app)
    if check := app._tappable(WORDS("action.check")):
        await app._activate(check[0])
        await around.quiet(app)


async def recover(around: Environment, app: Driver, screen: Reading) -> None:
    """All is well again: what a person does to see the screen as it is, within a few tries."""
    await come_back(app)
    for _ in range(ROUNDS):
        await around.quiet(app)
        if not ScreenText(app).told:
            break
        if retries := app._tappable(RETRY):
            await app._activate(retries[0])
        else:  # no use in asking again, it is said: later, one comes by once more
            await app.go(HELP.route)
            await app.go(screen.route)
    await says(app, None)
    await see(app, *screen.shows)
    await around.quiet(app)


async def come_back(app: Driver) -> None:
    """Sign in again if the session is over; the address has not changed."""
    if Told.SESSION_OVER in ScreenText(app).told:
        await give_password(app)
        await app.tap(WORDS("password.submit"))
        await says(app, None)


def way_forward(app: Driver, now: Told | None) -> bool:
    """Something to tap that leads out of it."""
    if now is Told.SESSION_OVER:
        return any(name.startswith(WORDS("login.continue")) for name in app.names())
    return now is None or now in FINAL or RETRY in app.names()


def test_the_document_shows_these_tables() -> None:
    written = DOCUMENT.read_text("utf-8")
    assert document(written) == written, "run python -m tests.nightly.reliability.matrix"
