"""Publisher over all known periods, and watch over ended subscriptions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from services.domain.models import BillingPeriod, MerchantContact, Purchase, Subscription
from services.domain.periods import period_of
from services.insights.ledger import Ledger, sum_of


@dataclass(frozen=True)
class Publisher:
    """Publisher on a contract, with its purchases and subscriptions."""

    identifier: str
    name: str
    contact: MerchantContact | None
    since: date | None
    """Day of its first known purchase."""
    by_period: tuple[tuple[BillingPeriod, Decimal], ...]
    """Its part of each period's total, newest first; without periods in which its part is unknown."""
    entries: tuple[Purchase, ...]
    """Newest first."""
    subscriptions: tuple[Subscription, ...]

    @property
    def total(self) -> Decimal | None:
        """Sum over the known periods, less refunds; None if a part is unknown."""
        return sum_of(self.entries)

    def paid(self, one: Subscription) -> Decimal | None:
        """Return the cost of a subscription over the known periods; None if a part is unknown."""
        return sum_of(each for each in self.entries if each.subscription_id == one.subscription_id)


@dataclass(frozen=True)
class Watch:
    """Ended subscription, watched for two more periods."""

    until: date
    charges: tuple[Purchase, ...]
    """Charges after its end."""


def publisher(ledger: Ledger, subscriptions: Sequence[Subscription], identifier: str) -> Publisher | None:
    """Return a publisher; None without entries or subscriptions."""
    entries = tuple(one for one in reversed(ledger.entries) if one.merchant_identifier == identifier)
    taken = tuple(one for one in subscriptions if one.merchant_identifier == identifier)
    if not entries and not taken:
        return None
    newest: Purchase | Subscription = entries[0] if entries else taken[0]
    parts = (
        (one.period, sum_of(each for each in one.entries if each.merchant_identifier == identifier))
        for one in ledger.periods
    )
    return Publisher(
        identifier,
        newest.merchant_name,
        newest.merchant_contact,
        ledger.day(entries[-1]) if entries else None,
        tuple((period, amount) for period, amount in parts if amount is not None),
        entries,
        taken,
    )


def watched_until(one: Subscription, today: date, cut_off_day: int) -> date | None:
    """Return the end of the second whole period after a subscription's end; None if it is not watched."""
    last = one.termination_date
    if last is None or not one.status.ended or last >= today:
        return None
    until = last
    for _ in range(3):  # the period of its end, and two whole ones
        until = period_of(until, cut_off_day).end + timedelta(days=1)
    until -= timedelta(days=1)
    return until if today <= until else None


def watch(ledger: Ledger, one: Subscription, cut_off_day: int) -> Watch | None:
    """Return the watch over an ended subscription; None if it is not watched."""
    last, until = one.termination_date, watched_until(one, ledger.today, cut_off_day)
    if last is None or until is None:
        return None
    charges = tuple(
        each
        for each in ledger.charges
        if each.subscription_id == one.subscription_id and ledger.day(each) > last
    )
    return Watch(until, charges)
