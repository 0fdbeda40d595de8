"""Marks on rows of ordinary purchases, which help the user remember them; they are not findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from services.insights.findings import first_entries
from services.insights.ledger import Ledger

OFTEN_A_DAY = 3
"""Number of equal purchases in a day from which each shows the number."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Additional information on the row of a purchase."""

    new_publisher: bool = False
    times: int = 0
    """Number of equal purchases in the day; 0 if fewer than `OFTEN_A_DAY`."""
    imported: bool = False
    """True if the purchase is only known from an imported file."""


def marks(ledger: Ledger) -> Mapping[str, Mark]:
    """Return the marks by payment id; purchases without a mark are left out."""
    new = {entry.payment_id for entry in first_entries(ledger)}
    same: dict[tuple[date, str, str, Decimal], list[str]] = {}
    for entry in ledger.charges:
        if not ledger.refunded_whole(entry):
            equal = (ledger.day(entry), entry.merchant_identifier, entry.description, entry.amount.amount)
            same.setdefault(equal, []).append(entry.payment_id)
    times = {name: len(names) for names in same.values() if len(names) >= OFTEN_A_DAY for name in names}
    often = {name: Mark(name in new, count) for name, count in times.items()}
    return dict.fromkeys(new, Mark(new_publisher=True)) | often
