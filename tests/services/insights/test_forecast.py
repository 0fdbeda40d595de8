"""Forecast of the next bill and of charge dates, compared with the sandbox at a later time."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice, pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain.models import (
    PaymentStatus,
    PurchaseKind,
    Rhythm,
    Service,
    ServiceStatus,
    Subscription,
    SubscriptionStatus,
)
from services.domain.periods import period_of
from services.insights.charge_days import charge_days, due
from services.insights.forecast import forecast
from services.insights.ledger import NOTHING
from tests.services.insights.factories import (
    MOMENTS,
    NOW,
    PARIS,
    days_ago,
    demo_contract,
    entry,
    euros,
    ledger,
    moment,
    subscription,
)

TODAY, END = NOW.date(), date(2026, 5, 25)
DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))


def service(status: ServiceStatus = ServiceStatus.ACTIVE) -> Service:
    return Service(status=status, since=date(2023, 3, 3), affected_subscriptions=0, outstanding=euros("0"))


@given(DAYS, st.integers(0, 60))
def test_monthly_charges_keep_their_day_or_take_the_last_of_the_month(anchor: date, number: int) -> None:
    day = next(islice(charge_days(anchor, Rhythm.MONTH), number, None))
    assert (day.year * 12 + day.month) - (anchor.year * 12 + anchor.month) == number
    last = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    assert day.day == min(anchor.day, last.day)


@given(DAYS)
def test_weekly_charges_are_seven_days_apart(anchor: date) -> None:
    days = list(islice(charge_days(anchor, Rhythm.WEEK), 10))
    assert days[0] == anchor
    assert all(later - earlier == timedelta(days=7) for earlier, later in pairwise(days))


def test_charges_of_a_31st_never_drift() -> None:
    one = subscription("s", date(2026, 1, 31), next_charge=date(2026, 2, 28))
    days = [each.day for each in due([one], date(2026, 2, 10), date(2026, 5, 31))]
    assert days == [date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31)]


def test_next_charge_is_the_anchor_when_the_start_does_not_lead_to_it() -> None:
    one = subscription("s", date(2026, 1, 3), next_charge=date(2026, 5, 20))
    assert [each.day for each in due([one], TODAY, date(2026, 7, 25))] == [
        date(2026, 5, 20),
        date(2026, 6, 20),
        date(2026, 7, 20),
    ]


@pytest.mark.parametrize(
    ("change", "days"),
    [
        ({}, [15, 22]),
        ({"next_charge_date": date(2026, 5, 8)}, [8, 15, 22]),
        ({"next_charge_date": date(2026, 5, 1)}, [1, 15, 22]),
        ({"next_charge_date": None}, []),
        ({"status": SubscriptionStatus.SUSPENDED}, []),
        ({"status": SubscriptionStatus.TERMINATED}, []),
        ({"status": SubscriptionStatus.PENDING_TERMINATE, "termination_date": date(2026, 5, 15)}, [15]),
        ({"trial_end_date": date(2026, 5, 15)}, [22]),
    ],
)
def test_due_charges_follow_the_status_and_count_an_overdue_one_once(
    change: dict[str, object], days: list[int]
) -> None:
    one = subscription("s", date(2026, 4, 3), rhythm=Rhythm.WEEK, next_charge=date(2026, 5, 15))
    told = due([msgspec.structs.replace(one, **change)], TODAY, END)
    assert [each.day.day for each in told] == days
    assert [each.overdue for each in told] == [day < TODAY.day for day in days]


def test_five_weekly_charges_can_fall_into_one_period() -> None:
    one = subscription("s", date(2026, 3, 27), rhythm=Rhythm.WEEK, next_charge=date(2026, 3, 27))
    period = period_of(date(2026, 3, 27))
    assert len(due([one], period.start, period.end)) == 5


def test_forecast_adds_what_is_bought_due_pending_and_usual() -> None:
    past = [entry(f"p{n}", moment(date(2026, month, 20)), f"{n}.00") for n, month in ((3, 4), (7, 3))]
    early = entry("early", moment(date(2026, 3, 27)), "100.00")
    charge = entry("charge", moment(date(2026, 4, 24)), "50.00", subscription_id="s", publisher="Club")
    now = [entry("a", days_ago(2), "4.99"), entry("b", days_ago(1), "2.00", status=PaymentStatus.RESERVED)]
    back = entry("back", days_ago(1), "-1.00", refund_of="p3")
    one = subscription("s", date(2026, 1, 20), next_charge=date(2026, 5, 20), price="3.99")
    known = forecast(ledger([*past, early, charge, *now, back]), [one], service())
    assert known is not None
    assert (known.billed, known.renewals, known.pending, known.habit) == (
        Decimal("3.99"), Decimal("3.99"), Decimal("2.00"), Decimal("7.00"),
    )  # fmt: skip
    assert (known.low, known.high) == (Decimal("7.98"), Decimal("16.98"))
    announced = msgspec.structs.replace(one, next_price=euros("5.99"))
    told = forecast(ledger(now), [announced], service())
    assert told is not None
    assert told.renewals == Decimal("5.99")


def test_little_known_gives_a_least_amount_only() -> None:
    known = forecast(ledger([entry("a", days_ago(2))], periods=2), [], service())
    assert known is not None
    assert (known.low, known.high) == (Decimal("4.99"), None)


def test_service_turned_off_foresees_no_more() -> None:
    one = subscription("s", date(2026, 1, 20), next_charge=date(2026, 5, 20))
    past = entry("p", moment(date(2026, 4, 20)), "9.00")
    known = forecast(ledger([past]), [one], service(ServiceStatus.SUSPENDED))
    assert known is not None
    assert (known.suspended, known.low, known.high) == (True, NOTHING, NOTHING)


def test_unknown_rhythm_is_said_and_not_counted() -> None:
    one = subscription("s", date(2026, 1, 20), rhythm=Rhythm.OTHER, next_charge=date(2026, 5, 20))
    known = forecast(ledger([]), [one], service())
    assert known is not None
    assert (known.uncounted, known.due) == ((one,), ())


@given(MOMENTS)
@settings(max_examples=8)
def test_what_is_foreseen_comes_true_to_the_cent(now: datetime) -> None:
    """Compare the forecast with the charges of the sandbox at the end of the period."""
    entries, subscriptions = demo_contract("camille", now)
    known = forecast(ledger(entries, now), subscriptions, service())
    assert known is not None
    last = datetime(
        known.period.end_date.year,
        known.period.end_date.month,
        known.period.end_date.day,
        23,
        59,
        59,
        tzinfo=PARIS,
    )
    later, still = demo_contract("camille", last)
    before = {each.payment_id for each in entries}
    come = [
        each
        for each in later
        if each.kind is PurchaseKind.SUBSCRIPTION
        and each.payment_id not in before
        and each.payment_date > now
    ]
    days = [(each.subscription_id, each.payment_date.astimezone(PARIS).date()) for each in come]
    ended = {each.subscription_id for each in still if each.status.ended}
    assert sorted(str(day) for day in days if day[0] not in ended) == sorted(
        str((each.subscription.subscription_id, each.day)) for each in known.due
    )
    assert known.renewals == sum(
        (each.amount.amount for each in come if each.subscription_id not in ended), NOTHING
    )
    end = forecast(ledger(later, last), still, service())
    assert end is not None
    assert end.high == end.low + end.pending
    assert end.low == end.period.total.amount
    assert known.high is None or known.low <= known.high


@pytest.mark.nightly
@given(MOMENTS)
@settings(max_examples=8)
def test_ending_a_subscription_lowers_the_forecast_by_its_renewals(now: datetime) -> None:
    entries, subscriptions = demo_contract("camille", now)
    known = forecast(ledger(entries, now), subscriptions, service())
    assert known is not None
    for one in subscriptions:
        renewals = sum((each.amount for each in known.due if each.subscription is one), NOTHING)
        ended = ended_today(one, now.date())
        others = [ended if each is one else each for each in subscriptions]
        after = forecast(ledger(entries, now), others, service())
        assert after is not None
        assert known.low - after.low == renewals


def ended_today(one: Subscription, today: date) -> Subscription:
    return msgspec.structs.replace(
        one, status=SubscriptionStatus.TERMINATED, termination_date=today, next_charge_date=None
    )
