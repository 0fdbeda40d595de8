"""The purchases of one contract: its six periods, the one on screen, its list page by page."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from zoneinfo import ZoneInfo

import flet as ft

from services.backend import Backend
from services.errors import BackendError
from services.models import (
    Answer,
    BillingPeriod,
    Contract,
    Filter,
    PaymentStatus,
    PeriodState,
    Purchase,
    PurchasePage,
)
from services.reads import Reading
from services.single_flight import SingleFlight
from views.core.loadable import Loadable, failures_to
from views.core.resource import Part, Resource
from views.purchases.list_window import ListWindow

PER_PAGE = 25
"""Rows fetched and drawn together: an ordinary period is one page. A phone shows about eight of them."""
PAGES_KEPT = 12
"""Pages of one list held in memory; those far from the view are fetched again when scrolled to."""
LISTS_KEPT = 12
"""Lists (a period and a filter) held in memory: the six periods, and a few filtered."""


@dataclass(frozen=True)
class Day:
    """What one calendar day of a list amounts to, as far as its pages were read."""

    total: Decimal | None = None
    """Of what was charged or refunded; None when nothing of the day was."""
    complete: bool = False
    """False while a page still to be read may hold more of this day."""
    partial: bool = False
    """An entry that cannot be read may be of this day."""


@dataclass(frozen=True)
class PurchaseList:
    """One period through one filter: an immutable picture of what has been read of it."""

    pages: Mapping[int, tuple[Purchase, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """By page number, from 1. Pages far from the view may have been let go of."""
    unreadable: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))
    """How many entries of a page cannot be read, by its number."""
    days: Mapping[date, Day] = field(default_factory=lambda: MappingProxyType({}))
    last_read: int = 0
    """Every page up to this one has been read once."""
    total_pages: int = 0
    total_count: int = 0
    edition: int = 0
    """How many times it was read again from its top; pages of two editions never meet."""

    @property
    def whole(self) -> bool:
        return self.last_read >= self.total_pages

    @property
    def empty(self) -> bool:
        return self.total_count == 0

    def with_page(self, page: PurchasePage, zone: ZoneInfo) -> PurchaseList:
        """The list with one more page read; the days are summed as the pages come in their order."""
        number = page.pagination.page
        pages = dict(self.pages) | {number: page.items}
        unreadable = dict(self.unreadable) | {number: page.unreadable}
        days = dict(self.days)
        last_read = self.last_read
        while last_read + 1 in pages:
            last_read += 1
            if unreadable[last_read] and days:  # it may be of the day that the page before ended with
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
    """The calendar day of a purchase where the contract is billed."""
    return purchase.payment_date.astimezone(zone).date()


@ft.observable
@dataclass(eq=False)
class PurchasesState:
    """What the home, usage and purchases screens show of one contract, and what they can ask for."""

    backend: Backend
    contract: Contract
    periods: Loadable[tuple[BillingPeriod, ...]] = field(default_factory=Loadable)
    """Newest first."""
    period_id: str | None = None
    """The period on screen; the current one until the user chooses another."""
    filter: Filter | None = None
    shown: Loadable[PurchaseList] = field(default_factory=Loadable)
    """The list of `period_id` through `filter`."""
    window: ListWindow = field(default_factory=lambda: ListWindow(PER_PAGE))
    """What of `shown` is drawn."""
    refreshed: int = 0
    """How many times the user asked for fresh figures and got them."""
    _awaited: str | None = None
    """The period whose address the browser was asked for last and has not told yet."""
    _lists: dict[tuple[str, Filter | None], Loadable[PurchaseList]] = field(default_factory=dict)
    _reading: SingleFlight = field(default_factory=SingleFlight)
    """Each reading goes to its end, once for all who wait for it, even if they leave."""

    def __post_init__(self) -> None:
        self._periods = Resource(
            self, "periods", lambda: self.backend.billing_periods(self.contract.contract_id)
        )

    @property
    def parts(self) -> tuple[Part, ...]:
        return self._periods.part, (self.shown, self._retry)

    async def _retry(self) -> None:
        """Read the list on screen, or only the page after those that were read."""
        if self.shown.data is None or self.shown.recalled or self.shown.data.whole:
            await self.open(self.period_id)
        else:
            await self.read_on()

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.contract.billing.time_zone)

    @property
    def current(self) -> BillingPeriod | None:
        """The period in progress; the newest, when this version does not know the state it is in."""
        periods = self.periods.data or ()
        newest = periods[0] if periods and periods[0].state is PeriodState.OTHER else None
        return next((p for p in periods if p.state is PeriodState.OPEN), newest)

    @property
    def period(self) -> BillingPeriod | None:
        """The period on screen, once the periods are known."""
        return next((p for p in self.periods.data or () if p.period_id == self.period_id), None)

    @property
    def newest(self) -> BillingPeriod | None:
        """The period in progress; without one, the latest."""
        return self.current or next(iter(self.periods.data or ()), None)

    def used_before(self, period: BillingPeriod) -> BillingPeriod | None:
        """Return the newest period before `period` in which something was bought or given back."""
        earlier = (p for p in self.periods.data or () if p.start_date < period.start_date)
        return next((p for p in earlier if p.used), None)

    async def load_periods(self) -> None:
        """Read the six periods."""
        self._periods.recall()
        await self._periods.load()

    async def open(self, period_id: str | None) -> None:
        """Show a period (the current one for None) and read what is not known of it yet."""
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
    def awaited(self) -> str | None:
        """The period whose address is to come."""
        return self._awaited

    def expect_address(self, period_id: str | None) -> None:
        """The browser was asked for the address of this period; for None, it tells of none any more."""
        self._awaited = period_id

    def is_news(self, period_id: str | None) -> bool:
        """Whether the address of a period that comes says more than what was asked for here.

        One that comes before the one that was asked for last is older than what is on screen.
        """
        news = self._awaited is None
        if period_id == self._awaited:
            self._awaited = None
        return news

    async def choose_filter(self, kind: Filter | None) -> None:
        """Narrow the list on screen to a kind, or to none."""
        if self.period_id is None:
            self.filter = kind
            return
        await self._show(self.period_id, kind)

    def step(self, periods: int) -> str | None:
        """The id of the period that many to the right (newer) of the one on screen, if there is one."""
        ids = [period.period_id for period in reversed(self.periods.data or ())]
        if self.period_id not in ids:
            return None
        index = ids.index(self.period_id) + periods
        return ids[index] if 0 <= index < len(ids) else None

    async def clear_filter(self) -> None:
        await self.choose_filter(None)

    async def read_window(self) -> None:
        """Read what the window is about to draw of the list on screen."""
        window, on_screen = self.window, (self.period_id, self.filter)
        for number in range(window.first, window.last + 1):
            if (self.period_id, self.filter) == on_screen:
                await self.read_page(number)

    async def read_on(self) -> None:
        """Try again to read the page that follows those read."""
        await self.read_page((self.shown.data.last_read if self.shown.data else 0) + 1)

    async def read_page(self, number: int) -> None:
        """Read one page of the list on screen, unless it is there or on its way."""
        listed = self.shown.data
        if self.period_id is None or number < 1 or (listed and number in listed.pages):
            return
        if listed and listed.total_pages and number > listed.total_pages:
            return
        await self._read(self.period_id, self.filter, number)

    async def refresh(self) -> None:
        """Read the periods and the list on screen again, keeping both on screen meanwhile."""
        if self.period_id is None:
            await self.open(None)
            return
        period_id, kind = self.period_id, self.filter
        await asyncio.gather(self.load_periods(), self._read(period_id, kind, 1, anew=True))
        if self.periods.error is None and self.shown.error is None:
            self.refreshed += 1

    async def settled(self) -> None:
        """Wait until nothing is being read."""
        await asyncio.gather(self._periods.settled(), self._reading.settled())

    def find(self, payment_id: str) -> Answer[Purchase] | None:
        """A purchase that one of the lists holds already, as old as its list."""
        for listed in (self.shown, *self._lists.values()):
            for page in listed.data.pages.values() if listed.data else ():
                for purchase in page:
                    if purchase.payment_id == payment_id and listed.at is not None:
                        return Answer(purchase, listed.at)
        return None

    async def _show(self, period_id: str, kind: Filter | None) -> None:
        known = self._list(period_id, kind)
        if (period_id, kind) != (self.period_id, self.filter):
            self.window.begin_again()
        self.period_id, self.filter = period_id, kind
        self._draw(known)
        if known.data is None or known.error is not None:
            await self._read(period_id, kind, 1, anew=known.data is not None)

    async def _read_ahead(self, period_id: str) -> None:
        """Fetch the neighbours of a period, so that the next switch is instant."""
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
        reading = self.backend.purchases(
            self.contract.contract_id, period_id, kind=kind, page=number, per_page=PER_PAGE
        )

        def fail(error: BackendError) -> None:
            listed = self._list(period_id, kind)
            if number > 1:
                listed = self._continued(listed, reading.known)
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
        elif read.edition != asked.edition:  # read anew meanwhile: this page is of the list before
            if number <= read.last_read + 1:
                await self._fetch(period_id, kind, number, anew=False)
            return
        elif read.last_read and read.total_count != answer.value.pagination.total_count:
            await self._fetch(period_id, kind, 1, anew=True)  # entries came meanwhile: the pages slid
            return
        read = read.with_page(answer.value, self.zone)
        if recalled:  # its top has still to be vouched for
            self._keep(period_id, kind, replace(listed, data=read, loading=False))
        else:
            self._keep(period_id, kind, Loadable[PurchaseList]().answered(Answer(read, answer.at)))

    def _begun(self, page: Answer[PurchasePage] | None) -> Answer[PurchaseList] | None:
        """The list as far as its first page was known."""
        if page is None:
            return None
        return Answer(PurchaseList().with_page(page.value, self.zone), page.at)

    def _continued(
        self, listed: Loadable[PurchaseList], page: Answer[PurchasePage] | None
    ) -> Loadable[PurchaseList]:
        """The list with a page that was known, if it is of that list; as old as the oldest of its pages."""
        if page is None or listed.data is None or listed.at is None:
            return listed
        if listed.data.total_count != page.value.pagination.total_count:
            return listed
        data = listed.data.with_page(page.value, self.zone)
        return replace(listed, data=data, at=min(listed.at, page.at), recalled=True)

    def _list(self, period_id: str, kind: Filter | None) -> Loadable[PurchaseList]:
        """What is held of one list."""
        return self._lists.get((period_id, kind), Loadable())

    def _keep(self, period_id: str, kind: Filter | None, listed: Loadable[PurchaseList]) -> None:
        self._lists.pop((period_id, kind), None)  # the latest goes last: the first is let go of
        self._lists[period_id, kind] = listed
        on_screen = (self.period_id, self.filter)
        too_many = max(0, len(self._lists) - LISTS_KEPT)
        for oldest in [key for key in self._lists if key != on_screen][:too_many]:
            del self._lists[oldest]
        if (period_id, kind) == on_screen:  # the user may have moved on
            self._draw(listed)

    def _draw(self, listed: Loadable[PurchaseList]) -> None:
        self.shown = listed
        if listed.data is not None:
            self.window.reach(listed.data.last_read, listed.data.total_pages)
