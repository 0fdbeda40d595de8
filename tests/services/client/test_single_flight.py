"""Sharing of one task among concurrent callers."""

from __future__ import annotations

import asyncio

import pytest

from services.client.single_flight import SingleFlight
from services.domain.errors import Unreachable


async def fail() -> int:
    raise Unreachable("no network")


async def succeed() -> int:
    return 1


async def test_single_flight_does_not_join_a_finished_task() -> None:
    flight = SingleFlight()
    first = asyncio.create_task(flight.run("key", fail))
    while not any(task.done() for task in flight._tasks.values()):  # noqa: ASYNC110
        await asyncio.sleep(0)
    assert await flight.run("key", succeed) == 1
    with pytest.raises(Unreachable):
        await first
    assert flight._tasks == {}
