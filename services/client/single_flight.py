"""Single flight: one task shared by all callers that ask for the same at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, TypeVar

from services.domain.errors import SessionExpired

T = TypeVar("T")


class SingleFlight:
    """Runs each piece of work once for all its callers.

    A cancelled caller does not cancel the work: it continues to its end.
    """

    def __init__(self) -> None:
        self._tasks: dict[Hashable, asyncio.Task[Any]] = {}

    async def run(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return the result of the work in flight for `key`; start it if there is none.

        Raises:
            SessionExpired: `cancel` has stopped the work, because its account has signed out.
        """
        task = self._tasks.get(key)
        if task is None or task.done():  # finished, and about to be removed
            task = asyncio.create_task(work())
            self._tasks[key] = task
            task.add_done_callback(self._forget)
        try:
            result: T = await asyncio.shield(task)
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if task.cancelled() and caller is not None and not caller.cancelling():
                raise SessionExpired("signed out meanwhile") from None
            raise
        return result

    def cancel(self) -> None:
        """Stop all work in flight; its callers get `SessionExpired`."""
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()

    def invalidate(self) -> None:
        """Make later calls start new work; the work in flight continues for its callers."""
        self._tasks = {object(): task for task in self._tasks.values()}

    async def settled(self) -> None:
        """Wait until the work in flight has ended, whatever its outcome."""
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _forget(self, done: asyncio.Task[Any]) -> None:
        self._tasks = {key: task for key, task in self._tasks.items() if task is not done}
        if not done.cancelled():
            done.exception()  # all callers may have left: not an error to log
