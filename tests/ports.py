"""Ports of this machine for the servers that the tests start."""

from __future__ import annotations

import os
import random
import socket

_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_FIRST = 20_000 + 1_000 * (_WORKER % 10)
PORTS = range(_FIRST, _FIRST + 1_000)
"""Outside what systems give to outgoing connections, and each worker's own: between looking for a port and
listening on it, nobody else takes it."""


def listens(port: int) -> bool:
    """Whether somebody does, on that port."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def free_port() -> int:
    """A port nobody listens on."""
    for port in random.sample(PORTS, 50):
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue
    raise AssertionError(f"50 ports of {PORTS} are in use")
