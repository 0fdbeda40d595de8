"""State of the two-step sign-in and its failures."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import cast

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.client.credentials import MemoryStore
from services.domain.errors import ActionNeeded, Locked, Refused, SignInTimedOut, Unreachable
from services.sandbox import SandboxSettings
from tests.harness.clock import Clock
from tests.views.conftest import CAMILLE, PASSWORD, Line, Serve, typed
from views.core.session import Gate, SessionState
from views.sign_in import state as sign_in
from views.sign_in.reminder_state import ReminderState
from views.sign_in.state import FieldError, SignInState, Step

PASTED = (
    "\u202a06 39 98 01 12\u202c",
    "06 39 98 01 12\u200b",
    "\ufeffcamille@demo.example\u2060",
    "06\u201139\u201198\u201101\u201112",
    "06\u00a039\u202f98\u200901\u200212",
    "06–39–98–01–12",
    "06/39/98/01/12",
    "tel:+33639980112",
    "TEL:+33-6-39-98-01-12;ext=1",
    "tel:06%2039%2098%2001%2012",
    "+33 (0)6 39 98 01 12",
    "0033639980112",
    "\uff0b33 \uff16 39 98 01 12",
    "mailto:camille@demo.example?subject=Bonjour",
    "<camille@demo.example>",
    "camille\u00ad@demo\u200d.example\ufe0f",
    "CAMILLE@demo.example\r\n",
    "\u200ecamille@demo.example\u0000",
)
"""Camille's identifiers as other programs copy them."""


async def opened(line: Line, *, demo: bool = False, store: MemoryStore | None = None) -> SignInState:
    session = SessionState(line.backend(store), demo=demo)
    await session.start()
    return SignInState(session)


async def at_password(line: Line, identifier: str = CAMILLE) -> SignInState:
    form = await opened(line)
    form.type_identifier(typed(identifier))
    await form.submit_identifier()
    assert form.step.name == "PASSWORD"
    return form


async def test_sign_in_with_both_steps_opens_the_session(serve: Serve) -> None:
    form = await at_password(serve(CAMILLE))
    form.type_password(typed(PASSWORD))
    await form.submit_password()
    assert form.session.gate is Gate.SIGNED_IN
    assert form.session.account.data is not None
    assert form.password == "", "it leaves the memory as soon as it is accepted"
    assert not form.busy


@pytest.mark.parametrize(
    ("identifier", "fault"),
    [
        ("", FieldError.EMPTY),
        ("   ", FieldError.EMPTY),
        ("camille", FieldError.FORMAT),
        ("camille@demo", FieldError.FORMAT),
        ("06 39", FieldError.FORMAT),
        ("0039980112", FieldError.FORMAT),
        (CAMILLE, None),
        (f"  {CAMILLE} ", None),
        ("06 39 98 01 12", None),
        ("06.39.98.01.12", None),
        ("+33 6 39 98 01 12", None),
    ],
)
async def test_invalid_identifier_is_reported_without_a_request(
    line: Line, identifier: str, fault: FieldError | None
) -> None:
    form = await opened(line)
    form.type_identifier(typed(identifier))
    await form.submit_identifier()
    assert form.fault is fault
    assert form.step is (Step.PASSWORD if fault is None else Step.IDENTIFIER)
    form.type_identifier(typed("c"))
    assert form.fault is None


@pytest.mark.parametrize("pasted", PASTED, ids=ascii)
async def test_pasted_identifier_is_normalized_and_accepted(line: Line, pasted: str) -> None:
    form = await at_password(line, pasted)
    form.type_password(typed(PASSWORD))
    await form.submit_password()
    assert form.session.gate is Gate.SIGNED_IN
    reminder = ReminderState(line.backend())
    reminder.type(typed(pasted))
    await reminder.send()
    assert reminder.sent


async def test_wrong_password_stays_typed_and_shows_the_attempts_left(serve: Serve) -> None:
    form = await at_password(serve(CAMILLE))
    form.type_password(typed("wrong"))
    left = []
    for _ in range(3):
        await form.submit_password()
        assert isinstance(form.error, Refused)
        left.append(form.error.attempts_left)
        assert form.password == "wrong"
        assert form.step is Step.PASSWORD
        assert form.retype, "selected, ready to be typed over"
    assert left == [4, 3, 2]
    form.type_password(typed(PASSWORD))
    assert not form.retype
    await form.submit_password()
    assert form.session.gate is Gate.SIGNED_IN


class Minutes:
    """Fake of `asyncio.sleep` whose minutes pass when the test says so."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self._turn = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await self._turn.wait()
        self._turn.clear()

    async def pass_one(self) -> None:
        self._turn.set()
        for _ in range(3):
            await asyncio.sleep(0)


async def locked(line: Line) -> SignInState:
    form = await at_password(line)
    form.type_password(typed("wrong"))
    while not isinstance(form.error, Locked):
        await form.submit_password()
    return form


async def test_locked_sign_in_counts_down_and_reopens(
    serve: Serve, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = await locked(serve(CAMILLE))
    assert form.locked_minutes == 15
    form.type_password(typed(PASSWORD))
    await form.submit_password()
    assert form.session.gate.name == "SIGNED_OUT", "no try while it lasts"
    minutes = Minutes()
    monkeypatch.setattr(sign_in, "asyncio", minutes)
    counting = asyncio.create_task(form.count_down())
    await asyncio.sleep(0)
    clock.advance(minutes=15)
    for left in range(14, 0, -1):
        await minutes.pass_one()
        assert form.locked_minutes == left
        assert isinstance(form.error, Locked)
    await minutes.pass_one()
    await counting
    assert form.locked_minutes == 0
    assert form.error is None
    assert set(minutes.slept) == {60.0}
    await form.submit_password()
    assert form.session.gate is Gate.SIGNED_IN, "although the first sign-in is too old by now"


async def test_lock_countdown_ends_after_going_back(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    form = await locked(serve(CAMILLE))
    minutes = Minutes()
    monkeypatch.setattr(sign_in, "asyncio", minutes)
    counting = asyncio.create_task(form.count_down())
    await asyncio.sleep(0)
    form.back()
    await minutes.pass_one()
    await counting
    assert form.locked_minutes == 0


async def test_going_back_keeps_the_identifier_and_clears_the_password(serve: Serve) -> None:
    form = await at_password(serve(CAMILLE))
    form.type_password(typed("wrong"))
    form.toggle_password()
    await form.submit_password()
    form.back()
    assert (form.step, form.identifier, form.password) == (Step.IDENTIFIER, CAMILLE, "")
    assert not form.password_shown
    assert form.error is None
    assert not form.retype
    await form.submit_password()
    assert form.session.gate is Gate.SIGNED_OUT, "without its first step the second does nothing"


async def test_going_back_is_disabled_while_the_password_is_checked(line: Line) -> None:
    form = await at_password(line)
    form.type_password(typed(PASSWORD))
    with line.holding("/oauth/") as held:
        checking = asyncio.create_task(form.submit_password())
        await held.answered()
        assert form.busy
        form.back()
        assert form.step.name == "PASSWORD", "not while the password is being checked"
    await checking
    assert form.session.gate is Gate.SIGNED_IN


async def test_step_submitted_twice_sends_one_request(line: Line) -> None:
    form = await at_password(line)
    form.type_password(typed("wrong"))
    await asyncio.gather(*(form.submit_password() for _ in range(4)))
    assert isinstance(form.error, Refused)
    assert form.error.attempts_left == 4
    again = await opened(line)
    again.type_identifier(typed(CAMILLE))
    await asyncio.gather(again.submit_identifier(), again.submit_identifier())
    assert again.step is Step.PASSWORD


async def test_sign_in_timed_out_restarts_at_the_identifier(serve: Serve, clock: Clock) -> None:
    form = await at_password(serve(CAMILLE))
    clock.advance(minutes=11)
    form.type_password(typed(PASSWORD))
    await form.submit_password()
    assert isinstance(form.error, SignInTimedOut)
    assert (form.step, form.identifier, form.password) == (Step.IDENTIFIER, CAMILLE, "")
    await form.submit_identifier()
    assert form.error is None
    form.type_password(typed(PASSWORD))
    await form.submit_password()
    assert form.session.gate is Gate.SIGNED_IN


async def test_sign_in_to_finish_on_the_web_returns_to_the_identifier_with_the_error(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = await at_password(line)

    class Portal(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return httpx.Response(400, json={"error": "redirect_to_web"}, request=request)

    line.far_end = cast("httpx.ASGITransport", Portal())
    form.type_password(typed(PASSWORD))
    await form.submit_password()
    assert isinstance(form.error, ActionNeeded)
    assert (form.step, form.password) == (Step.IDENTIFIER, "")


async def test_remembered_identifier_skips_the_first_step(serve: Serve, clock: Clock) -> None:
    line, store = serve(CAMILLE, settings=SandboxSettings(scrypt_log2_cost=4)), MemoryStore()
    first = await opened(line, store=store)
    first.type_identifier(typed(CAMILLE))
    await first.submit_identifier()
    first.type_password(typed(PASSWORD))
    await first.submit_password()
    clock.advance(days=40)
    form = await opened(line, store=store)
    assert form.session.remembered_identifier == CAMILLE
    await form.continue_remembered()
    assert (form.step, form.identifier) == (Step.PASSWORD, CAMILLE)
    form.back()
    form.use_other()
    assert form.session.remembered_identifier is None
    assert form.identifier == ""


async def test_sign_in_stores_the_session_only_with_remember(serve: Serve) -> None:
    for remember in (True, False):
        line, store = serve(CAMILLE), MemoryStore()
        form = await opened(line, store=store)
        form.type_identifier(typed(CAMILLE))
        await form.submit_identifier()
        form.toggle_remember(typed(remember))
        form.type_password(typed(PASSWORD))
        await form.submit_password()
        assert (await store.load() is not None) is remember


async def test_demo_opens_without_input_and_is_not_stored(serve: Serve) -> None:
    line, store = serve(CAMILLE), MemoryStore()
    form = await opened(line, demo=True, store=store)
    await form.open_demo()
    assert form.session.gate is Gate.SIGNED_IN
    assert await store.load() is None


async def test_demo_that_cannot_open_leaves_the_form_unchanged(line: Line) -> None:
    form = await opened(line, demo=True)
    line.down = True
    await form.open_demo()
    assert isinstance(form.error, Unreachable)
    assert (form.identifier, form.password, form.remember) == ("", "", True)


async def test_new_sign_in_clears_the_reason_of_the_expired_session(serve: Serve) -> None:
    form = await opened(serve(CAMILLE))
    form.session._expire()
    assert form.session.ended is not None
    form.type_identifier(typed(CAMILLE))
    await form.submit_identifier()
    assert form.session.ended is None


@given(st.text(min_size=4, max_size=40).filter(lambda text: text.strip()))
def test_sign_in_input_is_not_in_the_repr(secret: str) -> None:
    async def check() -> None:
        form = SignInState(cast("SessionState", SimpleNamespace()))
        form.type_password(typed(f"<{secret}>"))
        form.type_identifier(typed(f"<{secret}>"))
        assert f"<{secret}>" not in repr(form)
        assert f"<{secret}>" not in f"{form}"

    asyncio.run(check())
