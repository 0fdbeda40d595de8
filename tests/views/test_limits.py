"""Message and processor budgets of a visitor, with a settable clock."""

from __future__ import annotations

import pytest

from views.flet_compat.processor_time import ProcessorTime
from views.web.limits import Budget, OverBudget, TokenBucket


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_token_bucket_allows_its_burst_then_its_rate() -> None:
    clock = Clock()
    bucket = TokenBucket(rate=2, burst=10, clock=clock)
    assert [bucket.take(5) for _ in range(3)] == [True, True, False]
    clock.now += 2.5  # pays the debt
    assert bucket.take(0)
    clock.now += 100
    assert bucket.take(10)
    assert not bucket.take(1)


def test_budget_refuses_messages_over_the_burst() -> None:
    budget = Budget(lambda: 0.0, Clock())
    for _ in range(1200):
        budget.charge(10)
    with pytest.raises(OverBudget):
        budget.charge(10)


def test_budget_refuses_bytes_over_the_burst() -> None:
    budget = Budget(lambda: 0.0, Clock())
    for _ in range(16):
        budget.charge(64 * 1024)
    with pytest.raises(OverBudget):
        budget.charge(1)


def test_budget_accepts_fast_typing() -> None:
    clock = Clock()
    budget = Budget(lambda: 0.0, clock)
    for _ in range(10_000):
        for _ in range(3):
            budget.charge(100)
        clock.now += 0.02


def test_budget_is_in_debt_until_its_processor_time_is_paid() -> None:
    clock, spent = Clock(), 5.0
    budget = Budget(lambda: spent, clock)
    spent += 0.1
    assert not budget.in_debt()
    spent += 0.3
    assert budget.in_debt()
    clock.now += 0.9
    assert budget.in_debt()
    clock.now += 0.2
    assert not budget.in_debt()


class Session:
    """Fake of Flet's session: event dispatch and update scheduler."""

    async def dispatch_event(self, number: int) -> int:
        return sum(range(number))

    async def _Session__updates_scheduler(self) -> None:
        raise ValueError("drawing failed")


async def test_processor_time_counts_events_and_rendering_of_a_session() -> None:
    session = Session()
    cost = ProcessorTime(session)  # type: ignore[arg-type]
    assert cost.spent == 0
    assert await session.dispatch_event(1_000_000) == 499_999_500_000
    events = cost.spent
    assert events > 0
    with pytest.raises(ValueError, match="drawing"):
        await session._Session__updates_scheduler()
    assert cost.spent > events
