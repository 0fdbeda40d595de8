"""A file on its way out of the app: made, then handed over to the platform."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import flet as ft

from services.errors import BackendError
from views.core.loadable import failures_to


@dataclass(frozen=True)
class File:
    """A file that was made, whole."""

    name: str
    content: bytes
    media_type: str


Told = Callable[[float], None]
"""Hears how far the making is, from 0 to 1."""
Make = Callable[[Told], Awaitable[File]]
HandOver = Callable[[File], Awaitable[bool]]
"""Gives a file to the platform; False when the user thought better of it. `OSError` when it is not taken."""


@ft.observable
@dataclass(eq=False)
class SharingState:
    """One file at a time."""

    progress: float | None = None
    """How far it is, from 0 to 1; None when nothing is under way."""
    error: BackendError | None = None
    """Why it could not be read."""
    refused: bool = False
    """The platform did not take it."""
    delivered: int = 0
    """How many files were handed over."""
    _asked: tuple[Make, HandOver] | None = None
    _task: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        return self.progress is not None

    async def share(self, make: Make, hand_over: HandOver) -> None:
        """Make a file and hand it over; a second tap meanwhile changes nothing."""
        if self.busy:
            return
        self._asked = make, hand_over
        self.progress, self.error, self.refused = 0.0, None, False
        self._task = asyncio.create_task(self._share(make, hand_over))
        await asyncio.wait([self._task])
        self._task, self.progress = None, None

    async def again(self) -> None:
        """Try once more what failed."""
        if self._asked is not None:
            await self.share(*self._asked)

    def cancel(self) -> None:
        """Let go of the file under way: nothing is handed over."""
        if self._task is not None:
            self._task.cancel()

    async def _share(self, make: Make, hand_over: HandOver) -> None:
        def fail(error: BackendError) -> None:
            self.error = error

        with failures_to(fail):
            try:
                if await hand_over(await make(self._hear)):
                    self.delivered += 1
            except OSError:
                self.refused = True

    def _hear(self, progress: float) -> None:
        if self.progress is not None:
            self.progress = progress
