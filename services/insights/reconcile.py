"""Comparison of a printed bill with the app's period and the calendar month, and explanations of differences.

This module does not decide which explanation is right: several may fit the same amount.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from services.domain.models import BillingPeriod, EntryType, PaymentStatus, Purchase
from services.insights.ledger import NOTHING, Ledger, PeriodEntries, counted

NEAR = timedelta(days=3)
"""Distance to an edge of the period within which an entry may be on the other side of it."""
MOST_CANDIDATES = 60
"""Number of entries to combine: 36,050 combinations."""


class Kind(StrEnum):
    """Reasons for a difference, in the order shown."""

    BEFORE_TAX = "before_tax"
    WITH_PENDING = "with_pending"
    WITHOUT_REFUNDS = "without_refunds"
    CALENDAR_MONTH = "calendar_month"
    PERIOD_BEFORE = "period_before"
    PERIOD_AFTER = "period_after"
    OTHER_CONTRACT = "other_contract"
    ALL_CONTRACTS = "all_contracts"
    OTHER_BILL = "other_bill"


@dataclass(frozen=True)
class OtherTotal:
    """Total of another contract of the subscriber on the same month's bill."""

    contract_id: str
    name: str
    total: Decimal


@dataclass(frozen=True)
class Candidate:
    """Entry that the bill may count differently from the app, and the resulting change."""

    entry: Purchase
    change: Decimal
    """Change of the period's total; negative if the entry is on another bill."""


@dataclass(frozen=True)
class Explanation:
    """Figure that equals the printed amount."""

    kind: Kind
    month: date | None = None
    """First day of the calendar month."""
    period: BillingPeriod | None = None
    contract: str = ""
    """Name of the other contract."""
    entries: tuple[Candidate, ...] = ()
    """Entries on another bill, according to the backend."""


@dataclass(frozen=True)
class Moved:
    """Combinations of entries that explain the difference by the same amounts."""

    changes: tuple[Decimal, ...]
    ways: tuple[tuple[Candidate, ...], ...]


@dataclass(frozen=True)
class Reconciliation:
    """Result of a comparison with a printed amount."""

    printed: Decimal
    total: Decimal
    named: tuple[Explanation, ...] = ()
    moved: tuple[Moved, ...] = ()
    """Smallest combinations first."""
    candidates: tuple[Candidate, ...] = ()
    """All combined entries, nearest to an edge first."""
    bounded: bool = False
    """True if there are more entries to combine than `candidates`."""
    partial: bool = False
    """True if some entries of the periods are unknown."""

    @property
    def gap(self) -> Decimal:
        """Printed amount minus the app's total."""
        return self.printed - self.total

    @property
    def identical(self) -> bool:
        """True if both amounts are equal."""
        return not self.gap

    @property
    def several(self) -> bool:
        """True if more than one explanation fits."""
        return len(self.named) + len(self.moved) > 1


def reconcile(
    ledger: Ledger, period_id: str, printed: Decimal, others: Sequence[OtherTotal] | None = ()
) -> Reconciliation | None:
    """Return the explanations of a bill's printed amount; None if the period is unknown.

    Args:
        others: totals of the other contracts on the same bill; None if some are unknown.
    """
    known = next((one for one in ledger.periods if one.period.period_id == period_id), None)
    if known is None:
        return None
    period, total = known.period, known.period.total.amount
    before, after = _beside(ledger, period, -1), _beside(ledger, period, 1)
    partial = any(not whole(one) for one in (before, known, after) if one is not None)
    if printed == total:
        return Reconciliation(printed, total, partial=partial)
    figures = _figures(ledger, known, before, after, others)
    named = tuple(one for figure, one in figures if figure == printed)
    every = _candidates(ledger, known, [one for one in (before, after) if one is not None])
    candidates = tuple(every[:MOST_CANDIDATES])
    return Reconciliation(
        printed,
        total,
        named,
        combinations(candidates, printed - total),
        candidates,
        bounded=len(every) > len(candidates),
        partial=partial,
    )


_AMOUNT = re.compile(r"([-\u2212]?)(\d{1,7})(?:[.,](\d{1,2}))?")


def read_amount(typed: str) -> Decimal | None:
    """Return a typed amount, such as `12,4` or `€1 234.56`; None if it is invalid."""
    match = _AMOUNT.fullmatch("".join(typed.replace("€", "").split()))
    if match is None:
        return None
    sign = "-" if match[1] else ""
    return Decimal(f"{sign}{int(match[2])}.{(match[3] or '').ljust(2, '0')}")


def whole(one: PeriodEntries) -> bool:
    """Return whether all entries of a period are known."""
    return not (one.partial or one.unreadable)


def combinations(candidates: Sequence[Candidate], gap: Decimal) -> tuple[Moved, ...]:
    """Return all sets of at most three candidates whose changes sum to the gap, grouped by amounts."""
    cents = [int(one.change.scaleb(2)) for one in candidates]
    ways: dict[tuple[Decimal, ...], list[tuple[Candidate, ...]]] = {}
    for ranks in _sets(cents, int(gap.scaleb(2))):
        found = tuple(candidates[rank] for rank in ranks)
        ways.setdefault(tuple(sorted(one.change for one in found)), []).append(found)
    ordered = sorted(ways, key=lambda changes: (len(changes), changes))
    return tuple(Moved(changes, tuple(ways[changes])) for changes in ordered)


def _sets(cents: Sequence[int], wanted: int) -> Iterator[tuple[int, ...]]:
    """Yield the ranks of one, two and three amounts that sum to `wanted`, smallest sets first.

    A set that contains a smaller solution is left out: its other amounts sum to zero.
    """
    at: dict[int, list[int]] = {}
    for rank, one in enumerate(cents):
        at.setdefault(one, []).append(rank)
    yield from ((rank,) for rank in at.get(wanted, ()))
    for first, one in enumerate(cents):
        yield from ((first, last) for last in at.get(wanted - one, ()) if last > first)
    for first, one in enumerate(cents):
        for second in range(first + 1, len(cents)):
            two, rest = cents[second], wanted - one - cents[second]
            if wanted not in (one, two, rest):
                yield from ((first, second, last) for last in at.get(rest, ()) if last > second)


def _figures(
    ledger: Ledger,
    known: PeriodEntries,
    before: PeriodEntries | None,
    after: PeriodEntries | None,
    others: Sequence[OtherTotal] | None,
) -> Iterator[tuple[Decimal, Explanation]]:
    """Yield each figure that a bill may show, with its name."""
    period, total = known.period, known.period.total.amount
    if whole(known):
        yield from _within(known)
    elif period.pending_total.amount:
        yield total + period.pending_total.amount, Explanation(Kind.WITH_PENDING)
    for month in dict.fromkeys((period.end_date.replace(day=1), period.start_date.replace(day=1))):
        clocks = two_clocks(ledger, month)
        if clocks is not None and clocks.over:
            yield clocks.month_total, Explanation(Kind.CALENDAR_MONTH, month=month)
    for kind, one in ((Kind.PERIOD_BEFORE, before), (Kind.PERIOD_AFTER, after)):
        if one is not None:
            yield one.period.total.amount, Explanation(kind, period=one.period)
    for other in others or ():
        yield other.total, Explanation(Kind.OTHER_CONTRACT, contract=other.name)
    if others:
        yield total + sum((one.total for one in others), NOTHING), Explanation(Kind.ALL_CONTRACTS)
    moved = _told(ledger, period)
    if moved:
        yield total + sum((one.change for one in moved), NOTHING), Explanation(Kind.OTHER_BILL, entries=moved)


def _within(known: PeriodEntries) -> Iterator[tuple[Decimal, Explanation]]:
    """Yield the figures computed from the entries of the period alone."""
    total = known.period.total.amount
    charged = [one for one in known.entries if counted(one)]
    taxes = [one.tax_amount.amount for one in charged if one.tax_amount is not None]
    if taxes and len(taxes) == len(charged):
        yield total - sum(taxes, NOTHING), Explanation(Kind.BEFORE_TAX)
    if known.period.pending_total.amount:
        yield total + known.period.pending_total.amount, Explanation(Kind.WITH_PENDING)
    refunds = [counted(one) for one in charged if one.entry_type is EntryType.REFUND]
    if refunds:
        yield total - sum(refunds, NOTHING), Explanation(Kind.WITHOUT_REFUNDS)


def _told(ledger: Ledger, period: BillingPeriod) -> tuple[Candidate, ...]:
    """Return the period's entries on other bills, and other periods' entries on this bill."""
    moved = []
    for entry in ledger.entries:
        own, here = entry.period_id == period.period_id, entry.bill_month == period.bill_month
        if own != here and counted(entry):
            moved.append(Candidate(entry, -counted(entry) if own else counted(entry)))
    return tuple(moved)


def _candidates(ledger: Ledger, known: PeriodEntries, neighbors: Sequence[PeriodEntries]) -> list[Candidate]:
    """Return the entries that may be on another bill than in the app, nearest to an edge first."""
    edges = known.period.start_date, known.period.end_date
    found: list[tuple[int, Candidate]] = []
    for one in (known, *neighbors):
        for entry in one.entries:
            status = entry.payment_status
            if not entry.amount.amount or not (status.pending or status is PaymentStatus.SUCCEEDED):
                continue
            day = ledger.day(entry)
            if day > known.period.end_date + NEAR:
                continue  # the bill was closed before
            away = min(abs((day - edge).days) for edge in edges)
            if away > NEAR.days and not status.pending and entry.entry_type is not EntryType.REFUND:
                continue
            counts_here = one is known and not status.pending
            change = -entry.amount.amount if counts_here else entry.amount.amount
            found.append((away, Candidate(entry, change)))
    return [one for _, one in sorted(found, key=lambda each: (each[0], each[1].entry.payment_id))]


def _beside(ledger: Ledger, period: BillingPeriod, direction: int) -> PeriodEntries | None:
    """Return the period before (-1) or after (1) another period."""
    day = (period.start_date if direction < 0 else period.end_date) + direction * timedelta(days=1)
    return _holding(ledger, day)


@dataclass(frozen=True)
class TwoClocks:
    """Bill and calendar month: the entries of each that are not in the other."""

    period: BillingPeriod
    """Period that ends in the month."""
    first: date
    last: date
    """Days of the calendar month, both included."""
    bill_total: Decimal
    outside_month: tuple[Purchase, ...]
    """Entries of the bill before the month."""
    outside_bill: tuple[Purchase, ...]
    """Entries of the month after the period."""
    month_total: Decimal
    over: bool
    """True once the month has ended."""

    @property
    def before(self) -> Decimal:
        """Part of the bill from before the month."""
        return total(self.outside_month)

    @property
    def after(self) -> Decimal:
        """Part of the month on the next bill."""
        return total(self.outside_bill)


def two_clocks(ledger: Ledger, month: date) -> TwoClocks | None:
    """Return the calendar month of a day beside the bill that ends in it; None if entries are unknown."""
    first = month.replace(day=1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    known = next((one for one in ledger.periods if first <= one.period.end_date <= last), None)
    if known is None or not whole(known):
        return None
    reached = min(last, ledger.today)
    after = None
    if known.period.end_date < reached:
        after = _holding(ledger, reached)
        if after is None or not whole(after):
            return None
    outside_month = tuple(one for one in known.entries if counted(one) and ledger.day(one) < first)
    outside_bill = tuple(
        one for one in (after.entries if after else ()) if counted(one) and ledger.day(one) <= last
    )
    bill = known.period.total.amount
    return TwoClocks(
        known.period,
        first,
        last,
        bill,
        outside_month,
        outside_bill,
        bill - total(outside_month) + total(outside_bill),
        over=ledger.today > last,
    )


def total(entries: Iterable[Purchase]) -> Decimal:
    """Return the part of entries in the totals of their periods."""
    return sum(map(counted, entries), NOTHING)


def _holding(ledger: Ledger, day: date) -> PeriodEntries | None:
    return next((one for one in ledger.periods if one.period.start_date <= day <= one.period.end_date), None)
