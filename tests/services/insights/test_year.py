"""Year of bills: breakdowns that sum to the total, unknown months, comparison."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.models import Category, PaymentStatus, Purchase
from services.insights.ledger import NOTHING, Ledger, PeriodEntries
from services.insights.year import (
    ADULT,
    MOST_PUBLISHERS,
    OTHERS,
    REFUNDED,
    UNDETAILED,
    Known,
    year_of,
    years,
)
from tests.services.insights.factories import NOW, PARIS, demo_contract, entry, ledger, moment

ENTRIES = st.lists(
    st.builds(
        lambda number, days, cents, publisher, category, status, refund, subscribed: entry(
            f"e{number}",
            NOW - timedelta(days=days),
            Decimal(-cents if refund else cents).scaleb(-2),
            publisher=f"Boutique {publisher}",
            category=category,
            status=status,
            refund_of="earlier" if refund else None,
            subscription_id="s" if subscribed else None,
        ),
        st.integers(0, 10**6),
        st.integers(0, 500),
        st.integers(0, 5000),
        st.integers(0, 14),
        st.sampled_from(Category),
        st.sampled_from(PaymentStatus),
        st.booleans(),
        st.booleans(),
    ),
    max_size=40,
    unique_by=lambda one: one.payment_id,
)


def check_sums(known: Ledger, year: int) -> None:
    one = year_of(known, year, 26)
    for cut in (one.publishers, one.categories, one.kinds):
        assert sum((part.amount for part in cut), NOTHING) == one.total
    assert sum((month.total for month in one.months if month.total is not None), NOTHING) == one.total
    expected = [each.period.total.amount for each in known.known if each.period.bill_month[:4] == str(year)]
    assert one.total == sum(expected, NOTHING)


@given(ENTRIES, st.integers(1, 20))
def test_three_cuts_sum_to_the_total_to_the_cent(entries: list[Purchase], periods: int) -> None:
    known = ledger(entries, periods=periods)
    for year in (2025, 2026):
        check_sums(known, year)


@pytest.mark.parametrize("name", ["camille", "plafond", "gros-volume", "veille", "sans-achat"])
def test_year_of_a_demo_subscriber_sums_to_its_periods(name: str) -> None:
    check_sums(ledger(demo_contract(name)[0]), 2026)


def test_unknown_months_are_not_zero_and_outside_the_mean() -> None:
    entries = [entry(f"e{n}", moment(date(2026, n, 10)), f"{n}.00") for n in range(1, 6)]
    one = year_of(ledger(entries, periods=4), 2026, 26)
    assert [month.known.value for month in one.months] == [
        *["unknown"] * 2, *["whole"] * 3, "so_far", *["ahead"] * 6,
    ]  # fmt: skip
    assert [month.total for month in one.months if month.known is Known.UNKNOWN] == [None, None]
    assert one.mean == Decimal("3.00")
    assert (one.total, one.known_months) == (Decimal("14.00"), 4)
    assert (one.start, one.end) == (date(2025, 11, 26), date(2026, 11, 25))


def test_year_without_a_known_month_has_no_mean() -> None:
    one = year_of(ledger([]), 2019, 26)
    assert (one.mean, one.known_months) == (None, 0)


def test_publishers_after_the_tenth_are_others_and_adult_ones_have_no_name() -> None:
    entries = [
        entry(f"e{n}", moment(date(2026, 4, 10), n), f"{n + 1}.00", publisher=f"P{n:02}") for n in range(13)
    ]
    entries.append(
        entry("x", moment(date(2026, 4, 11)), "99.00", publisher="Secret", category=Category.ADULT)
    )
    parts = year_of(ledger(entries), 2026, 26).publishers
    assert len(parts) == MOST_PUBLISHERS + 1
    assert (parts[0].key, parts[0].name) == (ADULT, "")
    assert (parts[-1].key, parts[-1].amount) == (OTHERS, Decimal("10.00"))
    assert "Secret" not in str(parts)


def test_refunds_are_told_beside_what_was_bought() -> None:
    bought = entry("a", moment(date(2026, 4, 10)), "10.00")
    back = entry("b", moment(date(2026, 4, 12)), "-4.00", refund_of="a")
    one = year_of(ledger([bought, back]), 2026, 26)
    assert one.refunded == Decimal("4.00")
    assert {part.key: part.amount for part in one.kinds} == {
        "oneOff": Decimal("10.00"),
        REFUNDED: Decimal("-4.00"),
    }


def test_entries_that_were_not_read_are_told_as_a_part() -> None:
    known = ledger([entry("a", moment(date(2026, 4, 10)), "10.00"), entry("b", moment(date(2026, 4, 11)))])
    short = Ledger(
        tuple(PeriodEntries(one.period, one.entries[:1], partial=True) for one in known.known),
        PARIS,
        known.today,
    )
    check_sums(short, 2026)
    parts = year_of(short, 2026, 26).publishers
    assert (parts[-1].key, parts[-1].amount) == (UNDETAILED, Decimal("4.99"))


def test_year_before_is_compared_over_the_same_months_alone() -> None:
    entries = [
        entry("a", moment(date(2025, 4, 10)), "7.00"),
        entry("b", moment(date(2026, 4, 10)), "10.00"),
        entry("c", moment(date(2026, 1, 10)), "1.00"),
    ]
    known = ledger(entries, periods=14)
    one = year_of(known, 2026, 26)
    assert (one.compared, one.same_months, one.before) == (("05",), Decimal("10.00"), Decimal("7.00"))
    assert years(known) == (2026, 2025)
    assert year_of(ledger(entries), 2026, 26).compared == ()


def test_leap_day_and_year_ends_belong_to_their_bills() -> None:
    at = datetime(2028, 2, 29, 12, tzinfo=PARIS)
    entries = [entry("a", at, "1.00"), entry("b", datetime(2027, 12, 31, 23, 59, tzinfo=PARIS), "2.00")]
    one = year_of(ledger(entries, datetime(2028, 5, 1, tzinfo=PARIS)), 2028, 26)
    assert {month.bill_month: month.total for month in one.months if month.total} == {
        "2028-02": Decimal("2.00"),
        "2028-04": Decimal("1.00"),
    }
