"""The service of a contract: on or off when the backend says so, and never twice."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx
import pytest

from services.errors import Changed, NotDone, NotPossible, NotSent, OutcomeUnknown
from services.models import ServiceStatus
from services.sandbox import Settings
from tests.views.conftest import NOW, PASSWORD, Clock, Line, Serve, sign_in, typed
from tests.views.people import ABONNE, subscribed
from views.service import state as service_module
from views.service.state import ServiceState

LATER = Settings(scrypt_log2_cost=4, suspension_delay=timedelta(minutes=2))
ON, OFF = ServiceStatus.ACTIVE, ServiceStatus.SUSPENDED


async def state_of(line: Line) -> ServiceState:
    """The service of the box, not read yet, of a session of its own."""
    backend = line.backend()
    await sign_in(backend, ABONNE)
    contract = (await backend.account()).value.contracts[0]
    line.asked.clear()
    return ServiceState(backend, contract)


async def read(line: Line) -> ServiceState:
    state = await state_of(line)
    await state.load()
    return state


def status(state: ServiceState) -> tuple[ServiceStatus, ServiceStatus | None]:
    assert state.service.data is not None
    return state.service.data.status, state.service.data.pending_status


class Counting:
    """How often the service was changed, on a line."""

    def __init__(self, line: Line) -> None:
        self.changes = 0
        answer = line.far_end.handle_async_request

        async def listen(request: httpx.Request) -> httpx.Response:
            self.changes += request.method == "PUT"
            return await answer(request)

        line.far_end.handle_async_request = listen  # type: ignore[method-assign]


@pytest.fixture
def line(serve: Serve) -> Line:
    return serve(subscribed())


@pytest.fixture
def slow_line(serve: Serve) -> Line:
    """Where a change takes two minutes."""
    return serve(subscribed(), settings=LATER)


async def test_it_says_what_turning_it_off_touches(line: Line) -> None:
    state = await read(line)
    assert status(state) == (ON, None)
    assert state.on
    assert state.service.data is not None
    assert state.service.data.affected_subscriptions == 3
    assert str(state.service.data.outstanding.amount) == "8.97"  # 27 April, 4 and 11 May; no bill yet


async def test_moving_the_switch_only_asks(line: Line) -> None:
    state, counting = await read(line), Counting(line)
    state.ask()
    assert state.switching.asked is OFF
    assert state.on
    state.switch.dismiss()
    await state.switch.confirm()
    assert state.switching.asked is None
    assert counting.changes == 0


async def test_it_is_off_when_the_backend_says_so_and_not_before(line: Line) -> None:
    state = await read(line)
    state.ask()
    with line.holding("/service"):
        switching = asyncio.create_task(state.switch.confirm())
        await asyncio.sleep(0.02)
        assert state.on, "asked for, not done"
        assert state.changing
        state.switch.dismiss()
        assert state.switching.asked is OFF, "the sheet stays while it is being done"
    await switching
    assert status(state) == (OFF, None)
    assert state.switching.receipt is OFF
    assert not state.changing
    state.ask()
    assert state.switching.asked is ON
    assert state.switching.receipt is None
    await state.switch.confirm()
    assert status(state) == (ON, None)


async def test_two_taps_are_one_change(line: Line) -> None:
    state, counting = await read(line), Counting(line)
    state.ask()
    await asyncio.gather(state.switch.confirm(), state.switch.confirm())
    await state.switch.confirm()
    assert counting.changes == 1
    assert status(state) == (OFF, None)


async def test_a_change_that_takes_time_is_pending_then_done(
    slow_line: Line, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_module, "POLL", 0.01)
    state = await read(slow_line)
    state.ask()
    await state.switch.confirm()
    assert status(state) == (ON, OFF)
    assert state.on, "still"
    assert state.changing
    assert state.switching.receipt is None
    watching = asyncio.create_task(state.watch())
    await asyncio.sleep(0.1)
    assert not watching.done()
    clock.advance(minutes=2)
    await asyncio.wait_for(watching, 5)
    assert status(state) == (OFF, None)
    assert not state.changing


async def test_a_change_in_progress_survives_leaving_and_another_session(
    slow_line: Line, clock: Clock
) -> None:
    state = await read(slow_line)
    state.ask()
    with slow_line.holding("/service"):
        screen = asyncio.create_task(state.switch.confirm())
        await asyncio.sleep(0.02)
        screen.cancel()  # the screen is left, the visitor too
        await asyncio.gather(screen, return_exceptions=True)
    again = await read(slow_line)
    assert status(again) == (ON, OFF)
    assert again.changing
    clock.advance(minutes=2)
    await again.load()
    assert status(again) == (OFF, None)


async def test_while_it_is_changing_the_other_way_is_refused(slow_line: Line) -> None:
    one, other = await read(slow_line), await read(slow_line)
    one.ask()
    await one.switch.confirm()
    await other.load()
    other.switch.ask(ON)
    await other.switch.confirm()
    assert isinstance(other.switching.failure, NotPossible)
    assert other.switching.failure.code == "SERVICE_LOCKED"
    assert status(other) == (ON, OFF)


async def test_on_an_old_screen_nothing_is_done_and_what_is_true_is_shown(serve: Serve, clock: Clock) -> None:
    line = serve(subscribed())
    one, other = await read(line), await read(line)
    one.ask()
    await one.switch.confirm()
    clock.advance(days=1)
    one.ask()
    await one.switch.confirm()  # off and on again: `since` is another day
    other.ask()
    await other.switch.confirm()
    assert isinstance(other.switching.failure, Changed)
    assert status(other) == (ON, None)
    assert other.service.data is not None
    assert str(other.service.data.since) == "2026-05-15"
    other.ask()
    await other.switch.confirm()
    assert other.proof.wanted, "signed in a day ago"
    other.proof.type(typed(PASSWORD))
    await other.switch.confirm()
    assert status(other) == (OFF, None)


async def test_a_change_whose_answer_is_lost_is_found_done(line: Line) -> None:
    state, counting = await read(line), Counting(line)
    state.ask()
    heard = line.far_end.handle_async_request

    async def lose(request: httpx.Request) -> httpx.Response:
        response = await heard(request)
        if request.method == "PUT":
            response.status_code = 504
        return response

    line.far_end.handle_async_request = lose  # type: ignore[method-assign]
    await state.switch.confirm()
    assert state.switching.failure is None
    assert status(state) == (OFF, None)
    assert counting.changes == 1


async def test_when_it_is_not_known_whether_it_changed_the_next_reading_tells(line: Line) -> None:
    state = await read(line)
    for wanted in (OFF, ON):
        state.ask()
        line.lost = "/service"
        await state.switch.confirm()
        assert isinstance(state.switching.failure, OutcomeUnknown)
        assert state.switching.receipt is None
        assert status(state)[0] is not wanted, "what was known"
        line.down, line.lost = False, None
        await state.load()
        assert state.switching.failure is None
        assert state.switching.receipt is wanted
        assert status(state) == (wanted, None)


async def test_when_the_change_never_arrived_that_is_told_too(line: Line) -> None:
    state = await read(line)
    state.ask()
    line.swallowed = "/service"
    await state.switch.confirm()
    assert isinstance(state.switching.failure, OutcomeUnknown)
    line.down, line.swallowed = False, None
    await state.load()
    assert isinstance(state.switching.failure, NotDone)
    assert (state.switching.receipt, status(state)) == (None, (ON, None))


async def test_when_the_change_is_under_way_the_switch_tells(slow_line: Line) -> None:
    state = await read(slow_line)
    state.ask()
    slow_line.lost = "/service"
    await state.switch.confirm()
    slow_line.down, slow_line.lost = False, None
    await state.load()
    assert (state.switching.failure, state.switching.receipt) == (None, None)
    assert status(state) == (ON, OFF)


async def test_offline_it_stays_as_it_is(line: Line, clock: Clock) -> None:
    state = await read(line)
    state.ask()
    line.down = True
    await state.switch.confirm()
    assert isinstance(state.switching.failure, NotSent)
    assert status(state) == (ON, None)
    assert (state.switching.asked, state.changing) == (None, False)
    clock.advance(minutes=1)
    await state.load()
    assert state.service.stale
    assert state.service.at == NOW
    line.down = False
    state.ask()
    assert state.switching.failure is None
    await state.switch.confirm()
    assert status(state) == (OFF, None)


async def test_what_was_being_read_before_does_not_undo_a_change(line: Line) -> None:
    state = await read(line)
    state.ask()
    with line.holding("/service"):
        older = asyncio.create_task(state.load())
        await asyncio.sleep(0.02)
        switching = asyncio.create_task(state.switch.confirm())
        await asyncio.sleep(0.02)
    await asyncio.gather(older, switching)
    assert status(state) == (OFF, None)
    assert not state.service.loading
