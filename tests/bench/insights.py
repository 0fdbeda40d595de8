"""Questions about a ledger of 10,000 entries."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from services.insights.reconcile import MOST_CANDIDATES, reconcile
from tests.bench.figures import Row, interleaved
from tests.services.insights.factories import entry, ledger, moment

TITLE = "9. A printed bill"
ENTRIES, ROUNDS = 10_000, 20
PERIOD = "2026-05"


def run() -> Iterator[Row]:
    """Explaining a difference that nothing explains: every combination is tried."""
    first = date(2026, 2, 26)
    known = ledger(
        entry(f"e{n:05}", moment(first + timedelta(days=n % 75), n % 24, n % 60), f"{n % 40}.{n % 97:02}")
        for n in range(ENTRIES)
    )

    def explain() -> float:
        began = time.perf_counter()
        found = reconcile(known, PERIOD, Decimal("9999999.01"))
        elapsed = time.perf_counter() - began
        assert found is not None
        assert len(found.candidates) == MOST_CANDIDATES
        return elapsed * 1000

    (samples,) = interleaved(explain, rounds=ROUNDS)
    yield Row(
        name=f"Explanations of a difference among {ENTRIES} entries",
        unit="ms",
        samples=samples,
        at_most=200,
    )
