"""Program that starts sandboxes by forking a process with all imports, in a quarter of the usual time.

    python -m tests.nightly.endurance.forks

It reads the arguments of `python -m services.sandbox` as lines of JSON, until its input ends. Each answer is
the id of the new process.
"""

from __future__ import annotations

import json
import os
import signal
import sys

from services.sandbox import SandboxSettings
from services.sandbox.__main__ import main

UNBOUNDED = SandboxSettings(opinions=1_000_000)
"""Writers send far more feedback than a reader."""


def fork(arguments: list[str]) -> int:
    """Fork a process that serves the sandbox; return its id."""
    process = os.fork()
    if process:
        return process
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    try:
        main(arguments, settings=UNBOUNDED)
    finally:
        os._exit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no process reads their exit codes
    started: list[int] = []
    for line in sys.stdin:
        started.append(fork(json.loads(line)))
        sys.stdout.write(f"{started[-1]}\n")
        sys.stdout.flush()
