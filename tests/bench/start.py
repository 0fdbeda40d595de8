"""Time from the command to the served page, beside Flet's counter as Flet serves it."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

from tests.bench.figures import Row, interleaved
from tests.harness.ports import free_port
from tests.harness.processes import ROOT, STARTED

TITLE = "2. Starting"
ROUNDS = 15


def run() -> Iterator[Row]:
    """Measure the app with its demo, and with another backend."""
    commands = (["main.py", "--web"], ["main.py", "--backend", "http://127.0.0.1:9"])
    samples = interleaved(
        *(lambda command=command: _served(command) for command in commands),
        lambda: _served(["-m", "tests.bench.bare_counter"]),
        rounds=ROUNDS,
    )
    for name, taken in zip(("demonstration", "another backend"), samples, strict=False):
        yield Row(
            name=f"`python main.py --web` to a served page, {name}",
            unit="ms",
            samples=taken,
            baseline="bare Flet's counter",
            baseline_samples=samples[-1],
            at_most_times=1.3,
        )


def _served(command: list[str]) -> float:
    """Return the milliseconds until the page is read in full."""
    port = free_port()
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *command, "--port", str(port)], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                assert process.poll() is None, command
                assert time.perf_counter() < began + STARTED, command
                time.sleep(0.005)
            else:
                break
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=STARTED) as page:
            assert b"flutter_bootstrap.js" in page.read()
        return (time.perf_counter() - began) * 1000
    finally:
        process.kill()
        process.wait()
