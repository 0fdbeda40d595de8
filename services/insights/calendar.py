"""Calendar of the next three months: charges, and ends of cancelled subscriptions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from services.domain.models import Subscription
from services.domain.periods import period_of
from services.insights.charge_days import due
from services.insights.ledger import NOTHING

AHEAD = timedelta(days=92)


@dataclass(frozen=True)
class Entry:
    """Day of a subscription: a charge, or, without an amount, the last day of access."""

    subscription: Subscription
    day: date
    bill_month: str
    """Month of the bill for the charge, `YYYY-MM`."""
    amount: Decimal | None = None
    overdue: bool = False
    cancel_by: date | None = None
    """Last day to end the subscription here before the charge; None if it is over or cannot be ended here."""


@dataclass(frozen=True)
class Month:
    """Entries of one calendar month, in order."""

    first: date
    entries: tuple[Entry, ...]

    @property
    def total(self) -> Decimal:
        """Sum of the charges."""
        return sum((one.amount for one in self.entries if one.amount is not None), NOTHING)


def upcoming(subscriptions: Sequence[Subscription], today: date, cut_off_day: int) -> tuple[Entry, ...]:
    """Return the charges and ends of the next `AHEAD`, in order; an overdue charge comes first."""
    until = today + AHEAD
    entries = [
        Entry(
            one.subscription,
            one.day,
            period_of(max(one.day, today), cut_off_day).bill_month,
            one.amount,
            one.overdue,
            _cancel_by(one.subscription, one.day, today),
        )
        for one in due(subscriptions, today, until)
    ]
    entries += [
        Entry(one, one.termination_date, period_of(one.termination_date, cut_off_day).bill_month)
        for one in subscriptions
        if one.status.ended and one.termination_date is not None and today <= one.termination_date <= until
    ]
    return tuple(sorted(entries, key=lambda one: (one.day, one.subscription.subscription_id)))


def by_month(entries: Sequence[Entry]) -> tuple[Month, ...]:
    """Group entries by calendar month."""
    months: dict[date, list[Entry]] = {}
    for one in entries:
        months.setdefault(one.day.replace(day=1), []).append(one)
    return tuple(Month(first, tuple(found)) for first, found in months.items())


def total(entries: Sequence[Entry]) -> Decimal:
    """Return the sum of the charges."""
    return sum((one.amount for one in entries if one.amount is not None), NOTHING)


def _cancel_by(one: Subscription, charge: date, today: date) -> date | None:
    last = charge - timedelta(days=1 + (one.notice_days or 0))
    return last if one.terminable and not one.status.ended and last >= today else None
