"""Local ports for the servers of the tests."""

from __future__ import annotations

import os
import random
import socket

_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_FIRST = 20_000 + 1_000 * (_WORKER % 10)
PORTS = range(_FIRST, _FIRST + 1_000)
"""Port range of this test worker, below the ephemeral ports.

A free port found in it cannot be taken by another worker or an outgoing connection."""


def listens(port: int) -> bool:
    """Return whether a server listens on the port."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def free_port() -> int:
    """Return a port without a listener."""
    for port in random.sample(PORTS, 50):
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue
    raise AssertionError(f"50 ports of {PORTS} are in use")
