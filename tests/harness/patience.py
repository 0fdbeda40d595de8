"""Deadlines that scale with the load of the machine."""

from __future__ import annotations

import os

LONGEST = 6.0
"""Factor by which a deadline grows at most."""


def stretched(seconds: float) -> float:
    """Return `seconds` on a quiet machine, and longer while more processes want to run than it has cores."""
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    return seconds * min(max(load / cores, 1.0), LONGEST)
