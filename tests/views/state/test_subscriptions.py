"""State of the subscriptions of a contract: past ones, charges, termination."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from services.domain.models import Subscription, SubscriptionStatus
from services.sandbox import Subscriber
from tests.harness.clock import Clock
from tests.views.conftest import Line, Serve, first_contract
from tests.views.factories import ELSEWHERE, ENDING, MONTHLY, PAST, WEEKLY, subscribed
from views.subscriptions.state import SubscriptionsState

PERIODS = ("2026-06", "2026-05", "2026-04", "2026-03", "2026-02", "2026-01")


async def state_of(line: Line) -> SubscriptionsState:
    """Return the unread subscriptions of the first contract."""
    return SubscriptionsState(*await first_contract(line))


async def read(line: Line) -> SubscriptionsState:
    state = await state_of(line)
    await state.load()
    return state


def one(state: SubscriptionsState, subscription_id: str) -> Subscription:
    found = state.find(subscription_id)
    assert found is not None
    return found


def names(subscriptions: tuple[Subscription, ...]) -> list[str]:
    return [each.subscription_id for each in subscriptions]


@pytest.fixture
def person() -> Subscriber:
    return subscribed()


@pytest.fixture
def line(serve: Serve, person: Subscriber) -> Line:
    return serve(person)


async def test_subscription_is_past_after_its_last_paid_day(line: Line, clock: Clock) -> None:
    state = await read(line)
    assert names(state.current) == [WEEKLY, MONTHLY, ELSEWHERE, ENDING]
    assert names(state.past) == [PAST]
    clock.now = datetime(2026, 5, 14, 21, 59, 59, tzinfo=UTC)  # the last second of the 14th in Paris
    await state.load()
    assert ENDING in names(state.current)
    clock.advance(seconds=1)
    assert ENDING in names(state.current), "the backend's clock counts, not this device's"
    await state.load()
    assert names(state.past) == [ENDING, PAST]


async def test_subscription_load_in_flight_does_not_undo_a_termination(line: Line) -> None:
    state = await read(line)
    state.ending.ask(one(state, WEEKLY))
    with line.holding("/subscriptions") as held:
        older = asyncio.create_task(state.load())
        await held.answered()
        ending = asyncio.create_task(state.ending.confirm())
        await held.answered()
    await asyncio.gather(older, ending)
    assert one(state, WEEKLY).status is SubscriptionStatus.TERMINATED


async def test_charges_of_a_period_with_several_pages_are_all_read(serve: Serve) -> None:
    state = await read(serve(subscribed(crowded=130)))
    await state.load_charges(WEEKLY, PERIODS)
    assert state.charges.data is not None
    assert len(state.charges.data) == 154
    assert len({charge.payment_id for charge in state.charges.data}) == 154


async def test_charges_of_a_previous_subscription_are_dropped(line: Line) -> None:
    state = await read(line)
    with line.holding("periodId=2026-01"):
        slow = asyncio.create_task(state.load_charges(WEEKLY, PERIODS))
        await asyncio.wait([slow], timeout=0.05)
        other = asyncio.create_task(state.load_charges(MONTHLY, PERIODS))
        await asyncio.wait([other], timeout=0.05)
    await asyncio.gather(slow, other)
    assert state.charges.data == (), "it was never charged"
