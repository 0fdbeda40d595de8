"""History of one contract beyond the periods that the backend serves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import flet as ft

from services.client.cache import Reading
from services.documents.archive import MOST_ENTRIES, Archive, ArchiveRefused, RefusalReason
from services.domain.errors import NotFound, Unavailable, Unreachable
from services.domain.models import Answer, BillingPeriod, Filter, PeriodState, Purchase, PurchasePage
from services.insights.history import History, Origin, Versioned, history_of, merge, page_of
from services.insights.ledger import Ledger, PackedPeriod, PeriodEntries
from services.insights.marks import Mark

T = TypeVar("T")
MOST_ON_THE_WEB = 2_000
"""Limit of the imported entries of a session on the web, whose visitors share the memory of one process."""
EMPTY = History().packed()
_IMPORTED = Mark(imported=True)
Change = Callable[[History], History]


async def _not_kept(_change: Change) -> History | None:
    return None


@ft.observable
@dataclass(eq=False)
class HistoryState:
    """Imported and kept periods of one contract. The backend's answers outrank them.

    They are in memory for this visit, and on the device if the subscriber asked for it (`write`).

    The entries are compressed: on the web, sessions share the memory of one process.
    """

    most_entries: int = MOST_ENTRIES
    """Limit of the imported entries."""
    write: Callable[[Change], Awaitable[History | None]] = _not_kept
    """Changes the history kept on this device; returns it, or None if nothing was written."""
    packed: bytes = EMPTY
    """All these periods, compressed."""
    older: tuple[PackedPeriod, ...] = ()
    """Periods that the backend does not serve, newest first."""
    _origins: Mapping[str, Versioned[BillingPeriod]] = field(default_factory=dict)
    """Version of each period, by its id."""
    _held: frozenset[str] = frozenset()
    """Ids of the entries of the older periods."""
    _marks: Mapping[str, Mark] = field(default_factory=dict)

    async def import_archive(self, archive: Archive) -> int:
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
        imported = history_of(periods, archive.exported_at)
        if len(merge(History.unpacked(self.packed), imported).entries) > self.most_entries:
            raise ArchiveRefused(RefusalReason.TOO_MANY)
        await self._apply(lambda held: merge(held, imported))
        return len(periods)

    async def keep(self, ledger: Sequence[PackedPeriod], at: datetime) -> None:
        """Keep the whole billed periods of the backend on this device, as of the time of its answer."""
        held = History.unpacked(self.packed)
        whole = [
            one.unpacked()
            for one in ledger
            if one.period.state is PeriodState.BILLED and not one.partial and not one.unreadable
        ]
        if new := [one for one in whole if not held.holds(one)]:
            kept = history_of(new, at, Origin.DEVICE)
            await self._apply(lambda held: merge(held, kept))

    async def save(self) -> None:
        """Write the periods in memory to the device, whose history has just been turned on."""
        await self._apply(lambda held: held)

    async def clear(self) -> None:
        """Drop the imported periods."""
        await self._apply(History.of_device)

    def show(self, history: History) -> None:
        """Show only these periods."""
        self._replace(history)

    def exclude_served(self, served: Sequence[PeriodEntries]) -> None:
        """Leave out the periods and entries that the backend serves."""
        if self.packed != EMPTY:
            self._show(History.unpacked(self.packed), served)

    def extended(self, ledger: Ledger) -> Ledger:
        """Return the ledger with the older periods."""
        served = {one.period.period_id for one in ledger.known}
        further = (one.unpacked() for one in self.older if one.period.period_id not in served)
        return Ledger((*ledger.known, *further), ledger.zone, ledger.today)

    def period(self, period_id: str | None) -> BillingPeriod | None:
        """Return an older period."""
        return next((one.period for one in self.older if one.period.period_id == period_id), None)

    def version(self, period_id: str) -> Versioned[BillingPeriod]:
        """Return an older period with its origin and time."""
        return self._origins[period_id]

    @property
    def has_imports(self) -> bool:
        """Whether an older period comes from a file."""
        return any(self._origins[one.period.period_id].origin is Origin.FILE for one in self.older)

    def page(
        self, period_id: str, kind: Filter | None, number: int, per_page: int
    ) -> Answer[PurchasePage] | None:
        """Return a page of an older period, in the form of the backend's answers."""
        for one in self.older:
            if one.period.period_id == period_id:
                return Answer(page_of(one.unpacked(), kind, number, per_page), self._origins[period_id].at)
        return None

    def kept_page(
        self, period_id: str, kind: Filter | None, number: int, per_page: int
    ) -> Answer[PurchasePage] | None:
        """Return a page of a period kept on this device, served or not."""
        kept = History.unpacked(self.packed).of_device()
        for one in kept.unserved(()):
            if one.period.period_id == period_id:
                return Answer(page_of(one, kind, number, per_page), kept.periods[period_id].at)
        return None

    def entry(self, payment_id: str) -> Answer[Purchase] | None:
        """Return an entry of an older period, in the form of the backend's answers."""
        if payment_id not in self._held:
            return None
        entries = (entry for one in self.older for entry in one.unpacked().entries)
        found = next(entry for entry in entries if entry.payment_id == payment_id)
        return Answer(found, self._origins[found.period_id].at)

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

    async def _apply(self, change: Change) -> None:
        """Change the history in memory, then on the device; both have the records of the two afterwards."""
        local = History.unpacked(self.packed)
        self._replace(change(local))
        written = await self.write(lambda held: change(merge(held, local)))
        if written is not None:
            self._replace(written)

    def _replace(self, history: History) -> None:
        """Show other periods; observers of `packed` then leave out those that the backend serves."""
        packed = history.packed()
        if packed != self.packed:
            self._show(history, ())
            self.packed = packed

    def _show(self, history: History, served: Sequence[PeriodEntries]) -> None:
        older = history.unserved(served)
        self._origins = history.periods
        self._held = frozenset(entry.payment_id for one in older for entry in one.entries)
        self._marks = {name: _IMPORTED for name in self._held if history.entries[name].origin is Origin.FILE}
        packed = tuple(map(PackedPeriod.of, older))
        if packed != self.older:
            self.older = packed
