"""Comparison of a printed bill with a period: possible explanations of a difference."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import combinations as every_combination

import msgspec
import pytest

from services.domain.models import PaymentStatus, Purchase
from services.insights.ledger import NOTHING, Ledger, counted
from services.insights.reconcile import (
    MOST_CANDIDATES,
    Candidate,
    Kind,
    OtherTotal,
    Reconciliation,
    combinations,
    read_amount,
    reconcile,
    two_clocks,
)
from tests.services.insights.factories import NOW, demo_contract, entry, euros, ledger, moment

MAY = "2026-05"
"""From 26 March to 25 April; `NOW` is in the period after it."""
PRICES = ("0.99", "1.50", "2.99", "3.99", "4.99", "12.40", "28.00")


def random_entries(draw: random.Random) -> list[Purchase]:
    """Return purchases, refunds, pending and refused entries of three periods."""
    found: list[Purchase] = []
    for number in range(draw.randint(20, 60)):
        at = moment(date(2026, 2, 26) + timedelta(days=draw.randrange(75)), draw.randrange(24))
        status = draw.choices(
            (PaymentStatus.SUCCEEDED, PaymentStatus.PROCESSING, PaymentStatus.DENIED), (8, 1, 1)
        )[0]
        amount = draw.choice(PRICES)
        if draw.random() < 0.1:
            found.append(entry(f"e{number}", at, f"-{amount}", status=status, refund_of="earlier"))
        else:
            found.append(entry(f"e{number}", at, amount, status=status))
    return found


def compared(
    entries: Iterable[Purchase], printed: Decimal, others: Sequence[OtherTotal] = ()
) -> Reconciliation:
    found = reconcile(ledger(entries), MAY, printed, others)
    assert found is not None
    return found


def total_of(known: Ledger, period_id: str = MAY) -> Decimal:
    return next(one.period.total.amount for one in known.periods if one.period.period_id == period_id)


@pytest.mark.parametrize("seed", range(200))
def test_moved_entries_planted_in_a_random_ledger_are_found(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - no secret
    entries = random_entries(draw)
    known = ledger(entries)
    everything = compared(entries, total_of(known) + Decimal("1000.00")).candidates
    assert everything
    planted = draw.sample(everything, min(len(everything), draw.randint(1, 3)))
    gap = sum((one.change for one in planted), NOTHING)
    found = compared(entries, total_of(known) + gap)
    if not gap:
        assert found.identical
        return
    minimal = [one for one in planted if one.change == gap][:1] or planted
    changes = tuple(sorted(one.change for one in minimal))
    told = next(one for one in found.moved if one.changes == changes)
    assert {one.entry.payment_id for one in minimal} in [
        {each.entry.payment_id for each in way} for way in told.ways
    ]
    assert found.several == (len(found.moved) + len(found.named) > 1)
    for one in found.moved:
        for way in one.ways:
            assert sum((each.change for each in way), NOTHING) == gap


@pytest.mark.parametrize("seed", range(20))
def test_combinations_are_those_of_a_plain_search(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - no secret
    changes = [Decimal(draw.choice(PRICES)) * draw.choice((1, -1)) for _ in range(12)]
    candidates = [Candidate(entry(f"e{n}", NOW), change) for n, change in enumerate(changes)]
    gap = draw.choice(changes) + draw.choice(changes)
    expected = {
        frozenset(ranks)
        for size in (1, 2, 3)
        for ranks in every_combination(range(12), size)
        if sum(changes[rank] for rank in ranks) == gap
        and (size == 1 or all(changes[rank] != gap for rank in ranks))
    }
    if not gap:
        return
    found = combinations(candidates, gap)
    ways = [frozenset(candidates.index(one) for one in way) for each in found for way in each.ways]
    assert len(ways) == len(set(ways))
    assert set(ways) == expected
    assert [len(one.changes) for one in found] == sorted(len(one.changes) for one in found)


APRIL, EARLY_MAY, LATE_MARCH = date(2026, 4, 10), date(2026, 5, 2), date(2026, 3, 28)
BEFORE = entry("before", moment(date(2026, 3, 2)), "7.01")
INSIDE = entry("inside", moment(APRIL), "12.40")
IN_MARCH = entry("in-march", moment(LATE_MARCH), "3.10")
NEXT = entry("next", moment(date(2026, 4, 28)), "0.99")
AFTER = entry("after", moment(EARLY_MAY), "28.00")
REFUND = entry("refund", moment(APRIL, 15), "-2.50", refund_of="inside")
PENDING = entry("pending", moment(APRIL, 16), "1.77", status=PaymentStatus.RESERVED)
TAXED = [msgspec.structs.replace(one, tax_amount=euros("0.51")) for one in (INSIDE, IN_MARCH, REFUND)]
EVERYTHING = [BEFORE, INSIDE, IN_MARCH, NEXT, AFTER, REFUND, PENDING]
TOTAL = Decimal("13.00")
OTHERS = (OtherTotal("m1", "Mobile", Decimal("5.05")), OtherTotal("m2", "Autre", Decimal("6.06")))


@pytest.mark.parametrize(
    ("kind", "printed"),
    [
        (Kind.WITH_PENDING, "14.77"),
        (Kind.WITHOUT_REFUNDS, "15.50"),
        (Kind.CALENDAR_MONTH, "10.89"),
        (Kind.PERIOD_BEFORE, "7.01"),
        (Kind.PERIOD_AFTER, "28.99"),
        (Kind.OTHER_CONTRACT, "5.05"),
        (Kind.ALL_CONTRACTS, "24.11"),
    ],
)
def test_named_explanation_is_found(kind: Kind, printed: str) -> None:
    found = compared(EVERYTHING, Decimal(printed), OTHERS)
    assert found.total == TOTAL
    assert kind in [one.kind for one in found.named]


def test_amount_before_tax_is_found_when_every_tax_is_known() -> None:
    assert [one.kind for one in compared(TAXED, TOTAL - Decimal("1.53")).named] == [Kind.BEFORE_TAX]
    assert not compared([INSIDE, *TAXED[1:]], TOTAL - Decimal("1.02")).named


def test_entry_that_another_bill_bears_is_told() -> None:
    carried = msgspec.structs.replace(BEFORE, billed_period_id=MAY)
    left = msgspec.structs.replace(IN_MARCH, billed_period_id="2026-06")
    found = compared([INSIDE, carried, left], Decimal("12.40") + Decimal("7.01"))
    [told] = [one for one in found.named if one.kind is Kind.OTHER_BILL]
    assert [(one.entry.payment_id, str(one.change)) for one in told.entries] == [
        ("before", "7.01"),
        ("in-march", "-3.10"),
    ]


def test_identical_amount_needs_no_explanation() -> None:
    found = compared(EVERYTHING, TOTAL)
    assert (found.identical, found.named, found.moved, found.several) == (True, (), (), False)


def test_amount_that_nothing_explains_has_no_explanation() -> None:
    found = compared(EVERYTHING, Decimal("999.01"))
    assert (found.named, found.moved, found.gap) == ((), (), Decimal("986.01"))


def test_explanations_that_fit_as_well_are_several() -> None:
    twins = [entry(f"t{n}", moment(date(2026, 4, 25), n), "2.99", publisher=f"P{n}") for n in range(3)]
    one_amount = compared([INSIDE, *twins], Decimal("12.40") + 2 * Decimal("2.99"))
    assert not one_amount.several
    assert [(one.changes, len(one.ways)) for one in one_amount.moved] == [((Decimal("-2.99"),), 3)]
    pair = [entry("a", moment(date(2026, 4, 25)), "1.00"), entry("b", moment(date(2026, 4, 25)), "1.99")]
    found = compared([INSIDE, *twins, *pair], total_of(ledger([INSIDE, *twins, *pair])) - Decimal("2.99"))
    assert found.several
    assert [one.changes for one in found.moved] == [
        (Decimal("-2.99"),),
        (Decimal("-1.99"), Decimal("-1.00")),
    ]


def test_entry_bought_after_the_bill_was_cut_is_no_explanation() -> None:
    late = entry("late", moment(date(2026, 5, 12)), "2.99", status=PaymentStatus.PROCESSING)
    assert not compared([INSIDE, late], Decimal("15.39")).moved


def test_more_entries_than_are_combined_are_told() -> None:
    many = [entry(f"e{n:03}", moment(date(2026, 4, 24), n % 24, n // 24)) for n in range(200)]
    found = compared(many, Decimal("1.00"))
    assert (len(found.candidates), found.bounded) == (MOST_CANDIDATES, True)
    assert not compared(many[:10], Decimal("1.00")).bounded


def test_period_that_is_not_known_is_not_compared() -> None:
    assert reconcile(ledger([]), "2020-01", Decimal("1.00")) is None


def test_camille_bills_are_explained_by_the_entry_that_was_pending() -> None:
    entries, _ = demo_contract("camille")
    known = ledger(entries)
    found = reconcile(known, MAY, total_of(known) + Decimal("2.99"))
    assert found is not None
    [told] = found.named
    assert told.kind is Kind.OTHER_BILL
    assert [one.entry.merchant_name for one in told.entries] == ["Fiche Potager"]


@pytest.mark.parametrize("seed", range(50))
def test_bill_and_month_differ_by_the_lines_told_to_the_cent(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - no secret
    entries = random_entries(draw)
    known = ledger(entries)
    for month in (date(2026, 3, 1), date(2026, 4, 17)):
        clocks = two_clocks(known, month)
        assert clocks is not None
        days = [one for one in entries if known.day(one).month == month.month]
        assert clocks.month_total == sum(map(counted, days), NOTHING)
        assert clocks.bill_total - clocks.before + clocks.after == clocks.month_total
        assert all(known.day(one) < clocks.first for one in clocks.outside_month)
        assert all(known.day(one) > clocks.period.end_date for one in clocks.outside_bill)


def test_month_of_which_not_all_is_known_is_not_told() -> None:
    assert two_clocks(ledger([], periods=2), date(2026, 3, 1)) is None
    assert two_clocks(ledger([]), date(2020, 1, 1)) is None


def test_month_in_progress_is_told_up_to_today() -> None:
    known = ledger([AFTER, INSIDE], moment(date(2026, 4, 28)))
    clocks = two_clocks(known, date(2026, 4, 1))
    assert clocks is not None
    assert (clocks.over, clocks.month_total, clocks.outside_bill) == (False, Decimal("12.40"), ())


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("12,40", "12.40"),
        ("12.4", "12.40"),
        (" 1 234,56 €", "1234.56"),
        ("€7", "7.00"),
        ("\u22123,00\u00a0€", "-3.00"),
        ("007", "7.00"),
        ("", None),
        ("douze", None),
        ("1,234", None),
        ("12345678", None),
    ],
)
def test_amount_is_read_as_people_type_it(typed: str, amount: str | None) -> None:
    assert read_amount(typed) == (None if amount is None else Decimal(amount))
