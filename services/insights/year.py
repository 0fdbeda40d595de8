"""Year of bills: its twelve months, and their parts by publisher, category and kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from services.domain.costs import CENT
from services.domain.models import Category, EntryType, PeriodState, Purchase, PurchaseKind
from services.domain.periods import Period, period_billed_in
from services.insights.ledger import NOTHING, Ledger, PeriodEntries, counted

MOST_PUBLISHERS = 10
"""Number of publishers listed; the others are summed up."""


class Known(StrEnum):
    """Completeness of a month's bill."""

    WHOLE = "whole"
    SO_FAR = "so_far"
    """The period is in progress."""
    UNKNOWN = "unknown"
    AHEAD = "ahead"
    """The period has not begun."""


@dataclass(frozen=True)
class Month:
    """Bill of the year."""

    bill_month: str
    """`YYYY-MM`."""
    period: Period
    known: Known
    total: Decimal | None
    """None, not zero, if the total is unknown or still to come."""


@dataclass(frozen=True)
class Part:
    """Part of the year's total."""

    key: str
    """Identifier of a publisher, a category, a kind, or a constant below."""
    name: str
    """Name of a publisher; else empty."""
    amount: Decimal


ADULT = "(adult)"
"""All publishers for adults, which are never named."""
OTHERS = "(others)"
"""The publishers after the first ten."""
UNDETAILED = "(undetailed)"
"""Entries that are only known by their total."""
REFUNDED = "(refunded)"


@dataclass(frozen=True)
class Year:
    """Known bills of a year. The parts of each breakdown sum to the total."""

    year: int
    months: tuple[Month, ...]
    """January first."""
    total: Decimal
    """Sum of the known months."""
    mean: Decimal | None
    """Mean of the complete months; None without one."""
    publishers: tuple[Part, ...]
    """The largest first, then the others."""
    categories: tuple[Part, ...]
    """The largest first."""
    kinds: tuple[Part, ...]
    """One-off purchases, subscriptions, and refunds as a negative amount."""
    compared: tuple[str, ...]
    """Months, `MM`, that are complete in this year and in the year before."""
    same_months: Decimal
    """Sum of the compared months in this year."""
    before: Decimal
    """Sum of the compared months in the year before."""

    @property
    def start(self) -> date:
        """First day of the first bill's period."""
        return self.months[0].period.start

    @property
    def end(self) -> date:
        """Last day of the last bill's period."""
        return self.months[-1].period.end

    @property
    def known_months(self) -> int:
        """Number of bills with a total."""
        return sum(one.total is not None for one in self.months)

    @property
    def refunded(self) -> Decimal:
        """Sum of the refunds, as an amount of 0.00 or more."""
        return -sum((one.amount for one in self.kinds if one.key == REFUNDED), NOTHING)


def years(ledger: Ledger) -> tuple[int, ...]:
    """Return the years with a known bill, the latest first."""
    return tuple(sorted({int(one.period.bill_month[:4]) for one in ledger.known}, reverse=True))


def year_of(ledger: Ledger, year: int, cut_off_day: int) -> Year:
    """Return the bills of a year."""
    known = {one.period.bill_month: one for one in ledger.known}
    months = tuple(_month(ledger, known, f"{year}-{month:02}", cut_off_day) for month in range(1, 13))
    earlier = [_month(ledger, known, f"{year - 1}-{month:02}", cut_off_day) for month in range(1, 13)]
    pairs = [
        (one, other)
        for one, other in zip(months, earlier, strict=True)
        if one.known is Known.WHOLE and other.known is Known.WHOLE
    ]
    here = [known[one.bill_month] for one in months if one.total is not None]
    entries = [entry for one in here for entry in one.entries]
    total = _sum(months)
    rest = total - sum(map(counted, entries), NOTHING)
    whole = [one for one in months if one.known is Known.WHOLE]
    mean = (_sum(whole) / len(whole)).quantize(CENT, ROUND_HALF_UP) if whole else None
    return Year(
        year,
        months,
        total,
        mean,
        _publishers(entries, rest),
        _cut(entries, lambda entry: entry.purchase_category_code.value, rest),
        _cut(entries, _kind, rest),
        tuple(one.bill_month[5:] for one, _ in pairs),
        _sum(one for one, _ in pairs),
        _sum(other for _, other in pairs),
    )


def _month(ledger: Ledger, known: dict[str, PeriodEntries], bill_month: str, cut_off_day: int) -> Month:
    one = known.get(bill_month)
    if one is not None:
        bill = one.period
        state = Known.SO_FAR if bill.state in (PeriodState.OPEN, PeriodState.OTHER) else Known.WHOLE
        return Month(bill_month, Period(bill.start_date, bill.end_date), state, bill.total.amount)
    period = period_billed_in(bill_month, cut_off_day)
    return Month(bill_month, period, Known.AHEAD if period.start > ledger.today else Known.UNKNOWN, None)


def _sum(months: Iterable[Month]) -> Decimal:
    return sum((one.total for one in months if one.total is not None), NOTHING)


def _kind(entry: Purchase) -> str:
    if entry.entry_type is EntryType.REFUND:
        return REFUNDED
    return PurchaseKind.OTHER.value if entry.entry_type is EntryType.OTHER else entry.kind.value


def _cut(entries: Iterable[Purchase], key: Callable[[Purchase], str], rest: Decimal) -> tuple[Part, ...]:
    """Return the parts by key, largest first; `rest` is the sum of the unlisted entries."""
    sums: dict[str, Decimal] = {}
    for entry in entries:
        if counted(entry):
            sums[key(entry)] = sums.get(key(entry), NOTHING) + counted(entry)
    parts = [Part(one, "", amount) for one, amount in sums.items()]
    return (*sorted(parts, key=_order), *([Part(UNDETAILED, "", rest)] if rest else []))


def _publishers(entries: Iterable[Purchase], rest: Decimal) -> tuple[Part, ...]:
    """Return the ten largest publishers, then the others; adult publishers as one, without a name."""
    names: dict[str, Purchase] = {}
    listed = list(entries)
    adult = {entry.merchant_identifier for entry in listed if entry.purchase_category_code is Category.ADULT}
    for entry in listed:
        latest = names.get(entry.merchant_identifier, entry)
        names[entry.merchant_identifier] = max(
            latest, entry, key=lambda each: (each.payment_date, each.payment_id)
        )
    parts = _cut(
        listed, lambda entry: ADULT if entry.merchant_identifier in adult else entry.merchant_identifier, rest
    )
    detailed = [one for one in parts if one.key != UNDETAILED]
    first, others = detailed[:MOST_PUBLISHERS], detailed[MOST_PUBLISHERS:]
    named = [
        one if one.key == ADULT else Part(one.key, names[one.key].merchant_name, one.amount) for one in first
    ]
    if others:
        named.append(Part(OTHERS, "", sum((one.amount for one in others), NOTHING)))
    return (*named, *(one for one in parts if one.key == UNDETAILED))


def _order(part: Part) -> tuple[Decimal, str]:
    return -part.amount, part.key
