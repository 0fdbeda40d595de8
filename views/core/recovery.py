"""What could not be read is read again by itself once the backend answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, repeat
from math import ceil
from typing import Any, Final, cast

import flet as ft

from services.errors import BackendError, OutcomeUnknown, Unavailable, Unreachable
from views.core.resource import Part
from views.core.session import Gate, SessionState

PAUSES: Final = (2.0, 5.0, 10.0, 20.0, 30.0)
"""Seconds before each try; the last one again and again."""

Sleep = Callable[[float], Awaitable[None]]
_Read = Callable[[], Awaitable[None]]


@ft.observable
@dataclass(eq=False)
class Countdown:
    """Apart, so that each second draws nothing but itself again."""

    seconds: int = 0
    """Until the next try, when the backend itself asked to wait; else 0."""


@ft.observable
@dataclass(eq=False)
class RecoveryState:
    """Watches what is read for the session: when some of it fails, tries until all of it is fresh.

    One request tells whether the backend answers; only then is what failed read again. It runs from the first
    failure to the last, so not at all as long as nothing fails, nor after `close`.
    """

    session: SessionState
    sleep: Sleep = asyncio.sleep
    restored: int = 0
    """How many times the connection came back."""
    countdown: Countdown = field(default_factory=Countdown)
    _awake: asyncio.Event = field(default_factory=asyncio.Event)
    _hurry: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None
    _watched: tuple[Callable[[], None], ...] = ()

    def __post_init__(self) -> None:
        self._awake.set()
        self._changed = self._change  # held: what is watched holds its listeners weakly
        self._watch()

    def rest(self) -> None:
        """Nobody is looking: the client is away, or the app in the background."""
        self._awake.clear()

    def wake(self) -> None:
        """Somebody is looking again: try at once, unless the backend asked to wait."""
        self._awake.set()
        if not self._asked_to_wait():
            self._hurry.set()

    def close(self) -> None:
        """The page is closed."""
        for forget in self._watched:
            forget()
        self._watched = ()
        if self._task is not None:
            self._task.cancel()

    def _watch(self) -> None:
        for forget in self._watched:
            forget()
        self._watched = tuple(cast(Any, holder).subscribe(self._changed) for holder in self.session.holders)

    def _change(self, sender: object, _field: str | None) -> None:
        if sender is self.session:
            self._watch()  # it may stand on another contract, or on none
        if self._task is None and self._failures():
            self._task = asyncio.create_task(self._recover())
        elif self._task is not None and self._settled:
            self._hurry.set()

    def _parts(self) -> Iterator[Part]:
        """Everything that is read, and how it is read again."""
        return chain.from_iterable(holder.parts for holder in self.session.holders)

    def _failures(self) -> list[tuple[BackendError, _Read]]:
        """What failed because nobody answered, and how to make up for it."""
        if self.session.gate is not Gate.SIGNED_IN:
            return []
        return [
            (part.error, read)
            for part, read in self._parts()
            if isinstance(part.error, Unreachable | Unavailable | OutcomeUnknown) and not part.loading
        ]

    @property
    def _settled(self) -> bool:
        """Nothing failed, and nothing is being read that may."""
        return not self._failures() and not any(part.loading for part, _ in self._parts())

    def _asked_to_wait(self) -> int:
        """Seconds."""
        waits = [
            error.retry_after.total_seconds()
            for error, _ in self._failures()
            if isinstance(error, Unavailable) and error.retry_after is not None
        ]
        return ceil(max(waits, default=0))

    async def _recover(self) -> None:
        offline = False
        try:
            for pause in chain(PAUSES, repeat(PAUSES[-1])):
                offline = offline or any(isinstance(error, Unreachable) for error, _ in self._failures())
                await self._pause(pause)
                if await self._answers():
                    await asyncio.gather(*(read() for _, read in self._failures()))
                if self._settled:
                    break
        finally:
            self._task = None
        if offline and self.session.gate is Gate.SIGNED_IN:
            self.restored += 1

    async def _pause(self, seconds: float) -> None:
        """Rest for so long, or as long as the backend asked to; until somebody looks."""
        self._hurry.clear()
        left = self._asked_to_wait()
        try:
            for self.countdown.seconds in range(left, 0, -1):
                if not self._hurry.is_set():
                    await self._rest(1)
        finally:
            self.countdown.seconds = 0
        if not left:
            await self._rest(seconds)
        await self._awake.wait()

    async def _rest(self, seconds: float) -> None:
        """Until the time is up or there is a reason to hurry."""
        sleeping = asyncio.ensure_future(self.sleep(seconds))
        hurrying = asyncio.ensure_future(self._hurry.wait())
        try:
            await asyncio.wait((sleeping, hurrying), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            hurrying.cancel()

    async def _answers(self) -> bool:
        """Whether the backend can be asked again, by one request for all there is to read."""
        if not self._failures():
            return False
        try:
            await self.session.backend.account()
        except BackendError:
            return False
        return True
