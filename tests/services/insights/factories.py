"""Factories of ledgers from demo subscribers or single entries, as the client reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import strategies as st

from services.domain.models import (
    BillingPeriod,
    Category,
    Channel,
    EntryType,
    Money,
    PaymentStatus,
    PeriodState,
    Purchase,
    PurchaseKind,
    Rhythm,
    Subscription,
    SubscriptionStatus,
)
from services.domain.periods import Period, latest_periods, period_of
from services.insights.findings import Limits
from services.insights.ledger import Ledger, PeriodEntries, in_order
from services.sandbox import data_file
from services.sandbox.demo import subscribers
from services.sandbox.store import fold

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 5, 14, 12, tzinfo=PARIS)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0, tzinfo=PARIS)
)
"""Moments at which the demo can be looked at."""


def euros(amount: str | Decimal) -> Money:
    return Money(amount=Decimal(amount).quantize(Decimal("0.01")))


def entry(
    name: str,
    at: datetime,
    amount: str | Decimal = "4.99",
    *,
    publisher: str = "Gazette",
    description: str = "Article",
    category: Category = Category.PRESS,
    status: PaymentStatus = PaymentStatus.SUCCEEDED,
    subscription_id: str | None = None,
    refund_of: str | None = None,
    refunded: str | None = None,
) -> Purchase:
    """Return one entry named `name`; a refund if it says of what."""
    return Purchase(
        payment_id=name,
        entry_type=EntryType.REFUND if refund_of else EntryType.PURCHASE,
        payment_status=status,
        payment_date=at,
        amount=euros(amount),
        description=description,
        merchant_name=publisher,
        merchant_identifier=publisher.lower(),
        purchase_category_code=category,
        channel=Channel.INTERNETPLUS_BOX,
        kind=PurchaseKind.SUBSCRIPTION if subscription_id else PurchaseKind.ONE_OFF,
        reference_code=f"IP-{name}",
        period_id=period_of(at.astimezone(PARIS).date()).bill_month,
        is_billed=False,
        subscription_id=subscription_id,
        refund_of=refund_of,
        refunded_amount=euros(refunded) if refunded else None,
    )


def subscription(
    name: str,
    start: date,
    *,
    price: str = "3.99",
    rhythm: Rhythm = Rhythm.MONTH,
    status: SubscriptionStatus = SubscriptionStatus.ACTIVE,
    publisher: str = "Club",
    next_charge: date | None = None,
    terminated: date | None = None,
) -> Subscription:
    return Subscription(
        subscription_id=name,
        name=f"Abonnement {name}",
        merchant_name=publisher,
        merchant_identifier=publisher.lower(),
        price=euros(price),
        recurring_charge_period=rhythm,
        status=status,
        start_date=start,
        terminable=True,
        next_charge_date=next_charge,
        termination_date=terminated,
    )


def moment(day: date, hour: int = 12, minute: int = 0, second: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=PARIS)


def ledger(entries: Iterable[Purchase], now: datetime = NOW, *, periods: int = 6) -> Ledger:
    """Return what is known at `now` of a contract with these entries, as the backend serves it."""
    today = now.astimezone(PARIS).date()
    served = latest_periods(today, count=periods)
    by_period: dict[str, list[Purchase]] = {one.bill_month: [] for one in served}
    for each in entries:
        if each.period_id in by_period:
            by_period[each.period_id].append(each)
    known = tuple(
        PeriodEntries(_period(one, by_period[one.bill_month], today), in_order(by_period[one.bill_month]))
        for one in served
    )
    return Ledger(known, PARIS, today)


def _period(period: Period, entries: Sequence[Purchase], today: date) -> BillingPeriod:
    def total(pending: bool) -> Money:
        amounts = (
            each.amount.amount
            for each in entries
            if (each.payment_status.pending if pending else each.payment_status is PaymentStatus.SUCCEEDED)
        )
        return euros(sum(amounts, Decimal("0.00")))

    return BillingPeriod(
        period_id=period.bill_month,
        start_date=period.start,
        end_date=period.end,
        bill_month=period.bill_month,
        state=PeriodState.OPEN if today <= period.end else PeriodState.BILLED,
        purchase_count=sum(each.entry_type is EntryType.PURCHASE for each in entries),
        total=total(False),
        pending_total=total(True),
    )


def demo_contract(
    name: str, now: datetime = NOW, number: int = 0
) -> tuple[list[Purchase], list[Subscription]]:
    """Return the entries and subscriptions that the sandbox has at `now` for a demo subscriber."""
    person = next(one for one in _everyone(now) if one.identifier == f"{name}@demo.example")
    contract = person.contracts[number]
    return [read_purchase(one) for one in contract.purchases], [
        read_subscription(one) for one in contract.subscriptions
    ]


def demo_limits(name: str, now: datetime = NOW, number: int = 0) -> Limits:
    """Return what amounts are compared with for a demo subscriber: the operator's figures, else the law's."""
    person = next(one for one in _everyone(now) if one.identifier == f"{name}@demo.example")
    told, law = person.contracts[number].service.limits or data_file.SpendingLimits(), Limits()
    return Limits(
        transaction=Decimal(told.transaction.amount) if told.transaction else law.transaction,
        month=Decimal(told.month.amount) if told.month else law.month,
        own=Decimal(told.own.amount) if told.own else None,
    )


@lru_cache(maxsize=64)
def _everyone(now: datetime) -> tuple[data_file.Subscriber, ...]:
    return subscribers(now)


def read_purchase(one: data_file.Purchase) -> Purchase:
    day = one.payment_date.astimezone(PARIS).date()
    more = {
        "periodId": period_of(day).bill_month,
        "isBilled": False,
        "merchantIdentifier": one.merchant_identifier or _identifier(one.merchant_name),
    }
    return msgspec.convert(msgspec.to_builtins(one) | more, Purchase, strict=False)


def read_subscription(one: data_file.Subscription) -> Subscription:
    more = {"merchantIdentifier": one.merchant_identifier or _identifier(one.merchant_name)}
    return msgspec.convert(msgspec.to_builtins(one) | more, Subscription, strict=False)


def _identifier(name: str) -> str:
    return fold(name).replace(" ", "-")


def days_ago(days: int, now: datetime = NOW) -> datetime:
    return now - timedelta(days=days)
