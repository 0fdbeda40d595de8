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
"""Retries of a user after the end of the fault, before the test fails."""
FINAL = (Told.FORBIDDEN, Told.NOT_FOUND, Told.INCOMPLETE)
"""Messages without Retry, since another try would change nothing."""
HOME, HELP = READINGS[0], READINGS[-2]
FIGURES = tuple(screen for screen in READINGS if screen.figures)
OUTSIDE = tuple(doing for doing in DOINGS if doing.sort in ("sign_in", "reminder"))
INSIDE = tuple(doing for doing in DOINGS if doing not in OUTSIDE)
FAULTY = pytest.mark.parametrize("fault", FAULTS, ids=str)


@dataclass(frozen=True)
class Place:
    """Backend and certificate, shared by all tests."""

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
    """Yield the environment of one test; then check that no log contains a secret."""
    monkeypatch.setattr("tests.harness.driver._POLL", 0.002)  # thousands of polls add up
    monkeypatch.setattr("views.help.state._pauses", lambda: repeat(0.05))
    monkeypatch.setattr(
        "views.core.recovery.PAUSES", (3600.0,)
    )  # no automatic retry hides the effect of a tap
    for name in ("services", "views", "conso-et-moi", "httpx_retries"):
        caplog.set_level(logging.DEBUG, name)
    async with environment(place.sandbox, place.certificate, monkeypatch) as here:
        yield here
        logged = "\n".join(record.getMessage() for record in caplog.records) + caplog.text
        assert not [secret for secret in here.gateway.secrets if len(secret) > 7 and secret in logged]


@FAULTY
async def test_opening(around: Environment, subtests: pytest.Subtests, fault: Fault) -> None:
    """Open the app on each screen during the fault: without cached data, each shows the message.

    The sentence in place of the account is the same on every screen: one fault of each kind opens them all.
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
    """Check each screen before its data is loaded, then with loaded data."""
    outcome = OUTCOMES[fault.kind]
    async with around.visit(HELP.route) as app:  # a screen without backend data
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
                if screen.tells(outcome.first) is None:  # data read during the fault may be from another time
                    await app.press("R")
                    await around.quiet(app)
                before = ScreenText(app).amounts
                await around.sandbox.news()
                async with fault.met(around):
                    await app.press("R")
                    await outdated(around, app, screen.tells(outcome.again), before)
                await recover(around, app, screen)
                if screen.tells(outcome.again) is None:
                    await app.press("R")
                    await around.quiet(app)
                await fresh(app, before)


@FAULTY
async def test_doing(around: Environment, subtests: pytest.Subtests, fault: Fault) -> None:
    """Check each change: it shows the true outcome, and is done exactly once."""
    async with around.visit(HELP.route) as app:
        await see(app, *HELP.shows)
        for doing in INSIDE if fault in EVERYWHERE else (TERMINATION,):
            with subtests.test(screen=doing.name):
                await app.go(doing.route)
                await done(around, app, doing, fault)


@pytest.mark.parametrize("fault", EVERYWHERE, ids=str)
async def test_outside(around: Environment, subtests: pytest.Subtests, fault: Fault) -> None:
    """Check the changes before the sign-in."""
    async with around.visit("/", signed_in=False) as app:
        for doing in OUTSIDE:
            with subtests.test(screen=doing.name):
                await done(around, app, doing, fault)


async def blocked(around: Environment, app: Driver, expected: Told | None, screen: Reading) -> None:
    """Check a screen without data: a message and a way forward, and no figure."""
    await says(app, expected)
    await around.quiet(app)
    if expected is None:
        await see(app, *screen.shows)
    seen = ScreenText(app)
    assert expected in (None, Told.INCOMPLETE) or not seen.amounts
    assert not seen.zeros
    assert way_forward(app, expected)


async def outdated(around: Environment, app: Driver, expected: Told | None, before: list[str]) -> None:
    """Check a failed reload: the data stays with its age, a message and a way forward."""
    if expected in (None, Told.INCOMPLETE):
        await until(app, lambda seen: seen.amounts != before, "no fresh figures")
    await says(app, expected)
    await around.quiet(app)
    seen = ScreenText(app)
    assert not seen.zeros
    if expected not in (None, Told.SESSION_OVER, Told.INCOMPLETE):
        assert seen.amounts == before, "old figures stay"
        assert seen.aged, "and their age is said"
    assert way_forward(app, expected)


async def fresh(app: Driver, before: list[str]) -> None:
    """Wait until all figures are on screen, each different from before."""

    def other(seen: ScreenText) -> bool:
        return len(seen.amounts) == len(before) and seen.amounts != before

    assert before
    await until(app, other, f"no fresh figures, after {before}")
    assert not ScreenText(app).zeros


async def done(around: Environment, app: Driver, doing: Doing, fault: Fault) -> None:
    """Check a change during the fault: message, typed text, and in the end exactly one effect."""
    expected: Told | None = getattr(OUTCOMES[fault.kind], doing.sort)
    await doing.fill(app)
    await around.quiet(app)
    before = ScreenText(app).amounts
    async with fault.met(around):
        await doing.submit(app)
        if expected is None:  # the screen behind may have results
            await until(app, lambda seen: seen.told <= {Told.INCOMPLETE}, "a failure")
        else:
            await until(app, lambda seen: expected in seen.told, f"not {expected}")
        await around.quiet(app)
        seen = ScreenText(app)
        assert expected is None or not seen.zeros  # after a change that is done, nothing may be left
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
    """Reach the outcome of the change: sign in again, wait or check, as the message says."""
    await come_back(app)
    await until(app, lambda seen: Told.QUEUED not in seen.told, "it is not sent by itself")
    await app.press("R")
    await around.quiet(app)
    if check := app._tappable(WORDS("action.check")):
        await app._activate(check[0])
        await around.quiet(app)


async def recover(around: Environment, app: Driver, screen: Reading) -> None:
    """Recover after the fault as a user would, within `ROUNDS` tries."""
    await come_back(app)
    for _ in range(ROUNDS):
        await around.quiet(app)
        if not ScreenText(app).told:
            break
        if retries := app._tappable(RETRY):
            await app._activate(retries[0])
        elif Told.INCOMPLETE in ScreenText(app).told:
            await app.press("R")
        else:  # the message rules out a retry: reopen the screen
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
    """Return whether a control leads out of the failure."""
    if now is Told.SESSION_OVER:
        return any(name.startswith(WORDS("login.continue")) for name in app.names())
    return now is None or now in FINAL or RETRY in app.names()


def test_the_document_shows_these_tables() -> None:
    written = DOCUMENT.read_text("utf-8")
    assert document(written) == written, "run python -m tests.nightly.reliability.matrix"
