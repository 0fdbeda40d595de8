"""Purchases of one contract: its six periods, the period on screen, the pages of its list."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import partial
from types import MappingProxyType
from zoneinfo import ZoneInfo

import flet as ft

from services.client.backend import Backend
from services.client.cache import Reading
from services.client.single_flight import SingleFlight
from services.domain.errors import BackendError
from services.domain.models import (
    Answer,
    BillingPeriod,
    Contract,
    Filter,
    PaymentStatus,
    PeriodState,
    Purchase,
    PurchasePage,
)
from views.core.history import HistoryState
from views.core.loadable import Loadable, failures_to
from views.core.resource import Part, Resource
from views.purchases.list_window import ListWindow

PER_PAGE = 25
"""Rows per page. An ordinary period is one page; a phone shows about eight rows."""
PAGES_KEPT = 12
"""Maximum number of pages of a list in memory; evicted pages are fetched again when scrolled to."""
LISTS_KEPT = 12
"""Maximum number of lists (a period and a filter) in memory: the six periods and some filtered lists."""


@dataclass(frozen=True)
class Day:
    """Sum of one calendar day of a list, from the pages read so far."""

    total: Decimal | None = None
    """Sum of the charged and refunded entries; None if the day has no such entry."""
    complete: bool = False
    """False while an unread page may hold more entries of this day."""
    partial: bool = False
    """An unreadable entry may belong to this day."""


@dataclass(frozen=True)
class PurchaseList:
    """Immutable snapshot of the pages read of one period with one filter."""

    pages: Mapping[int, tuple[Purchase, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Entries by page number, from 1. Pages far from the viewport may be evicted."""
    unreadable: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))
    """Number of unreadable entries by page number."""
    days: Mapping[date, Day] = field(default_factory=lambda: MappingProxyType({}))
    last_read: int = 0
    """Last page such that all pages up to this page have been read."""
    total_pages: int = 0
    total_count: int = 0
    edition: int = 0
    """Number of rereads from the first page; pages of different editions are never mixed."""

    @property
    def whole(self) -> bool:
        return self.last_read >= self.total_pages

    @property
    def empty(self) -> bool:
        return self.total_count == 0

    def with_page(self, page: PurchasePage, zone: ZoneInfo) -> PurchaseList:
        """Return the list with one more page; days are summed in the order of the pages."""
        number = page.pagination.page
        pages = dict(self.pages) | {number: page.items}
        unreadable = dict(self.unreadable) | {number: page.unreadable}
        days = dict(self.days)
        last_read = self.last_read
        while last_read + 1 in pages:
            last_read += 1
            if unreadable[last_read] and days:  # the entry may belong to the last day of the previous page
                latest = next(reversed(days))
                days[latest] = replace(days[latest], partial=True)
            for purchase in pages[last_read]:
                day = local_day(purchase, zone)
                known = days.setdefault(day, Day())
                known = days[day] = replace(known, partial=known.partial or bool(unreadable[last_read]))
                if purchase.payment_status is PaymentStatus.SUCCEEDED:
                    days[day] = replace(known, total=(known.total or 0) + purchase.amount.amount)
        finished = last_read >= page.pagination.total_pages
        for day in list(days) if finished else list(days)[:-1]:
            days[day] = replace(days[day], complete=True)
        for far in sorted(pages, key=lambda n: abs(n - number))[PAGES_KEPT:]:
            del pages[far]
        return PurchaseList(
            pages=MappingProxyType(pages),
            unreadable=MappingProxyType(unreadable),
            days=MappingProxyType(days),
            last_read=last_read,
            total_pages=page.pagination.total_pages,
            total_count=page.pagination.total_count,
            edition=self.edition,
        )


def local_day(purchase: Purchase, zone: ZoneInfo) -> date:
    """Return the calendar day of a purchase in the billing time zone of the contract."""
    return purchase.payment_date.astimezone(zone).date()


@ft.observable
@dataclass(eq=False)
class PurchasesState:
    """State and actions of the home, usage and purchases screens for one contract."""

    backend: Backend
    contract: Contract
    history: HistoryState = field(default_factory=HistoryState)
    on_periods: Callable[[tuple[BillingPeriod, ...]], None] = lambda _: None
    """Receives the periods of each answer of the backend."""
    periods: Loadable[tuple[BillingPeriod, ...]] = field(default_factory=Loadable)
    """Billing periods, newest first."""
    period_id: str | None = None
    """Id of the period on screen; the current period until the user chooses another."""
    filter: Filter | None = None
    shown: Loadable[PurchaseList] = field(default_factory=Loadable)
    """List of `period_id` with `filter`."""
    window: ListWindow = field(default_factory=lambda: ListWindow(PER_PAGE))
    """Drawn part of `shown`."""
    refreshed: int = 0
    """Number of successful refreshes by the user."""
    _awaited: str | None = None
    """Period of the last address requested from the browser and not yet reported back."""
    _lists: dict[tuple[str, Filter | None], Loadable[PurchaseList]] = field(default_factory=dict)
    _reading: SingleFlight = field(default_factory=SingleFlight)
    """Reads in flight: all callers share a read, and a read completes even if its callers are canceled."""

    def __post_init__(self) -> None:
        self._periods = Resource(
            self,
            "periods",
            lambda: self.backend.billing_periods(self.contract.contract_id),
            on_answer=self._answered,
        )

    @property
    def parts(self) -> tuple[Part, ...]:
        return self._periods.part, (self.shown, self._retry)

    async def _answered(self, _before: object) -> None:
        self.on_periods(self.periods.data or ())

    async def _retry(self) -> None:
        """Read the list on screen again, or only the next page if the pages before are fresh."""
        if self.shown.data is None or self.shown.recalled or self.shown.data.whole:
            await self.open(self.period_id)
        else:
            await self.read_on()

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.contract.billing.time_zone)

    @property
    def current(self) -> BillingPeriod | None:
        """Period in progress; or the newest period, if this version does not know its state."""
        periods = self.periods.data or ()
        newest = periods[0] if periods and periods[0].state is PeriodState.OTHER else None
        return next((p for p in periods if p.state is PeriodState.OPEN), newest)

    @property
    def period(self) -> BillingPeriod | None:
        """Period on screen, served or imported; None until the periods are known."""
        served = next((p for p in self.periods.data or () if p.period_id == self.period_id), None)
        return served or self.older

    @property
    def older(self) -> BillingPeriod | None:
        """Imported period on screen, which the backend no longer serves."""
        served = {period.period_id for period in self.periods.data or ()}
        return None if self.period_id in served else self.history.period(self.period_id)

    @property
    def newest(self) -> BillingPeriod | None:
        """Period in progress; if there is none, the latest period."""
        return self.current or next(iter(self.periods.data or ()), None)

    def used_before(self, period: BillingPeriod) -> BillingPeriod | None:
        """Return the newest period before `period` with a purchase or a refund."""
        earlier = (p for p in self.periods.data or () if p.start_date < period.start_date)
        return next((p for p in earlier if p.used), None)

    async def load_periods(self) -> None:
        """Read the six periods."""
        self._periods.recall()
        await self._periods.load()

    async def open(self, period_id: str | None) -> None:
        """Show a period (None: the current period) and read its missing data."""
        if self.periods.data is None:
            self._periods.recall()
        if self.periods.data is None:
            await self.load_periods()
        elif self.periods.recalled:
            before = self.newest
            await asyncio.gather(self.load_periods(), self._open(period_id))
            if (
                period_id is not None
                or self.newest == before
                or self.period_id != (before and before.period_id)
            ):
                return
        await self._open(period_id)

    async def _open(self, period_id: str | None) -> None:
        if period_id is None and self.newest is not None:
            period_id = self.newest.period_id
        if period_id is None:
            return
        await self._show(period_id, self.filter)
        await self._read_ahead(period_id)

    @property
    def pending_period(self) -> str | None:
        """Period whose address the browser has not yet reported."""
        return self._awaited

    def expect_period(self, period_id: str | None) -> None:
        """Expect the browser to report the address of this period; None expects no address."""
        self._awaited = period_id

    def is_external_route(self, period_id: str | None) -> bool:
        """Return whether an incoming address comes from outside, not from a request of this state.

        An address that arrives before the expected address is older than the period on screen.
        """
        news = self._awaited is None
        if period_id == self._awaited:
            self._awaited = None
        return news

    async def choose_filter(self, kind: Filter | None) -> None:
        """Filter the list on screen by a kind; None removes the filter."""
        if self.period_id is None:
            self.filter = kind
            return
        await self._show(self.period_id, kind)

    def step(self, periods: int) -> str | None:
        """Return the id of the period `periods` steps newer than the period on screen, or None."""
        ids = [period.period_id for period in reversed(self.periods.data or ())]
        if self.period_id not in ids:
            return None
        index = ids.index(self.period_id) + periods
        return ids[index] if 0 <= index < len(ids) else None

    async def clear_filter(self) -> None:
        await self.choose_filter(None)

    async def read_window(self) -> None:
        """Read the pages of the list on screen that the window draws."""
        window, on_screen = self.window, (self.period_id, self.filter)
        for number in range(window.first, window.last + 1):
            if (self.period_id, self.filter) == on_screen:
                await self.read_page(number)

    async def read_on(self) -> None:
        """Read the page after the last read page (again, after a failure)."""
        await self.read_page((self.shown.data.last_read if self.shown.data else 0) + 1)

    async def read_page(self, number: int) -> None:
        """Read one page of the list on screen, unless the page is known; callers share a read in flight."""
        listed = self.shown.data
        if self.period_id is None or number < 1 or (listed and number in listed.pages):
            return
        if listed and listed.total_pages and number > listed.total_pages:
            return
        await self._read(self.period_id, self.filter, number)

    async def refresh(self) -> None:
        """Reload the periods and the list on screen; both stay on screen meanwhile."""
        if self.period_id is None:
            await self.open(None)
            return
        period_id, kind = self.period_id, self.filter
        await asyncio.gather(self.load_periods(), self._read(period_id, kind, 1, anew=True))
        if self.periods.error is None and self.shown.error is None:
            self.refreshed += 1

    async def settled(self) -> None:
        """Wait until no read is in flight."""
        await asyncio.gather(self._periods.settled(), self._reading.settled())

    def find(self, payment_id: str) -> Answer[Purchase] | None:
        """Return a purchase that one of the lists holds, with the age of its list."""
        for listed in (self.shown, *self._lists.values()):
            for page in listed.data.pages.values() if listed.data else ():
                for purchase in page:
                    if purchase.payment_id == payment_id and listed.at is not None:
                        return Answer(purchase, listed.at)
        return None

    async def _show(self, period_id: str, kind: Filter | None) -> None:
        known = self._list(period_id, kind)
        if (period_id, kind) != (self.period_id, self.filter):
            self.window.reset()
        self.period_id, self.filter = period_id, kind
        self._draw(known)
        if known.data is None or known.error is not None:
            await self._read(period_id, kind, 1, anew=known.data is not None)

    async def _read_ahead(self, period_id: str) -> None:
        """Prefetch the neighboring periods, so that the next switch is instant."""
        ids = [period.period_id for period in self.periods.data or ()]
        if period_id not in ids or self.shown.error is not None:
            return
        here = ids.index(period_id)
        neighbours = [ids[i] for i in (here + 1, here - 1) if 0 <= i < len(ids)]
        for neighbour in neighbours:
            if period_id != self.period_id:
                return
            if (neighbour, None) not in self._lists:
                await self._read(neighbour, None, 1)

    async def _read(self, period_id: str, kind: Filter | None, number: int, *, anew: bool = False) -> None:
        key = (period_id, kind, number, anew)
        await self._reading.run(key, lambda: self._fetch(period_id, kind, number, anew=anew))

    async def _fetch(self, period_id: str, kind: Filter | None, number: int, *, anew: bool) -> None:
        served = self.backend.purchases(
            self.contract.contract_id, period_id, kind=kind, page=number, per_page=PER_PAGE
        )
        imported = partial(self.history.page, period_id, kind, number, PER_PAGE)
        reading = self.history.with_fallback(served, imported)

        def fail(error: BackendError) -> None:
            listed = self._list(period_id, kind)
            known = reading.known or self.history.kept_page(period_id, kind, number, PER_PAGE)
            listed = self._continued(listed, known) if number > 1 else listed.started(self._begun(known))
            self._keep(period_id, kind, listed.failed(error))

        with failures_to(fail):
            await self._fetch_page(reading, period_id, kind, number, anew=anew)

    async def _fetch_page(
        self, reading: Reading[PurchasePage], period_id: str, kind: Filter | None, number: int, *, anew: bool
    ) -> None:
        before = self._list(period_id, kind)
        self._keep(period_id, kind, before.started(self._begun(reading.known) if number == 1 else None))
        asked = self._list(period_id, kind).data or PurchaseList()
        answer = await reading
        listed = self._list(period_id, kind)
        read = listed.data or PurchaseList()
        recalled = listed.recalled
        if anew or (recalled and number == 1):
            read, recalled = PurchaseList(edition=read.edition + 1), False
        elif read.edition != asked.edition:  # the list was reread: this page belongs to the old list
            if number <= read.last_read + 1:
                await self._fetch(period_id, kind, number, anew=False)
            return
        elif read.last_read and read.total_count != answer.value.pagination.total_count:
            await self._fetch(period_id, kind, 1, anew=True)  # new entries have shifted the pages
            return
        read = read.with_page(answer.value, self.zone)
        if recalled:  # the backend has not confirmed the first page yet
            self._keep(period_id, kind, replace(listed, data=read, loading=False))
        else:
            self._keep(period_id, kind, Loadable[PurchaseList]().answered(Answer(read, answer.at)))

    def _begun(self, page: Answer[PurchasePage] | None) -> Answer[PurchaseList] | None:
        """Return the list with only its first page, from the cache."""
        if page is None:
            return None
        return Answer(PurchaseList().with_page(page.value, self.zone), page.at)

    def _continued(
        self, listed: Loadable[PurchaseList], page: Answer[PurchasePage] | None
    ) -> Loadable[PurchaseList]:
        """Return the list with a cached page, if the page belongs to the list.

        The age of the list is then the age of its oldest page.
        """
        if page is None or listed.data is None or listed.at is None:
            return listed
        if listed.data.total_count != page.value.pagination.total_count:
            return listed
        data = listed.data.with_page(page.value, self.zone)
        return replace(listed, data=data, at=min(listed.at, page.at), recalled=True)

    def _list(self, period_id: str, kind: Filter | None) -> Loadable[PurchaseList]:
        """Return the stored part of a list."""
        return self._lists.get((period_id, kind), Loadable())

    def _keep(self, period_id: str, kind: Filter | None, listed: Loadable[PurchaseList]) -> None:
        self._lists.pop((period_id, kind), None)  # the newest list is last; the oldest is evicted first
        self._lists[period_id, kind] = listed
        on_screen = (self.period_id, self.filter)
        too_many = max(0, len(self._lists) - LISTS_KEPT)
        for oldest in [key for key in self._lists if key != on_screen][:too_many]:
            del self._lists[oldest]
        if (period_id, kind) == on_screen:  # else the user has left this list
            self._draw(listed)

    def _draw(self, listed: Loadable[PurchaseList]) -> None:
        self.shown = listed
        if listed.data is not None:
            self.window.reach(listed.data.last_read, listed.data.total_pages)
