"""Monthly and yearly cost of a recurring price."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from services.domain.models import Money, Rhythm, Subscription

WEEKS_A_YEAR, MONTHS_A_YEAR = 52, 12
CENT = Decimal("0.01")


def yearly_amount(price: Decimal, rhythm: Rhythm) -> Decimal:
    """Return the yearly amount of a recurring price; any rhythm other than weekly counts as monthly."""
    return price * (WEEKS_A_YEAR if rhythm is Rhythm.WEEK else MONTHS_A_YEAR)


def monthly_cost(one: Subscription) -> Money:
    """Return the cost of a month: a weekly price times 52, over 12."""
    yearly = yearly_amount(one.price.amount, one.recurring_charge_period)
    return Money(amount=(yearly / MONTHS_A_YEAR).quantize(CENT, ROUND_HALF_UP), currency=one.price.currency)


def yearly_cost(one: Subscription) -> Money:
    """Return the cost of a year."""
    return Money(
        amount=yearly_amount(one.price.amount, one.recurring_charge_period), currency=one.price.currency
    )
