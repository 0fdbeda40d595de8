"""One task for all who ask for the same thing at the same moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, TypeVar

from services.errors import SessionExpired

T = TypeVar("T")


class SingleFlight:
    """Runs each piece of work once, however many callers wait for it.

    A caller that is cancelled leaves alone: the work goes on for the others, and to its end.
    """

    def __init__(self) -> None:
        self._tasks: dict[Hashable, asyncio.Task[Any]] = {}

    async def run(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The result of the work under way for `key`, started if there is none.

        Raises:
            SessionExpired: the work was stopped by `cancel`, because the account it was for is gone.
        """
        task = self._tasks.get(key)
        if task is None or task.done():  # over, and about to be forgotten
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
        """Stop all work under way; those who wait for it get `SessionExpired`."""
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()

    def outdate(self) -> None:
        """What is asked from now on is asked anew; what is under way goes on for those who wait."""
        self._tasks = {object(): task for task in self._tasks.values()}

    async def settled(self) -> None:
        """Wait until the work under way is over, whatever its outcome."""
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _forget(self, done: asyncio.Task[Any]) -> None:
        self._tasks = {key: task for key, task in self._tasks.items() if task is not done}
        if not done.cancelled():
            done.exception()  # looked at: those it was for may have left, which is no error to log
