"""File export: the file is built, then passed to the platform."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import flet as ft

from services.client.whole_periods import ProgressCallback
from services.domain.errors import BackendError
from views.core.loadable import failures_to


@dataclass(frozen=True)
class File:
    """Complete file, ready to export."""

    name: str
    content: bytes
    media_type: str


FileFactory = Callable[[ProgressCallback], Awaitable[File]]
FileSink = Callable[[File], Awaitable[bool]]
"""Function that passes a file to the platform.

The function returns False if the user cancels, and raises `OSError` if the platform refuses the file.
"""


@ft.observable
@dataclass(eq=False)
class SharingState:
    """State of a file export; one export runs at a time."""

    progress: float | None = None
    """Progress from 0 to 1; None if no export is running."""
    error: BackendError | None = None
    """Error of the read that the export needs."""
    refused: bool = False
    """The platform refused the file."""
    delivered: int = 0
    """Number of exported files."""
    _asked: tuple[FileFactory, FileSink] | None = None
    _task: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        return self.progress is not None

    async def share(self, make: FileFactory, hand_over: FileSink) -> None:
        """Build a file and pass it to the platform; a second tap during an export has no effect."""
        if self.busy:
            return
        self._asked = make, hand_over
        self.progress, self.error, self.refused = 0.0, None, False
        self._task = asyncio.create_task(self._share(make, hand_over))
        await asyncio.wait([self._task])
        self._task, self.progress = None, None

    async def again(self) -> None:
        """Retry the last export."""
        if self._asked is not None:
            await self.share(*self._asked)

    def cancel(self) -> None:
        """Cancel the running export before its file reaches the platform."""
        if self._task is not None:
            self._task.cancel()

    async def _share(self, make: FileFactory, hand_over: FileSink) -> None:
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
