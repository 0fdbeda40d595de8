"""History of one contract beyond the periods that the backend serves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import flet as ft

from services.client.cache import Reading
from services.documents.archive import MOST_ENTRIES, Archive, ArchiveRefused, RefusalReason
from services.domain.errors import NotFound, Unavailable, Unreachable
from services.domain.models import Answer, BillingPeriod, Filter, PeriodState, Purchase, PurchasePage
from services.insights.history import History, history_of, merge, page_of
from services.insights.ledger import Ledger, PackedPeriod, PeriodEntries
from services.insights.marks import Mark

T = TypeVar("T")
MOST_ON_THE_WEB = 2_000
"""Limit of the imported entries of a session on the web, whose visitors share the memory of one process."""
EMPTY = History().packed()
_IMPORTED = Mark(imported=True)


@ft.observable
@dataclass(eq=False)
class HistoryState:
    """Imported periods of one contract, in memory for this visit. The backend's answers outrank them.

    The entries are compressed: on the web, sessions share the memory of one process.
    """

    most_entries: int = MOST_ENTRIES
    """Limit of the imported entries."""
    packed: bytes = EMPTY
    """All imported periods, compressed."""
    older: tuple[PackedPeriod, ...] = ()
    """Imported periods that the backend does not serve, newest first."""
    _at: Mapping[str, datetime] = field(default_factory=dict)
    """Time of each period's file, by period id."""
    _marks: Mapping[str, Mark] = field(default_factory=dict)

    def import_archive(self, archive: Archive) -> int:
        """Merge the ended periods of an archive into the history; return their number.

        Raises:
            ArchiveRefused: the history would have too many entries; it is unchanged.
        """
        periods = [
            PeriodEntries(one.period, one.entries)
            for each in archive.contracts
            for one in each.periods
            if one.period.state in (PeriodState.CLOSED, PeriodState.BILLED)
        ]
        merged = merge(History.unpacked(self.packed), history_of(periods, archive.exported_at))
        if len(merged.entries) > self.most_entries:
            raise ArchiveRefused(RefusalReason.TOO_MANY)
        self._replace(merged)
        return len(periods)

    def clear(self) -> None:
        """Drop the imported periods."""
        self._replace(History())

    def exclude_served(self, served: Ledger) -> None:
        """Leave out the periods and entries that the backend serves."""
        if self.packed != EMPTY:
            self._show(History.unpacked(self.packed), served.known)

    def extended(self, ledger: Ledger) -> Ledger:
        """Return the ledger with the older periods."""
        served = {one.period.period_id for one in ledger.known}
        further = (one.unpacked() for one in self.older if one.period.period_id not in served)
        return Ledger((*ledger.known, *further), ledger.zone, ledger.today)

    def period(self, period_id: str | None) -> BillingPeriod | None:
        """Return an older period."""
        return next((one.period for one in self.older if one.period.period_id == period_id), None)

    def imported_at(self, period_id: str) -> datetime:
        """Return the time of the file of an older period."""
        return self._at[period_id]

    def page(
        self, period_id: str, kind: Filter | None, number: int, per_page: int
    ) -> Answer[PurchasePage] | None:
        """Return a page of an older period, in the form of the backend's answers."""
        for one in self.older:
            if one.period.period_id == period_id:
                return Answer(page_of(one.unpacked(), kind, number, per_page), self._at[period_id])
        return None

    def entry(self, payment_id: str) -> Answer[Purchase] | None:
        """Return an entry of an older period, in the form of the backend's answers."""
        if not self.imported(payment_id):
            return None
        entries = (entry for one in self.older for entry in one.unpacked().entries)
        found = next(entry for entry in entries if entry.payment_id == payment_id)
        return Answer(found, self._at[found.period_id])

    def with_fallback(self, served: Reading[T], imported: Callable[[], Answer[T] | None]) -> Reading[T]:
        """Return a reading that gives `imported` if the backend has no data, or does not answer."""

        async def ask() -> Answer[T]:
            try:
                return await served
            except (NotFound, Unreachable, Unavailable):
                answer = imported()
                if answer is None:
                    raise
                return answer

        return Reading(lambda: served.known, ask)

    def imported(self, payment_id: str) -> bool:
        """Return whether an entry is only known from a file."""
        return payment_id in self._marks

    @property
    def marks(self) -> Mapping[str, Mark]:
        """Marks of the imported purchases, by payment id."""
        return self._marks

    def _replace(self, history: History) -> None:
        """Show other periods; observers of `packed` then leave out those that the backend serves."""
        self._show(history, ())
        self.packed = history.packed()

    def _show(self, history: History, served: Sequence[PeriodEntries]) -> None:
        older = history.unserved(served)
        self._at = {name: one.at for name, one in history.periods.items()}
        self._marks = {entry.payment_id: _IMPORTED for one in older for entry in one.entries}
        packed = tuple(map(PackedPeriod.of, older))
        if packed != self.older:
            self.older = packed
