"""Days on which subscriptions are charged."""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import takewhile

from services.domain.models import Rhythm, Subscription, SubscriptionStatus

WEEK = timedelta(days=7)
_CHARGED = (SubscriptionStatus.ACTIVE, SubscriptionStatus.PENDING_TERMINATE)


@dataclass(frozen=True)
class Due:
    """Charge to come."""

    subscription: Subscription
    day: date
    amount: Decimal
    overdue: bool = False
    """True if the day is over and no charge has been made."""


def charge_days(anchor: date, rhythm: Rhythm) -> Iterator[date]:
    """Yield the charge days from an anchor on; monthly on its day, or on the last day of a shorter month.

    Each month is counted from the anchor: counted from the previous charge, the 31st would become the 28th.
    """
    if rhythm is Rhythm.WEEK:
        day = anchor
        while True:
            yield day
            day += WEEK
    months = 0
    while rhythm is Rhythm.MONTH:
        years, month = divmod(anchor.month - 1 + months, 12)
        year, last = anchor.year + years, calendar.monthrange(anchor.year + years, month + 1)[1]
        yield date(year, month + 1, min(anchor.day, last))
        months += 1


def due(subscriptions: Sequence[Subscription], today: date, until: date) -> tuple[Due, ...]:
    """Return the charges from today to `until`, included, in order; an overdue one counts once."""
    found = [
        Due(one, day, price(one), overdue=day < today)
        for one in subscriptions
        for day in _days(one, today, until)
        if one.trial_end_date is None or day > one.trial_end_date
    ]
    return tuple(sorted(found, key=lambda each: (each.day, each.subscription.subscription_id)))


def price(one: Subscription) -> Decimal:
    """Return the amount of the next charge."""
    return one.next_price.amount if one.next_price is not None else one.price.amount


def _days(one: Subscription, today: date, until: date) -> Iterator[date]:
    upcoming = one.next_charge_date
    if upcoming is None or one.status not in _CHARGED:
        return
    last = min(until, one.termination_date) if one.termination_date is not None else until
    if upcoming <= last:
        yield upcoming
    if one.recurring_charge_period is Rhythm.OTHER:
        return
    known = takewhile(lambda day: day <= upcoming, charge_days(one.start_date, one.recurring_charge_period))
    anchor = one.start_date if upcoming in known else upcoming
    for day in charge_days(anchor, one.recurring_charge_period):
        if day > last:
            return
        if day > upcoming and day >= today:
            yield day
