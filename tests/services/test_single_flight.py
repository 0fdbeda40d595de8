"""Work shared by all who ask for it at the same moment."""

from __future__ import annotations

import asyncio

import pytest

from services.errors import Unreachable
from services.single_flight import SingleFlight


async def fail() -> int:
    raise Unreachable("no network")


async def succeed() -> int:
    return 1


async def test_work_that_is_over_but_not_yet_forgotten_is_not_joined() -> None:
    flight = SingleFlight()
    first = asyncio.create_task(flight.run("key", fail))
    while not any(task.done() for task in flight._tasks.values()):  # noqa: ASYNC110
        await asyncio.sleep(0)
    assert await flight.run("key", succeed) == 1
    with pytest.raises(Unreachable):
        await first
    assert flight._tasks == {}
