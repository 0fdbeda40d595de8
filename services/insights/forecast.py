"""Forecast of the current period's bill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from services.domain.models import (
    BillingPeriod,
    PurchaseKind,
    Rhythm,
    Service,
    ServiceStatus,
    Subscription,
    SubscriptionStatus,
)
from services.insights.charge_days import Due, due
from services.insights.findings import spent
from services.insights.ledger import NOTHING, Ledger, PeriodEntries

ENOUGH_PERIODS = 2
"""Number of past periods needed for a statement about habits."""


@dataclass(frozen=True)
class Forecast:
    """Parts of the next bill, each exact to the cent."""

    period: BillingPeriod
    billed: Decimal
    """Accepted amounts, less refunds."""
    due: tuple[Due, ...]
    """Renewals to come in the period."""
    pending: Decimal
    spent: Decimal
    """Purchases of the period, less their refunds: they count against the legal limit of a month."""
    habit: Decimal | None
    """Largest sum of one-off purchases after this day in a past period; None if too few are known."""
    suspended: bool = False
    """True if the service is off: no further purchases are possible."""
    uncounted: tuple[Subscription, ...] = ()
    """Subscriptions with a rhythm that this version of the app does not know."""

    @property
    def renewals(self) -> Decimal:
        """Sum of the renewals to come."""
        return sum((one.amount for one in self.due), NOTHING)

    @property
    def low(self) -> Decimal:
        """Smallest total of the bill."""
        return self.billed + self.renewals

    @property
    def high(self) -> Decimal | None:
        """Probable largest total of the bill; None if too little is known."""
        return None if self.habit is None else self.low + self.pending + self.habit


def forecast(
    ledger: Ledger, subscriptions: Sequence[Subscription], service: Service | None
) -> Forecast | None:
    """Return the forecast of the current period's bill; None without a current period."""
    if ledger.current is None:
        return None
    period = ledger.current.period
    suspended = service is not None and service.status is ServiceStatus.SUSPENDED
    known = subscriptions if not suspended else ()
    return Forecast(
        period=period,
        billed=period.total.amount,
        due=due(
            [one for one in known if one.recurring_charge_period is not Rhythm.OTHER],
            ledger.today,
            period.end_date,
        ),
        pending=period.pending_total.amount,
        spent=spent(ledger),
        habit=NOTHING if suspended else _habit(ledger, ledger.current),
        suspended=suspended,
        uncounted=tuple(
            one
            for one in known
            if one.recurring_charge_period is Rhythm.OTHER and one.status is SubscriptionStatus.ACTIVE
        ),
    )


def _habit(ledger: Ledger, current: PeriodEntries) -> Decimal | None:
    """Return the largest sum of one-off purchases after the same day in a past period."""
    past = [one for one in ledger.periods if one is not current and not (one.partial or one.unreadable)]
    if len(past) < ENOUGH_PERIODS:
        return None
    if ledger.today >= current.period.end_date:
        return NOTHING
    passed = ledger.today - current.period.start_date
    later = {one.period.period_id: one.period.start_date + passed for one in past}
    sums = dict.fromkeys(later, NOTHING)
    ids = {entry.payment_id: one.period.period_id for one in past for entry in one.entries}
    for entry in ledger.charges:
        period_id = ids.get(entry.payment_id)
        if period_id and entry.kind is PurchaseKind.ONE_OFF and ledger.day(entry) > later[period_id]:
            sums[period_id] += entry.amount.amount
    return max(sums.values())
