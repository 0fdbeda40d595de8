"""Step-up in the management screens: after the password, the confirmed change continues once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from services.domain.errors import Unreachable
from services.domain.models import SubscriptionStatus
from services.sandbox import SandboxSettings
from tests.harness.clock import Clock
from tests.views.conftest import PASSWORD, Line, Serve, sign_in, typed
from tests.views.factories import ABONNE, WEEKLY, subscribed
from views.subscriptions.state import SubscriptionsState

QUICK = SandboxSettings(scrypt_log2_cost=4)


@pytest.fixture
def line(serve: Serve) -> Line:
    return serve(subscribed())


async def asked(line: Line, clock: Clock) -> SubscriptionsState:
    """Confirm a termination 11 minutes after the sign-in, so that step-up is required."""
    backend = line.backend()
    await sign_in(backend, ABONNE)
    clock.advance(minutes=11)
    state = SubscriptionsState(backend, (await backend.account()).value.contracts[0])
    await state.load()
    weekly = state.find(WEEKLY)
    assert weekly is not None
    line.asked.clear()
    state.ending.ask(weekly)
    await state.ending.confirm()
    return state


def terminations(line: Line) -> int:
    return sum(address.endswith("/termination") for address in line.asked)


async def test_step_up_with_the_right_password_completes_the_termination(line: Line, clock: Clock) -> None:
    state = await asked(line, clock)
    state.proof.type(typed(PASSWORD))
    await state.ending.confirm()
    assert state.termination.receipt is not None
    assert state.termination.receipt.status is SubscriptionStatus.TERMINATED
    assert state.termination.asked is None
    assert not state.proof.wanted
    assert state.proof.password == ""
    assert terminations(line) == 2, "refused, then done"


async def test_step_up_cancelled_sends_nothing_and_forgets_the_password(line: Line, clock: Clock) -> None:
    state = await asked(line, clock)
    state.proof.type(typed(PASSWORD))
    state.ending.dismiss()
    assert state.termination.asked is None
    assert not state.proof.wanted
    assert state.proof.password == ""
    await state.ending.confirm()
    assert terminations(line) == 1


async def test_step_up_retried_after_an_hour_completes_the_termination(line: Line, clock: Clock) -> None:
    state = await asked(line, clock)
    state.proof.type(typed("wrong"))
    await state.ending.confirm()
    clock.advance(hours=1)
    state.proof.type(typed(PASSWORD))
    await state.ending.confirm()
    assert state.termination.receipt is not None


async def test_step_up_offline_keeps_the_password_and_can_be_retried(line: Line, clock: Clock) -> None:
    state = await asked(line, clock)
    state.proof.type(typed(PASSWORD))
    line.down = True
    await state.ending.confirm()
    assert isinstance(state.proof.error, Unreachable)
    assert state.termination.asked is not None
    assert state.proof.password == PASSWORD, "not to be typed again"
    line.down = False
    await state.ending.confirm()
    assert state.termination.receipt is not None


async def test_step_up_stops_when_the_backend_keeps_refusing(serve: Serve, clock: Clock) -> None:
    line = serve(subscribed(), settings=replace(QUICK, step_up_time=timedelta(seconds=-1)))
    state = await asked(line, clock)
    state.proof.type(typed(PASSWORD))
    await state.ending.confirm()
    assert state.proof.wanted
    assert state.proof.password == ""
    assert terminations(line) == 2


async def test_step_up_password_is_not_in_the_repr(line: Line, clock: Clock) -> None:
    state = await asked(line, clock)
    state.proof.type(typed(PASSWORD))
    assert PASSWORD not in repr(state)
    assert PASSWORD not in repr(state.proof)
