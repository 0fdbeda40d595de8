"""Simulated visitors who change the period again and again, many of them in one process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from random import Random
from typing import Any

from flet.messaging.protocol import MessageAction

from tests.bench.served import PERIODS, button_of, sign_in, text_of
from tests.harness.tree import Control
from tests.harness.wire import WireClient
from views.purchases.list_window import ListWindow
from views.purchases.state import PER_PAGE

AT_ONCE = 8
"""Visitors who sign in, or load all periods, at the same time."""
WINDOW = ListWindow(PER_PAGE).rows
"""Number of drawn rows of a period, for a client that reports no sizes."""
IN_TIME = 100.0
"""Milliseconds; goal of a switch among many visitors."""
LOST = 300.0
"""Seconds after which a list counts as missing."""

_PATCH = bytes([0, 0x92, MessageAction.PATCH_CONTROL.value])
"""First bytes of a message that draws: a msgpack frame, an array of two, its kind."""


class Person(WireClient):
    """Client that decodes drawn controls until `hurry`; then it only searches messages for texts."""

    def __init__(self, address: str, *, route: str = "/") -> None:
        super().__init__(address, route=route, deflate=True)
        self.period = 0
        self._bars: list[Control] = []
        self._awaited = b""
        self._came = asyncio.Event()
        self._came_at = 0.0

    def hurry(self) -> None:
        """Stop decoding messages that need no answer. The ids of the bars stay valid."""
        self._bars = [self.named(button_of(period))[0] for period in range(len(PERIODS))]

    async def switch(self, period: int) -> float:
        """Tap the bar of `period`; return the milliseconds until its last row on screen arrives."""
        self.period = period
        return await self.awaits(text_of(period, WINDOW - 1), self.fire(self._bars[period], "click"))

    async def awaits(self, text: str, done: Coroutine[Any, Any, None]) -> float:
        """Run `done`; return the milliseconds until a message with `text` arrives."""
        self._awaited = text.encode()
        self._came.clear()
        began = time.perf_counter()
        await done
        async with asyncio.timeout(LOST):
            await self._came.wait()
        return (self._came_at - began) * 1000

    async def _receive(self, frame: bytes) -> None:
        if self._awaited and self._awaited in frame:
            self._came_at, self._awaited = time.perf_counter(), b""
            self._came.set()
        if not self._bars or not frame.startswith(_PATCH):
            await super()._receive(frame)


async def arrive(person: Person) -> Person:
    """Sign in, and wait for the purchases."""
    await person.register()
    await sign_in(person)
    return person


async def arrive_all(people: Sequence[Person]) -> None:
    """Sign in all visitors, then let them `hurry`."""

    async def enter(person: Person) -> None:
        (await arrive(person)).hurry()

    await _everybody(people, enter)


async def look_around(people: Sequence[Person]) -> None:
    """Show each period once to each visitor, so that all lists are cached."""

    async def design(person: Person) -> None:
        for period in (*range(1, len(PERIODS)), 0):
            await person.switch(period)

    await _everybody(people, design)


async def _everybody(people: Sequence[Person], does: Callable[[Person], Awaitable[None]]) -> None:
    """Run `does` for all visitors, `AT_ONCE` at a time."""
    waiting = list(people)

    async def one_after_another() -> None:
        while waiting:
            await does(waiting.pop())

    async with asyncio.TaskGroup() as doing:
        for _ in range(AT_ONCE):
            doing.create_task(one_after_another())


async def switching(people: Sequence[Person], *, every: float, rounds: int, rng: Random) -> list[float]:
    """Let each visitor change the period `rounds` times, every `every` seconds; return the milliseconds.

    A late answer delays one tap, but not the schedule of the later taps.
    """
    loop = asyncio.get_running_loop()
    start = loop.time() + 1

    async def one(person: Person, first: float) -> list[float]:
        took = []
        for number in range(rounds):
            await asyncio.sleep(first + number * every - loop.time())
            others = [period for period in range(len(PERIODS)) if period != person.period]
            took.append(await person.switch(rng.choice(others)))
        return took

    found = await asyncio.gather(*(one(person, start + rng.random() * every) for person in people))
    return [milliseconds for took in found for milliseconds in took]
