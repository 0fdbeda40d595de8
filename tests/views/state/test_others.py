"""Insights of foreign data: another cut-off day, another time zone, other identifiers.

Expected values were counted by hand from `tests/others/subscriber.json`, on 20 September 2025 on Réunion.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from services.client.credentials import MemoryStore
from services.insights.calendar import total, upcoming
from services.insights.findings import Kind
from services.insights.publisher import publisher, watched_until
from services.sandbox import Subscriber
from services.sandbox.data_file import parse_subscribers
from tests.harness.clock import Clock
from tests.views.conftest import Serve
from views.core.insights import InsightsState
from views.core.session import SessionState

OTHERS = Path(__file__).parents[2] / "others" / "subscriber.json"
NOW = datetime(2025, 9, 20, 5, tzinfo=UTC)
TODAY = date(2025, 9, 20)


@pytest.fixture
def other() -> Subscriber:
    return parse_subscribers(OTHERS.read_bytes())[0]


@pytest.fixture
async def insights(serve: Serve, clock: Clock, other: Subscriber) -> InsightsState:
    clock.now = NOW
    backend = serve(other).backend(MemoryStore())
    challenge = await backend.begin_sign_in(other.identifier)
    await backend.finish_sign_in(challenge, other.password, remember=False)
    session = SessionState(backend)
    await session.enter(None)
    assert session.insights is not None
    await session.insights.load()
    return session.insights


async def test_findings_of_others_data_are_right(insights: InsightsState) -> None:
    told = [(one.kind, one.name, one.facts.amount, one.facts.before) for one in insights.findings]
    assert told == [
        (Kind.OVER_LAW, "Éditions du Volcan", Decimal("55.00"), Decimal("50.00")),
        (Kind.AFTER, "Sudoku Péi", Decimal("3.00"), Decimal(0)),
        (Kind.DUPLICATE, "Kiosque Vanille", Decimal("1.80"), Decimal(0)),
        (Kind.RISE, "Radio Lagon", Decimal("2.50"), Decimal("2.00")),
        (Kind.UNUSUAL, "Librairie Bourbon", Decimal("24.00"), Decimal("3.00")),
    ]
    facts = {one.kind: one.facts for one in insights.findings}
    assert (facts[Kind.AFTER].day, facts[Kind.AFTER].ended) == (date(2025, 9, 11), date(2025, 9, 10))
    assert facts[Kind.DUPLICATE].apart.total_seconds() == 40
    assert (facts[Kind.RISE].day, facts[Kind.RISE].yearly) == (date(2025, 8, 29), Decimal("26.00"))
    recalled = facts[Kind.UNUSUAL]
    assert (recalled.others, recalled.others_since, recalled.others_total) == (
        2,
        date(2025, 5, 18),
        Decimal("5.50"),
    )


async def test_forecast_of_others_data_is_right(insights: InsightsState) -> None:
    known = insights.forecast
    assert known is not None
    assert (known.period.start_date, known.period.end_date) == (date(2025, 9, 11), date(2025, 10, 10))
    assert known.period.bill_month == "2025-11"
    assert known.billed == Decimal("94.60")
    assert [(one.subscription.merchant_name, one.day, one.amount) for one in known.due] == [
        ("Radio Lagon", date(2025, 9, 26), Decimal("2.50")),
        ("Ciné Piton", date(2025, 9, 30), Decimal("7.99")),
        ("Radio Lagon", date(2025, 10, 3), Decimal("2.50")),
        ("Radio Lagon", date(2025, 10, 10), Decimal("2.50")),
    ]
    assert (known.low, known.pending, known.habit) == (Decimal("110.09"), Decimal("2.00"), Decimal("5.00"))
    assert known.high == Decimal("117.09")


async def test_calendar_publisher_and_watch_of_others_data_are_right(insights: InsightsState) -> None:
    subscriptions = insights.subscriptions.subscriptions.data or ()
    entries = upcoming(subscriptions, TODAY, 11)
    assert len(entries) == 13 + 3 + 3
    assert total(entries) == Decimal("68.47")
    cine = [(one.day, one.bill_month, one.cancel_by) for one in entries if one.amount == Decimal("7.99")]
    assert cine == [
        (date(2025, 9, 30), "2025-11", date(2025, 9, 27)),
        (date(2025, 10, 31), "2025-12", date(2025, 10, 28)),
        (date(2025, 11, 30), "2026-01", date(2025, 11, 27)),
    ]
    assert {one.cancel_by for one in entries if one.subscription.merchant_name == "Cours de kréol"} == {None}
    ledger = insights.ledger.data
    assert ledger is not None
    kiosque = publisher(ledger, subscriptions, "KV/01")
    assert kiosque is not None
    assert (kiosque.total, kiosque.since, len(kiosque.entries)) == (
        Decimal("22.90"),
        date(2025, 4, 20),
        13,
    )
    ended = next(one for one in subscriptions if one.status.ended)
    assert watched_until(ended, TODAY, 11) == date(2025, 11, 10)
