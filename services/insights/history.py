"""History of one contract: imported and kept periods, and the merge of two histories."""

from __future__ import annotations

import zlib
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct, structs

from services.domain.models import BillingPeriod, Filter, Money, Pagination, Purchase, PurchasePage
from services.insights.ledger import NOTHING, PeriodEntries, charged, counted, in_order
from services.insights.search import of_kind

R = TypeVar("R", bound=Struct)


class Origin(IntEnum):
    """Origin of a record. The higher one outranks the other; the backend's answers outrank both."""

    FILE = 0
    """A file that the user imported."""
    DEVICE = 1
    """An answer of the backend to this device."""


@dataclass(frozen=True)
class Versioned(Generic[R]):
    """Record of the backend, with the time at which the backend gave it."""

    value: R
    at: datetime
    origin: Origin = Origin.FILE

    def newer(self, other: Versioned[R] | None) -> Versioned[R]:
        """Return the version of the higher origin, else the later one; the same one in any order."""
        if other is None or self == other:
            return self
        ranks = [(one.origin, one.at, msgspec.json.encode(one.value)) for one in (self, other)]
        return self if ranks[0] >= ranks[1] else other


class _Packed(Struct):
    periods: dict[str, tuple[BillingPeriod, datetime, Origin]]
    entries: dict[str, tuple[Purchase, datetime, Origin]]


@dataclass(frozen=True)
class History:
    """Imported and kept periods and entries of one contract, each by its id."""

    periods: Mapping[str, Versioned[BillingPeriod]] = field(default_factory=dict)
    entries: Mapping[str, Versioned[Purchase]] = field(default_factory=dict)

    @classmethod
    def unpacked(cls, packed: bytes) -> History:
        """Return the history that `packed` has compressed."""
        decoded = msgspec.json.decode(zlib.decompress(packed), type=_Packed)
        return cls(
            {name: Versioned(*one) for name, one in decoded.periods.items()},
            {name: Versioned(*one) for name, one in decoded.entries.items()},
        )

    def packed(self) -> bytes:
        """Return the history compressed: about 50 bytes an entry, which has 1,000 as an object."""
        flat = _Packed(
            {name: (one.value, one.at, one.origin) for name, one in self.periods.items()},
            {name: (one.value, one.at, one.origin) for name, one in self.entries.items()},
        )
        return zlib.compress(msgspec.json.encode(flat))

    def holds(self, one: PeriodEntries) -> bool:
        """Return whether this device has kept a period, and its entries, as they are."""
        records = [
            (self.periods.get(one.period.period_id), one.period),
            *((self.entries.get(entry.payment_id), entry) for entry in one.entries),
        ]
        return all(
            record and record.origin is Origin.DEVICE and record.value == value for record, value in records
        )

    def of_device(self) -> History:
        """Return the history without the records of files."""
        return History(_of_device(self.periods), _of_device(self.entries))

    def unserved(self, served: Sequence[PeriodEntries]) -> tuple[PeriodEntries, ...]:
        """Return the periods that the backend no longer serves, newest first.

        An entry that the backend serves in another period is left out, so that no entry counts twice.
        """
        if not self.periods:
            return ()
        periods = {one.period.period_id for one in served}
        elsewhere = {entry.payment_id for one in served for entry in one.entries}
        unserved: dict[str, list[Purchase]] = {name: [] for name in self.periods if name not in periods}
        for name, one in self.entries.items():
            if name not in elsewhere and one.value.period_id in unserved:
                unserved[one.value.period_id].append(one.value)
        return tuple(
            _summed(self.periods[name].value, in_order(unserved[name]))
            for name in sorted(unserved, reverse=True)
        )


def history_of(periods: Iterable[PeriodEntries], at: datetime, origin: Origin = Origin.FILE) -> History:
    """Return the history with these periods."""
    listed = tuple(periods)
    return History(
        {one.period.period_id: Versioned(one.period, at, origin) for one in listed},
        {entry.payment_id: Versioned(entry, at, origin) for one in listed for entry in one.entries},
    )


def merge(one: History, other: History) -> History:
    """Return the merge of two histories, record by record.

    Associative, commutative and idempotent: the order of imports does not matter.
    """
    return History(_best(one.periods, other.periods), _best(one.entries, other.entries))


def trimmed(history: History, largest: int) -> tuple[History, int]:
    """Return the history without its oldest periods, so that it is packed in `largest` bytes.

    Returns:
        The history, and the number of the dropped periods.
    """
    names = sorted(history.periods)

    def without(count: int) -> History:
        periods = {name: history.periods[name] for name in names[count:]}
        entries = {name: one for name, one in history.entries.items() if one.value.period_id in periods}
        return History(periods, entries)

    if len(history.packed()) <= largest:
        return history, 0
    counts = range(1, len(names))
    dropped = 1 + bisect_left(counts, True, key=lambda count: len(without(count).packed()) <= largest)
    return without(dropped), dropped


def page_of(imported: PeriodEntries, kind: Filter | None, number: int, per_page: int) -> PurchasePage:
    """Return a page of an imported period, newest first, in the form of the backend's pages."""
    entries = [entry for entry in reversed(imported.entries) if of_kind(entry, kind)]
    pagination = Pagination(
        page=number,
        per_page=per_page,
        total_count=len(entries),
        total_pages=-(-len(entries) // per_page),
    )
    items = tuple(entries[(number - 1) * per_page : number * per_page])
    return PurchasePage(period=imported.period, items=items, pagination=pagination)


def _of_device(records: Mapping[str, Versioned[R]]) -> dict[str, Versioned[R]]:
    return {name: one for name, one in records.items() if one.origin is Origin.DEVICE}


def _best(one: Mapping[str, Versioned[R]], other: Mapping[str, Versioned[R]]) -> dict[str, Versioned[R]]:
    best = dict(one)
    for name, version in other.items():
        best[name] = version.newer(best.get(name))
    return best


def _summed(period: BillingPeriod, entries: tuple[Purchase, ...]) -> PeriodEntries:
    """Return a period with the sums of its entries, which a merge may have changed."""
    total = sum(map(counted, entries), NOTHING)
    pending = sum((one.amount.amount for one in entries if one.payment_status.pending), NOTHING)
    if (total, pending) != (period.total.amount, period.pending_total.amount):
        period = structs.replace(
            period,
            total=Money(amount=total),
            pending_total=Money(amount=pending),
            purchase_count=sum(map(charged, entries)),
        )
    return PeriodEntries(period, entries)
