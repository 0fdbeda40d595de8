"""What is ordinary about a purchase but helps to recall it: a mark on its row, never a finding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from services.insights.findings import first_entries
from services.insights.ledger import Ledger

OFTEN_A_DAY = 3
"""Equal purchases of a day from which each of them says how many they are."""


@dataclass(frozen=True)
class Mark:
    """What the row of one purchase says besides."""

    new_publisher: bool = False
    times: int = 0
    """How many equal purchases the day has; 0 if fewer than `OFTEN_A_DAY`."""


def marks(ledger: Ledger) -> Mapping[str, Mark]:
    """Return the marks by payment id; purchases without one are left out."""
    new = {entry.payment_id for entry in first_entries(ledger)}
    same: dict[tuple[date, str, str, Decimal], list[str]] = {}
    for entry in ledger.charges:
        if not ledger.refunded_whole(entry):
            equal = (ledger.day(entry), entry.merchant_identifier, entry.description, entry.amount.amount)
            same.setdefault(equal, []).append(entry.payment_id)
    times = {name: len(names) for names in same.values() if len(names) >= OFTEN_A_DAY for name in names}
    return {name: Mark(name in new, times.get(name, 0)) for name in new | times.keys()}
