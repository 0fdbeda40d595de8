"""Totals per publisher, and the watch over terminated subscriptions."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from services.domain.models import PaymentStatus, SubscriptionStatus
from services.insights.ledger import NOTHING
from services.insights.publisher import publisher, watch
from tests.services.insights.factories import (
    NOW,
    PARIS,
    demo_contract,
    entry,
    ledger,
    moment,
    subscription,
)


@pytest.mark.parametrize("name", ["camille", "plafond", "sans-achat"])
def test_totals_of_all_publishers_sum_to_those_of_the_periods(name: str) -> None:
    entries, subscriptions = demo_contract(name)
    known = ledger(entries)
    sums = {one.period.period_id: NOTHING for one in known.periods}
    for identifier in {one.merchant_identifier for one in entries}:
        one = publisher(known, subscriptions, identifier)
        assert one is not None
        assert one.total == sum((amount for _, amount in one.by_period), NOTHING)
        for period, amount in one.by_period:
            sums[period.period_id] += amount
    assert sums == {one.period.period_id: one.period.total.amount for one in known.periods}


def test_publisher_tells_what_a_subscription_has_cost() -> None:
    charges = [
        entry(f"c{n}", moment(date(2026, 4, n)), "2.99", subscription_id="s", publisher="Club")
        for n in (1, 8)
    ]
    taken = subscription("s", date(2026, 4, 1))
    one = publisher(ledger(charges), [taken], "club")
    assert one is not None
    assert (one.paid(taken), one.since) == (Decimal("5.98"), date(2026, 4, 1))
    assert publisher(ledger(charges), [taken], "unknown") is None


def test_sums_with_an_entry_of_unknown_status_are_unknown() -> None:
    taken, day = subscription("s", date(2026, 4, 1)), moment(date(2026, 4, 1))
    charge = entry("c", day, subscription_id="s", publisher="Club", status=PaymentStatus.OTHER)
    known = ledger([charge])
    one = publisher(known, [taken], "club")
    assert one is not None
    assert (one.total, one.paid(taken)) == (None, None)
    assert {period.period_id for period, _ in one.by_period} == {
        each.period.period_id for each in known.periods
    } - {charge.period_id}


ENDED = subscription("s", date(2026, 1, 1), status=SubscriptionStatus.TERMINATED, terminated=date(2026, 4, 5))
"""In the period from 26 March to 25 April."""


@pytest.mark.parametrize(
    ("day", "watched"),
    [
        (date(2026, 4, 5), False),
        (date(2026, 4, 6), True),
        (date(2026, 6, 25), True),
        (date(2026, 6, 26), False),
    ],
)
def test_ended_subscription_is_watched_to_the_end_of_the_second_whole_period(
    day: date, watched: bool
) -> None:
    now = datetime(day.year, day.month, day.day, 12, tzinfo=PARIS)
    found = watch(ledger([], now), ENDED, 26)
    assert (found is not None) is watched
    assert found is None or (found.until, found.charges) == (date(2026, 6, 25), ())


def test_charge_after_the_end_is_seen() -> None:
    before, after = (
        entry(f"c{day}", moment(date(2026, 4, day)), subscription_id="s", publisher="Club") for day in (5, 6)
    )
    found = watch(ledger([before, after]), ENDED, 26)
    assert found is not None
    assert found.charges == (after,)
    active = subscription("s", NOW.date() - timedelta(days=60))
    assert watch(ledger([]), active, 26) is None
