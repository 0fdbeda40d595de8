"""The web app as `main.py` serves it, which tells on SIGUSR1 what it holds: a line of JSON on its output.

    python -m tests.endurance.watched --port 8550

The product has nothing of this: it is the same process with one more signal handler.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import sys
import threading
from collections import Counter
from pathlib import Path
from types import FrameType

import main

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


def holdings() -> dict[str, object]:
    """What this process holds, after two collections of garbage.

    Keys: `rss` (bytes), `fds`, `threads`, `tasks` (by the name of their coroutine), `objects` (of `KINDS`).
    """
    gc.collect()
    gc.collect()
    kinds = Counter(type(one).__name__ for one in gc.get_objects())
    try:
        tasks = asyncio.all_tasks()
    except RuntimeError:  # between two turns of the event loop
        tasks = set()
    return {
        "rss": int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE"),
        "fds": len(os.listdir("/proc/self/fd")),  # noqa: PTH208 - only how many
        "threads": threading.active_count(),
        "tasks": Counter(getattr(task.get_coro(), "__qualname__", "") for task in tasks),
        "objects": {kind: kinds[kind] for kind in KINDS},
    }


def tell(_signal: int, _frame: FrameType | None) -> None:
    sys.stdout.write(json.dumps(holdings()) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, tell)
    main.main(sys.argv[1:])
