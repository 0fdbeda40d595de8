"""Test subscriber with subscriptions and a service, and access to the sandbox's tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import Row, Table, select
from starlette.applications import Starlette

from services.sandbox import Subscriber
from services.sandbox.data_file import Contract, MerchantContact, Money, Purchase, Service, Subscription
from tests.harness.entries import bought
from tests.views.conftest import PASSWORD, Line

ABONNE = "abonne@demo.example"
"""The subscriber of `subscribed`."""
PARIS = ZoneInfo("Europe/Paris")

WEEKLY, MONTHLY, ELSEWHERE, ENDING, PAST = "weekly", "monthly", "elsewhere", "ending", "past"
"""The subscriptions of the internet contract, newest first."""


def _subscription(subscription_id: str, merchant: str, **more: Any) -> Subscription:
    return Subscription(
        subscription_id=subscription_id,
        name=f"Offre {subscription_id}",
        merchant_name=merchant,
        merchant_contact=MerchantContact(url=f"https://{subscription_id}.example"),
        **more,
    )


def _charge(day: date, number: int = 0) -> Purchase:
    """Return a charge of the weekly subscription."""
    return bought(
        f"charge-{day}-{number}",
        datetime(day.year, day.month, day.day, 6, 15, tzinfo=PARIS) + timedelta(seconds=number),
        "2.99",
        description="Offre weekly",
        merchant_name="Club Cubéo",
        purchase_category_code="games",
        kind="subscription",
        subscription_id=WEEKLY,
    )


def _mondays() -> Iterator[date]:
    day = date(2025, 12, 1)
    while day < date(2026, 5, 14):
        yield day
        day += timedelta(days=7)


def subscribed(*, crowded: int = 0) -> Subscriber:
    """Return a subscriber: an internet contract with all kinds of subscriptions, and a mobile one.

    `crowded` adds that many charges of the weekly subscription on 11 May.
    """
    box = Contract(
        contract_id="abonne-box",
        kind="internet",
        label="Box Fibre",
        masked_number="04 •• •• •• 21",
        service=Service(since=date(2023, 3, 3)),
        subscriptions=(
            _subscription(
                WEEKLY,
                "Club Cubéo",
                price=Money(amount="2.99"),
                recurring_charge_period="week",
                start_date=date(2025, 12, 1),
                next_charge_date=date(2026, 5, 18),
                last_payment_id="charge-2026-05-11-0",
            ),
            _subscription(
                MONTHLY,
                "Gazette des Deux Rives",
                price=Money(amount="4.99"),
                recurring_charge_period="month",
                start_date=date(2025, 11, 2),
                next_charge_date=date(2026, 6, 2),
            ),
            _subscription(
                ELSEWHERE,
                "Grand Écran Plus",
                price=Money(amount="8.99"),
                recurring_charge_period="month",
                start_date=date(2025, 10, 31),
                next_charge_date=date(2026, 5, 31),
                terminable=False,
            ),
            _subscription(
                ENDING,
                "Almanach Céleste",
                price=Money(amount="1.80"),
                recurring_charge_period="month",
                start_date=date(2025, 9, 15),
                status="terminated",
                termination_date=date(2026, 5, 14),
                termination_reference="RS-260420-000001",
            ),
            _subscription(
                PAST,
                "Fiche Potager",
                price=Money(amount="2.99"),
                recurring_charge_period="week",
                start_date=date(2025, 8, 1),
                status="terminated",
                termination_date=date(2026, 4, 6),
            ),
        ),
        purchases=(
            *(_charge(day) for day in _mondays()),
            *(_charge(date(2026, 5, 11), number) for number in range(1, crowded + 1)),
        ),
    )
    mobile = Contract(
        contract_id="abonne-mobile",
        kind="mobile",
        label="Forfait mobile",
        masked_number="06 •• •• •• 84",
        subscriptions=(
            _subscription(
                "mobile",
                "Carillon Mobile",
                price=Money(amount="3.00"),
                recurring_charge_period="month",
                start_date=date(2025, 10, 1),
                next_charge_date=date(2026, 6, 1),
            ),
        ),
    )
    return Subscriber(
        identifier=ABONNE, password=PASSWORD, display_name="Ada Blanchet", contracts=(box, mobile)
    )


async def kept(line: Line, table: Table) -> list[Row[Any]]:
    """Return the rows of a table of the sandbox."""
    store = cast("Starlette", line.far_end.app).state.store
    rows: list[Row[Any]] = await store.run(lambda connection: connection.execute(select(table)).all())
    return rows
