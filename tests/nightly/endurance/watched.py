"""The web app as `main.py` serves it, which tells what it holds: a line of JSON on its output for a signal.

    python -m tests.nightly.endurance.watched --port 8550

SIGUSR1 asks for its tasks, SIGUSR2 for everything, after a collection of garbage. The product has nothing of
this: it is the same process with two more signal handlers, a task that looks how long the event loop stands
still, and a look for sessions whose time is over every half second instead of every five.
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
"""Of these classes, by name, the living objects are counted."""

BEAT = 0.005
"""Seconds between two looks at the event loop."""


def tasks() -> dict[str, int]:
    """Return the running tasks by the name of their coroutine, and how many sessions are connected."""
    try:
        running = asyncio.all_tasks()
    except RuntimeError:  # between two turns of the event loop
        running = set()
    names = Counter(getattr(task.get_coro(), "__qualname__", "") for task in running)
    connected = sum(page.session.connection is not None for page in live_pages())
    return {**names, CONNECTED: connected}


class Heart:
    """Beats on the event loop: what comes late tells how long the loop did nothing else."""

    longest = 0.0
    """Seconds the loop stood still, at most, since `forget`."""
    _beats = False

    def start(self) -> None:
        """Begin to beat, once, on the running loop."""
        if not self._beats:
            self._beats = True
            self._beating = asyncio.create_task(self._beat())

    def forget(self) -> None:
        """Begin anew; the beat under way does not count."""
        self.longest, self._awake = 0.0, False

    async def _beat(self) -> None:
        while True:
            self._awake, due = True, time.perf_counter() + BEAT
            await asyncio.sleep(BEAT)
            if self._awake:
                self.longest = max(self.longest, time.perf_counter() - due)


heart = Heart()


def everything() -> dict[str, object]:
    """`tasks`, `rss` (bytes), `fds`, `threads`, `objects` (of `KINDS`, by class), `stall`: the longest the
    event loop stood still since this was asked last (seconds).
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
        "fds": len(os.listdir("/proc/self/fd")),  # noqa: PTH208 - only how many
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
