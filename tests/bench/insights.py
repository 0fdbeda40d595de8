"""Questions about a ledger of 10,000 entries."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal

from services.insights.findings import Limits, findings
from services.insights.forecast import forecast
from services.insights.ledger import Ledger
from services.insights.marks import marks
from services.insights.reconcile import MOST_CANDIDATES, reconcile
from services.insights.search import Query, search
from tests.bench.figures import Row, interleaved
from tests.services.insights.factories import demo_contract, entry, ledger, moment

TITLE = "9. Insights"
ENTRIES, ROUNDS = 10_000, 20
PERIOD = "2026-05"


def run() -> Iterator[Row]:
    """Measure the insights of a contract with many purchases."""
    yield from _charges()
    yield from _bill()


def _charges() -> Iterator[Row]:
    """Measure what the app computes after each read of a ledger, and a search, without memoized results.

    On the first day of a period, nearly every purchase of the demo repeats another of the same minutes.
    """
    now = moment(date(2026, 4, 26), 9)
    entries, subscriptions = demo_contract("gros-volume", now)
    asked = Query.of("pixelune")
    assert asked is not None

    def timed(name: str, question: Callable[[Ledger], object]) -> Row:
        def ask() -> float:
            known = ledger(entries, now)
            began = time.perf_counter()
            assert question(known)
            return (time.perf_counter() - began) * 1000

        (samples,) = interleaved(ask, rounds=ROUNDS)
        return Row(name=f"{name}, {len(entries)} entries", unit="ms", samples=samples, at_most=1000)

    yield timed("Charges worth a look", lambda known: findings(known, subscriptions, Limits()))
    yield timed("Marks of rows", marks)
    yield timed("The next bill", lambda known: forecast(known, subscriptions, None))
    yield timed("A search", lambda known: search(known.entries, asked))


def _bill() -> Iterator[Row]:
    """Measure the worst case of the bill check: no combination explains the difference, so all are tried."""
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
