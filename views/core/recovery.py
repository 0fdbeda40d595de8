"""Automatic retries: failed reads run again once the backend answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, repeat
from math import ceil
from typing import Any, Final, cast

import flet as ft

from services.domain.errors import BackendError, OutcomeUnknown, Unavailable, Unreachable
from views.core.resource import Part
from views.core.session import Gate, SessionState

PAUSES: Final = (2.0, 5.0, 10.0, 20.0, 30.0)
"""Seconds before each retry; the last value repeats."""

Sleep = Callable[[float], Awaitable[None]]
_Read = Callable[[], Awaitable[None]]


@ft.observable
@dataclass(eq=False)
class Countdown:
    """Seconds until the next retry, in a class of their own so that a tick redraws only the countdown."""

    seconds: int = 0
    """Seconds until the next retry if the backend asked the app to wait; else 0."""


@ft.observable
@dataclass(eq=False)
class RecoveryState:
    """Watcher of the session's remote data: after a failure, it retries until all data is fresh.

    Each try first sends one request, and repeats the failed reads only if the backend answers. The retry task
    starts at the first failure and ends when all data is fresh, or at `close`.
    """

    session: SessionState
    sleep: Sleep = asyncio.sleep
    restored: int = 0
    """Number of times the connection came back."""
    countdown: Countdown = field(default_factory=Countdown)
    _awake: asyncio.Event = field(default_factory=asyncio.Event)
    _hurry: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None
    _watched: tuple[Callable[[], None], ...] = ()

    def __post_init__(self) -> None:
        self._awake.set()
        self._changed = self._change  # a strong reference: observables hold their listeners weakly
        self._watch()

    def rest(self) -> None:
        """Suspend retries: the client is disconnected, or the app is in the background."""
        self._awake.clear()

    def wake(self) -> None:
        """Resume retries, the first at once, unless the backend asked the app to wait."""
        self._awake.set()
        if not self._asked_to_wait():
            self._hurry.set()

    def close(self) -> None:
        """Stop watching and retrying: the page is closed."""
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
            self._watch()  # the selected contract may have changed
        if self._task is None and self._failures():
            self._task = asyncio.create_task(self._recover())
        elif self._task is not None and self._settled:
            self._hurry.set()

    def _parts(self) -> Iterator[Part]:
        """Return all remote data of the session, each with the function that reloads it."""
        return chain.from_iterable(holder.parts for holder in self.session.holders)

    def _failures(self) -> list[tuple[BackendError, _Read]]:
        """Return the failures without a definite answer, each with the function that reloads the data."""
        if self.session.gate is not Gate.SIGNED_IN:
            return []
        return [
            (part.error, read)
            for part, read in self._parts()
            if isinstance(part.error, Unreachable | Unavailable | OutcomeUnknown) and not part.loading
        ]

    @property
    def _settled(self) -> bool:
        """Whether no read has failed and no read is in flight."""
        return not self._failures() and not any(part.loading for part, _ in self._parts())

    def _asked_to_wait(self) -> int:
        """Return the seconds the backend asked the app to wait; 0 if none."""
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
        """Wait for `seconds` or the time the backend asked for, then until retries are not suspended."""
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
        """Wait for `seconds`, or until `_hurry` is set."""
        sleeping = asyncio.ensure_future(self.sleep(seconds))
        hurrying = asyncio.ensure_future(self._hurry.wait())
        try:
            await asyncio.wait((sleeping, hurrying), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            hurrying.cancel()

    async def _answers(self) -> bool:
        """Return whether the backend answers a single request; False if no read has failed."""
        if not self._failures():
            return False
        try:
            await self.session.backend.account()
        except BackendError:
            return False
        return True
