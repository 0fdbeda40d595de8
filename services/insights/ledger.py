"""Ledger of one contract: billing periods and their entries, as of one day."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from zoneinfo import ZoneInfo

import msgspec

from services.domain.models import BillingPeriod, EntryType, PaymentStatus, PeriodState, Purchase

NOTHING = Decimal("0.00")


@dataclass(frozen=True)
class PeriodEntries:
    """Billing period and its entries, oldest first."""

    period: BillingPeriod
    entries: tuple[Purchase, ...]
    partial: bool = False
    """True if the period has more entries than were read: these are its newest."""
    unreadable: int = 0
    """Number of entries that this version of the app cannot read.

    An entry of unknown status counts, although `entries` has it.
    """


@dataclass(frozen=True)
class PackedPeriod:
    """Billing period with its entries compressed: about 50 bytes an entry, which has 1,000 as an object."""

    period: BillingPeriod
    packed: bytes
    partial: bool
    unreadable: int

    @classmethod
    def of(cls, one: PeriodEntries) -> PackedPeriod:
        """Return a period with its entries compressed."""
        packed = zlib.compress(msgspec.json.encode(one.entries))
        return cls(one.period, packed, one.partial, one.unreadable)

    def unpacked(self) -> PeriodEntries:
        """Return the period with its entries."""
        entries = msgspec.json.decode(zlib.decompress(self.packed), type=tuple[Purchase, ...])
        return PeriodEntries(self.period, entries, self.partial, self.unreadable)


@dataclass(frozen=True, eq=False)
class PackedLedger:
    """Ledger with its entries compressed, for a session whose screen does not show them."""

    known: tuple[PackedPeriod, ...]
    zone: ZoneInfo
    """Time zone of the contract's days."""
    today: date
    """Today's date by the backend's clock."""

    @property
    def partial(self) -> bool:
        """True if a period has more entries than were read."""
        return any(one.partial for one in self.known)

    @property
    def unreadable(self) -> int:
        """Number of entries that this version of the app cannot read."""
        return sum(one.unreadable for one in self.known)

    def unpacked(self) -> Ledger:
        """Return the ledger with its entries."""
        return Ledger(tuple(one.unpacked() for one in self.known), self.zone, self.today)


@dataclass(frozen=True, eq=False)
class Ledger:
    """Periods of one contract, their entries, and today's date. The order of the periods does not matter."""

    known: tuple[PeriodEntries, ...]
    zone: ZoneInfo
    """Time zone of the contract's days."""
    today: date
    """Today's date by the backend's clock."""

    @cached_property
    def periods(self) -> tuple[PeriodEntries, ...]:
        """The periods, newest first."""
        return tuple(sorted(self.known, key=lambda one: one.period.start_date, reverse=True))

    @cached_property
    def entries(self) -> tuple[Purchase, ...]:
        """All entries, oldest first."""
        return in_order(entry for one in self.known for entry in one.entries)

    @cached_property
    def charges(self) -> tuple[Purchase, ...]:
        """All entries that count as charges, oldest first."""
        return tuple(entry for entry in self.entries if counts(entry))

    @cached_property
    def charge_by_id(self) -> dict[str, Purchase]:
        """All entries that count as charges, by id."""
        return {entry.payment_id: entry for entry in self.charges}

    @property
    def current(self) -> PeriodEntries | None:
        """The current period; the newest if this version does not know its state."""
        newest = self.periods[0] if self.periods else None
        if newest is not None and newest.period.state in (PeriodState.OPEN, PeriodState.OTHER):
            return newest
        return None

    @cached_property
    def recent(self) -> frozenset[str]:
        """Ids of the entries in the current and the previous period."""
        return frozenset(entry.payment_id for one in self.periods[:2] for entry in one.entries)

    @cached_property
    def known_since(self) -> date | None:
        """First day from which all entries are known; None if there is none."""
        since: date | None = None
        for one in self.periods:
            if since is not None and one.period.end_date + timedelta(days=1) != since:
                break
            if one.unreadable:
                return since
            if one.partial:
                days = [self.day(entry) for entry in one.entries]
                return min(days) + timedelta(days=1) if days else since
            since = one.period.start_date
        return since

    @property
    def partial(self) -> bool:
        """True if a period has more entries than were read."""
        return any(one.partial for one in self.known)

    @cached_property
    def refunded(self) -> dict[str, Decimal]:
        """Refunds of each entry, by its id: its own field or the sum of its refunds, the larger one."""
        sums: dict[str, Decimal] = {}
        for entry in self.entries:
            if (
                entry.refund_of
                and entry.entry_type is EntryType.REFUND
                and entry.payment_status is PaymentStatus.SUCCEEDED
            ):
                sums[entry.refund_of] = sums.get(entry.refund_of, NOTHING) + abs(entry.amount.amount)
        for entry in self.entries:
            if entry.refunded_amount is not None:
                refunded = abs(entry.refunded_amount.amount)
                sums[entry.payment_id] = max(refunded, sums.get(entry.payment_id, NOTHING))
        return sums

    @property
    def unreadable(self) -> int:
        """Number of entries that this version of the app cannot read."""
        return sum(one.unreadable for one in self.known)

    def day(self, entry: Purchase) -> date:
        """Return the day of an entry in the contract's time zone."""
        return entry.payment_date.astimezone(self.zone).date()

    def kept(self, entry: Purchase) -> Decimal:
        """Return the amount of an entry, less its refunds."""
        return max(NOTHING, entry.amount.amount - self.refunded.get(entry.payment_id, NOTHING))

    def refunded_whole(self, entry: Purchase) -> bool:
        """Return whether an entry was refunded in full."""
        return self.refunded.get(entry.payment_id, NOTHING) >= entry.amount.amount


def in_order(entries: Iterable[Purchase]) -> tuple[Purchase, ...]:
    """Return entries oldest first, in the contract's order."""
    return tuple(sorted(entries, key=lambda entry: (entry.payment_date, entry.payment_id)))


def charged(entry: Purchase) -> bool:
    """Return whether an entry is a purchase, of any amount, that succeeded or is pending."""
    accepted = entry.payment_status is PaymentStatus.SUCCEEDED or entry.payment_status.pending
    return entry.entry_type is EntryType.PURCHASE and accepted


def counts(entry: Purchase) -> bool:
    """Return whether an entry is a purchase of more than 0.00 that succeeded or is pending."""
    return charged(entry) and entry.amount.amount > 0


def counted(entry: Purchase) -> Decimal:
    """Return the part of an entry in the total of its period, by the contract's rule."""
    return entry.amount.amount if entry.payment_status is PaymentStatus.SUCCEEDED else NOTHING


def sum_of(entries: Iterable[Purchase]) -> Decimal | None:
    """Return the sum of accepted entries, less refunds; None if an entry has an unknown status."""
    summed = tuple(entries)
    if any(entry.payment_status is PaymentStatus.OTHER for entry in summed):
        return None
    return sum(map(counted, summed), NOTHING)
