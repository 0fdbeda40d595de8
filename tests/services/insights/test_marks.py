"""Marks of purchase rows: first purchase of a publisher, equal purchases of a day."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings

from services.domain.models import Category, PaymentStatus
from services.insights.marks import Mark, marks
from tests.services.insights.factories import MOMENTS, NOW, days_ago, demo_contract, entry, ledger

OLD = entry("old", days_ago(100), "2.00")


@pytest.mark.parametrize(("amount", "category", "marked"), [
    ("4.99", Category.PRESS, True),
    ("5.00", Category.PRESS, True),
    ("4.99", Category.PARKING, False),
])  # fmt: skip
def test_first_purchase_of_a_publisher_is_marked(amount: str, category: Category, marked: bool) -> None:
    first = entry("a", days_ago(2), amount, publisher="Nouveau", category=category)
    second = entry("b", days_ago(1), amount, publisher="Nouveau", category=category)
    assert marks(ledger([OLD, first, second])) == ({"a": Mark(new_publisher=True)} if marked else {})


@pytest.mark.parametrize(
    ("change", "times"),
    [
        ({}, 3),
        ({"status": PaymentStatus.RESERVED}, 3),
        ({"category": Category.PARKING}, 3),
        ({"status": PaymentStatus.DENIED}, 0),
        ({"amount": "1.21"}, 0),
        ({"amount": "0.00"}, 0),
        ({"description": "Autre"}, 0),
        ({"publisher": "Autre"}, 0),
        ({"refunded": "1.20"}, 0),
        ({"at": NOW - timedelta(hours=13)}, 0),
    ],
)
def test_three_equal_purchases_of_a_day_are_counted(change: dict[str, object], times: int) -> None:
    given_ = {"at": NOW, "amount": "1.20"} | change
    entries = [entry(f"e{n}", NOW - timedelta(hours=n + 1), "1.20") for n in range(2)]
    third = entry("third", **given_)  # type: ignore[arg-type]
    told = marks(ledger([OLD, entry("known", days_ago(99), publisher="Autre"), *entries, third]))
    assert told == (dict.fromkeys(["e0", "e1", "third"], Mark(times=times)) if times else {})


@given(MOMENTS)
@settings(max_examples=8)
def test_demo_shows_both_marks_on_any_day(now: datetime) -> None:
    entries, _ = demo_contract("veille", now)
    told = {(one.new_publisher, one.times) for one in marks(ledger(entries, now)).values()}
    assert {times for _, times in told} >= {3}
    assert any(new for new, _ in told)
