"""Starts sandboxes by forking a process that has everything imported: a quarter of the time of a new one.

    python -m tests.nightly.endurance.forks

Reads the arguments of `python -m services.sandbox` as a line of JSON, and answers the number of the process;
again and again, until its input ends.
"""

from __future__ import annotations

import json
import os
import signal
import sys

from services.sandbox import SandboxSettings
from services.sandbox.__main__ import main

UNBOUNDED = SandboxSettings(opinions=1_000_000)
"""Writers send far more opinions than a reader."""


def fork(arguments: list[str]) -> int:
    """The number of a new process that serves the sandbox."""
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
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how they ended
    started: list[int] = []
    for line in sys.stdin:
        started.append(fork(json.loads(line)))
        sys.stdout.write(f"{started[-1]}\n")
        sys.stdout.flush()
