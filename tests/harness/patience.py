"""Deadlines that scale with the load of the machine."""

from __future__ import annotations

import os
from pathlib import Path

LONGEST = 6.0
"""Factor by which a deadline grows at most."""
_LOAD = Path("/proc/loadavg")


def stretched(seconds: float) -> float:
    """Return `seconds` on a quiet machine, and longer while more processes want to run than it has cores."""
    return seconds * min(max(_wanting() / (os.cpu_count() or 1), 1.0), LONGEST)


def _wanting() -> float:
    """Return how many processes want to run: the mean of a minute, or the number now if it is higher."""
    now = _LOAD.read_text("ascii").split()[3].partition("/")[0] if _LOAD.exists() else "0"
    return max(os.getloadavg()[0], float(now))
