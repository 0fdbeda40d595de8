"""Web app of `main.py` that reports its memory and tasks on a signal, as a line of JSON.

    python -m tests.nightly.endurance.watched --port 8550

SIGUSR1 asks for the tasks, SIGUSR2 for everything, after a garbage collection. The product has none of this.
The program adds two signal handlers, and a task that measures the blocks of the event loop. It also looks for
expired sessions every half second instead of every five.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from types import FrameType

import main
from tests.nightly.endurance.processes import CONNECTED
from views.flet_compat.sessions import live_pages
from views.web import sessions

KINDS = (
    "Session",
    "Page",
    "FletApp",
    "Component",
    "Backend",
    "AsyncClient",
    "SessionState",
    "PurchasesState",
)
"""Classes whose live objects are counted, by name."""

BEAT = 0.005
"""Seconds between two beats."""


def tasks() -> dict[str, int]:
    """Return the number of running tasks by coroutine, and of connected sessions."""
    try:
        running = asyncio.all_tasks()
    except RuntimeError:  # outside of a callback of the event loop
        running = set()
    names = Counter(getattr(task.get_coro(), "__qualname__", "") for task in running)
    connected = sum(page.session.connection is not None for page in live_pages())
    return {**names, CONNECTED: connected}


class Heart:
    """Periodic task on the event loop: the delay of a beat shows how long the loop was blocked."""

    longest = 0.0
    """Longest block of the loop since `forget`, in seconds."""
    _beats = False

    def start(self) -> None:
        """Start the task on the running loop, once."""
        if not self._beats:
            self._beats = True
            self._beating = asyncio.create_task(self._beat())

    def forget(self) -> None:
        """Reset `longest`; the current beat does not count."""
        self.longest, self._awake = 0.0, False

    async def _beat(self) -> None:
        while True:
            self._awake, due = True, time.perf_counter() + BEAT
            await asyncio.sleep(BEAT)
            if self._awake:
                self.longest = max(self.longest, time.perf_counter() - due)


heart = Heart()


def everything() -> dict[str, object]:
    """Return `tasks`, `rss` (bytes), `fds`, `threads`, `objects` (of `KINDS`, by class) and `stall`.

    `stall` is the longest block of the event loop since the last report, in seconds.
    """
    stall = heart.longest
    gc.collect()
    gc.collect()
    heart.forget()
    kinds = Counter(type(one).__name__ for one in gc.get_objects())
    return {
        "stall": stall,
        "tasks": tasks(),
        "rss": int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE"),
        "fds": len(os.listdir("/proc/self/fd")),  # noqa: PTH208 - only their number
        "threads": threading.active_count(),
        "objects": {kind: kinds[kind] for kind in KINDS},
    }


def tell(asked: int, _frame: FrameType | None) -> None:
    told = everything() if asked == signal.SIGUSR2 else {"tasks": tasks()}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sessions.LOOKS_EVERY = 0.5
    collect = sessions.SessionEndpoint.collect_ended_sessions

    async def watched(endpoint: sessions.SessionEndpoint) -> None:
        heart.start()
        await collect(endpoint)

    setattr(sessions.SessionEndpoint, collect.__name__, watched)
    for asked in (signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(asked, tell)
    main.main(sys.argv[1:])
