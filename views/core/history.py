"""History of one contract beyond the periods that the backend serves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import flet as ft

from services.client.cache import Reading
from services.documents.archive import MOST_ENTRIES, Archive, ArchiveFault, FaultKind
from services.domain.errors import NotFound, Unavailable, Unreachable
from services.domain.models import Answer, Filter, PeriodState, Purchase, PurchasePage
from services.insights.history import History, history_of, merge, page_of
from services.insights.ledger import Ledger, PeriodEntries
from services.insights.marks import Mark

T = TypeVar("T")
MOST_ON_THE_WEB = 2_000
"""Limit of the imported entries of a session on the web, whose visitors share the memory of one process."""
_IMPORTED = Mark(imported=True)


@ft.observable
@dataclass(eq=False)
class HistoryState:
    """Imported periods of one contract, in memory for this visit. The backend's answers outrank them."""

    most_entries: int = MOST_ENTRIES
    """Limit of the imported entries."""
    kept: History = field(default_factory=History)
    older: tuple[PeriodEntries, ...] = ()
    """Kept periods that the backend does not serve, newest first."""

    def take_in(self, archive: Archive) -> int:
        """Merge the ended periods of an archive into the history; return their number.

        Raises:
            ArchiveFault: the history would have too many entries; it is unchanged.
        """
        periods = [
            PeriodEntries(one.period, one.entries)
            for each in archive.contracts
            for one in each.periods
            if one.period.state in (PeriodState.CLOSED, PeriodState.BILLED)
        ]
        merged = merge(self.kept, history_of(periods, archive.exported_at))
        if len(merged.entries) > self.most_entries:
            raise ArchiveFault(FaultKind.TOO_MANY)
        self._replace(merged)
        return len(periods)

    def forget(self) -> None:
        """Drop the imported periods."""
        self._replace(History())

    def outrank(self, served: Ledger) -> None:
        """Leave out the periods and entries that the backend serves."""
        self._show(self.kept.without(served.known))

    def extended(self, ledger: Ledger) -> Ledger:
        """Return the ledger with the older periods."""
        served = {one.period.period_id for one in ledger.known}
        further = (one for one in self.older if one.period.period_id not in served)
        return Ledger((*ledger.known, *further), ledger.zone, ledger.today)

    def period(self, period_id: str | None) -> PeriodEntries | None:
        """Return an older period."""
        return next((one for one in self.older if one.period.period_id == period_id), None)

    def page(
        self, period_id: str, kind: Filter | None, number: int, per_page: int
    ) -> Answer[PurchasePage] | None:
        """Return a page of an older period, in the form of the backend's answers."""
        kept = self.period(period_id)
        if kept is None:
            return None
        return Answer(page_of(kept, kind, number, per_page), self.kept.periods[period_id].at)

    def entry(self, payment_id: str) -> Answer[Purchase] | None:
        """Return an entry of an older period, in the form of the backend's answers."""
        kept = self.kept.entries.get(payment_id)
        return Answer(kept.value, kept.at) if kept and self.imported(payment_id) else None

    def instead_of(self, served: Reading[T], kept: Callable[[], Answer[T] | None]) -> Reading[T]:
        """Return a reading that gives `kept` if the backend does not serve the data, or does not answer."""

        async def ask() -> Answer[T]:
            try:
                return await served
            except (NotFound, Unreachable, Unavailable):
                answer = kept()
                if answer is None:
                    raise
                return answer

        return Reading(lambda: served.known, ask)

    def imported(self, payment_id: str) -> bool:
        """Return whether an entry is only known from a file."""
        kept = self.kept.entries.get(payment_id)
        return kept is not None and self.period(kept.value.period_id) is not None

    @property
    def marks(self) -> Mapping[str, Mark]:
        """Marks of the imported purchases, by payment id."""
        return {entry.payment_id: _IMPORTED for one in self.older for entry in one.entries}

    def _replace(self, kept: History) -> None:
        """Show other periods; observers of `kept` then leave out those that the backend serves."""
        self._show(kept.without(()))
        self.kept = kept

    def _show(self, older: tuple[PeriodEntries, ...]) -> None:
        if older != self.older:
            self.older = older
