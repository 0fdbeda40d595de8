"""State of the service of a contract: confirmed switching, once per confirmation."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from services.domain.errors import Changed, NotDone, OutcomeUnknown
from services.domain.models import ServiceStatus
from services.sandbox import SandboxSettings
from tests.harness.clock import Clock
from tests.views.conftest import PASSWORD, Line, Serve, first_contract, typed
from tests.views.factories import subscribed
from views.service.state import ServiceState

LATER = SandboxSettings(scrypt_log2_cost=4, suspension_delay=timedelta(minutes=2))
ON, OFF = ServiceStatus.ACTIVE, ServiceStatus.SUSPENDED


async def state_of(line: Line) -> ServiceState:
    """Return the unread service of the first contract in a new session."""
    return ServiceState(*await first_contract(line))


async def read(line: Line) -> ServiceState:
    state = await state_of(line)
    await state.load()
    return state


def status(state: ServiceState) -> tuple[ServiceStatus, ServiceStatus | None]:
    assert state.service.data is not None
    return state.service.data.status, state.service.data.pending_status


@pytest.fixture
def line(serve: Serve) -> Line:
    return serve(subscribed())


@pytest.fixture
def slow_line(serve: Serve) -> Line:
    """Return a line on which a change takes two minutes."""
    return serve(subscribed(), settings=LATER)


async def test_service_switch_with_stale_data_changes_nothing_and_reloads(serve: Serve, clock: Clock) -> None:
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


async def test_service_switch_of_unknown_outcome_is_resolved_by_the_next_load(line: Line) -> None:
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


async def test_service_switch_that_never_arrived_is_reported_by_the_next_load(line: Line) -> None:
    state = await read(line)
    state.ask()
    line.swallowed = "/service"
    await state.switch.confirm()
    assert isinstance(state.switching.failure, OutcomeUnknown)
    line.down, line.swallowed = False, None
    await state.load()
    assert isinstance(state.switching.failure, NotDone)
    assert (state.switching.receipt, status(state)) == (None, (ON, None))


async def test_service_switch_with_a_lost_answer_is_shown_as_pending(slow_line: Line) -> None:
    state = await read(slow_line)
    state.ask()
    slow_line.lost = "/service"
    await state.switch.confirm()
    slow_line.down, slow_line.lost = False, None
    await state.load()
    assert (state.switching.failure, state.switching.receipt) == (None, None)
    assert status(state) == (ON, OFF)


async def test_service_load_in_flight_does_not_undo_a_switch(line: Line) -> None:
    state = await read(line)
    state.ask()
    with line.holding("/service") as held:
        older = asyncio.create_task(state.load())
        await held.answered()
        switching = asyncio.create_task(state.switch.confirm())
        await held.answered()
    await asyncio.gather(older, switching)
    assert status(state) == (OFF, None)
    assert not state.service.loading
