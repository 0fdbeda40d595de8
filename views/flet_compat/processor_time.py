"""Processor time that Flet spends on one session.

Flet 1.0.5 runs every event that a client sends, at once. This module measures the cost of a session, so that
its connection can be read more slowly (`views/web/limits.py`).
Remove when: Flet bounds the time of a session.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

from flet.messaging.session import Session


class ProcessorTime:
    """Seconds of this thread spent on a session's events and drawing."""

    def __init__(self, session: Session) -> None:
        self.spent = 0.0
        held: Any = session
        held.dispatch_event = self._measured(held.dispatch_event)
        held._Session__updates_scheduler = self._measured(held._Session__updates_scheduler)

    def _measured(self, function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def measured(*arguments: Any) -> Any:
            return await _Timed(function(*arguments), self)

        return measured


class _Timed(Generator[Any, Any, Any]):
    """Awaitable that times its own steps, without the waits between them."""

    def __init__(self, awaitable: Awaitable[Any], total: ProcessorTime) -> None:
        self._steps: Any = awaitable.__await__()
        self._total = total

    def __await__(self) -> Generator[Any, Any, Any]:
        return self

    def send(self, value: Any) -> Any:
        with self._timed():
            return self._steps.send(value)

    def throw(self, *error: Any) -> Any:
        with self._timed():
            return self._steps.throw(*error)

    @contextmanager
    def _timed(self) -> Iterator[None]:
        began = time.thread_time()
        try:
            yield
        finally:
            self._total.spent += time.thread_time() - began
