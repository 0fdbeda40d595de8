"""Insights about one contract: its ledger over all periods, and the findings to review."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import InitVar, dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

import flet as ft

from services.client.backend import Backend
from services.client.cache import Reading
from services.client.whole_periods import assembled, page_of, pages_to_read, read_period
from services.domain.errors import UnexpectedAnswer
from services.domain.models import Answer, BillingPeriod, Contract, ServiceStatus, Subscription
from services.insights.findings import OF_PUBLISHER, Finding, Limits, findings, mute_key, undecided
from services.insights.forecast import Forecast, forecast
from services.insights.ledger import Ledger, PackedLedger, PackedPeriod, PeriodEntries
from services.insights.marks import Mark, marks
from views.core.history import HistoryState
from views.core.loadable import Loadable
from views.core.resource import Part, Resource
from views.core.review import ReviewState
from views.purchases.state import PurchasesState
from views.service.state import ServiceState
from views.subscriptions.state import SubscriptionsState

MOST_PAGES: Final = 5
"""Maximum number of pages read per period on a device; 1 on the web, where sessions share a server."""


@ft.observable
@dataclass(eq=False)
class MarkState:
    """Marks of the rows of one contract, in a class of their own so that only new marks redraw a list."""

    marks: Mapping[str, Mark] = field(default_factory=dict)


@dataclass(frozen=True)
class Missing:
    """Data that the ledger and its results lack; false if there is none."""

    purchases: int = 0
    """Number of entries that this version of the app cannot read."""
    periods: int = 0
    """Number of billing periods that are not in the ledger."""
    subscriptions: int = 0
    """Number of subscriptions that this version of the app does not understand."""
    unread: tuple[str, ...] = ()
    """Data that another read may bring: `purchases`, `subscriptions`, `service`, `contests`."""
    unknown_service: bool = False
    """True if this version of the app does not know the status of the service."""

    def __bool__(self) -> bool:
        return self != Missing()

    @property
    def of_ledger(self) -> Missing:
        """The part that the entries of the ledger lack."""
        return Missing(self.purchases, self.periods)

    @property
    def without_service(self) -> Missing:
        """The part that does not concern the service."""
        unread = tuple(one for one in self.unread if one != "service")
        return replace(self, unread=unread, unknown_service=False)


@ft.observable
@dataclass(eq=False)
class InsightsState:
    """Ledger of one contract, read after the data on screen, and its findings."""

    backend: Backend
    contract: Contract
    purchases: PurchasesState
    subscriptions: SubscriptionsState
    service: ServiceState
    review: ReviewState
    history: HistoryState = field(default_factory=HistoryState)
    known_publishers: Callable[[], Iterable[str]] = tuple
    """Returns the publishers recognized on any contract."""
    load_others: Callable[[], Awaitable[None]] | None = None
    """Reads the reviews of the other contracts."""
    keeps: Callable[[], bool] = bool
    """Returns whether the history is kept on this device."""
    on_count: Callable[[int], None] = lambda _: None
    """Receives the number of new findings, neither seen nor decided."""
    packed: Loadable[PackedLedger] = field(default_factory=Loadable)
    """The ledger while no screen shows its entries."""
    forecast: Forecast | None = None
    """Forecast of the next bill; None if data is missing or unreadable."""
    findings: tuple[Finding, ...] = ()
    """All findings, decided or not."""
    missing: Missing = field(default_factory=Missing)
    """Data without which the results are incomplete. A screen that finds nothing says so only without it."""
    marked: MarkState = field(default_factory=MarkState)
    periods_read: InitVar[dict[str, PackedPeriod] | None] = None
    """Periods by id, shared by the states of one contract, so that a return to it reads nothing."""
    _periods: dict[str, PackedPeriod] = field(default_factory=dict)
    _unpacked: tuple[PackedLedger, Ledger] | None = None
    """The ledger as packed, and with its entries, until `release`."""
    _extended: tuple[Ledger, tuple[PackedPeriod, ...], Ledger] | None = None
    """The ledger, the imported periods, and the ledger with both, until `release`."""
    _of: tuple[object, ...] = ()
    """Periods from which the ledger was read, and the time of their answer."""
    _looked_at: tuple[object, ...] = ()
    _excluded: tuple[object, ...] = ()
    """Ledger and history from which the older periods were found."""

    def __post_init__(self, periods_read: dict[str, PackedPeriod] | None) -> None:
        if periods_read is not None:
            self._periods = periods_read  # not a public field: Flet would copy it
        self._ledger = Resource(
            self, "packed", lambda: Reading(self._recalled, self._read), prepare=self._prepare
        )
        self._changed = self._change  # strong references: observables hold their listeners weakly
        self._listed = self._change_periods
        cast(Any, self.purchases).subscribe(self._listed)
        for holder in (self, self.subscriptions, self.service, self.review, self.history):
            cast(Any, holder).subscribe(self._changed)

    @property
    def parts(self) -> tuple[Part, ...]:
        return ((self.packed, self.retry),)

    @property
    def most_pages(self) -> int:
        """Maximum number of pages read per period."""
        return MOST_PAGES if self.backend.device.available else 1

    @property
    def extended(self) -> Ledger | None:
        """Ledger with the imported periods that the backend no longer serves."""
        ledger, older, known = self.ledger.data, self.history.older, self._extended
        if ledger is None or not older:
            return ledger
        if known is None or known[0] is not ledger or known[1] is not older:
            known = self._extended = ledger, older, self.history.extended(ledger)
        return known[2]

    @property
    def limits(self) -> Limits:
        """Limits for the findings: the operator's amounts, else the legal amounts, and the user's ceiling."""
        told = self.service.service.data.limits if self.service.service.data else None
        own, law = self.review.review.own_ceiling, Limits()
        mine = Decimal(f"{own.amount}.00") if own and own.amount else None
        if own is None and told and told.own:
            mine = told.own.amount
        return Limits(
            transaction=told.transaction.amount if told and told.transaction else law.transaction,
            month=told.month.amount if told and told.month else law.month,
            own=mine,
        )

    @property
    def ledger(self) -> Loadable[Ledger]:
        """The ledger with its entries. A screen that reads it calls `release` when it is left."""
        return self.packed.of(self._unpack)

    def _unpack(self, packed: PackedLedger) -> Ledger:
        if self._unpacked is None or self._unpacked[0] is not packed:
            self._unpacked = packed, packed.unpacked()
        return self._unpacked[1]

    def release(self) -> None:
        """Drop the unpacked entries; the next use of `ledger` unpacks them again."""
        self._unpacked = self._extended = None

    @property
    def open_findings(self) -> tuple[Finding, ...]:
        """Findings that await a decision."""
        return undecided(self.findings, self.review.review, frozenset(self.known_publishers()))

    @property
    def unseen(self) -> int:
        """Number of open findings that were never on screen."""
        seen = set(self.review.review.seen)
        return sum(one.key not in seen for one in self.open_findings)

    def muted(self, publisher: str) -> bool:
        """Return whether the duplicates of a publisher are silenced."""
        return self.review.review.verdict(mute_key(publisher)) is not None

    async def load(self) -> None:
        """Read the changed periods after the data on screen; the newest first, one at a time.

        Do nothing if the ledger is up to date: each screen that uses the ledger calls this method.
        """
        if not self._up_to_date:
            await self._ledger.load()

    async def retry(self) -> None:
        """Read again the failed data that the ledger is computed from, then the ledger.

        The ledger itself reads the data that is missing.
        """
        read_from = (
            (self.purchases.periods, self.purchases.load_periods),
            (self.subscriptions.subscriptions, self.subscriptions.load),
            (self.service.service, self.service.load),
            (self.review.served, self.review.load),
        )
        failed = [(part, read) for part, read in read_from if part.error is not None]
        await asyncio.gather(*(read() for part, read in failed if part.data is not None))
        if failed or not self._up_to_date:
            await self._ledger.load()

    @property
    def _up_to_date(self) -> bool:
        periods, reviewed = self.purchases.periods, self.review.served.data is not None
        whole = periods.error is None and self.packed.error is None and self.packed.data is not None
        return whole and self._of == (periods.data, periods.at) and (reviewed or self.review.kept_here)

    async def settled(self) -> None:
        """Wait until no read is in flight."""
        await self._ledger.settled()

    def see(self) -> None:
        """Record that all open findings were on screen."""
        self.review.see([one.key for one in self.open_findings])

    async def _prepare(self) -> None:
        """Wait for the reads of the screens, then read the data that the ledger still lacks."""
        await asyncio.gather(*(each.settled() for each in (self.purchases, self.subscriptions, self.service)))
        if self.purchases.periods.data is None:
            await self.purchases.load_periods()
        if self.subscriptions.subscriptions.data is None:
            await self.subscriptions.load()
        if self.service.service.data is None:
            await self.service.load()

    async def _read(self) -> Answer[PackedLedger]:
        periods = self.purchases.periods
        if periods.data is None or periods.at is None:
            raise periods.error or UnexpectedAnswer("no periods")
        for period in periods.data:
            if not self._recall(period):
                entries = await read_period(
                    self.backend,
                    self.contract.contract_id,
                    period.period_id,
                    lambda _: None,
                    most_pages=self.most_pages,
                )
                self._pack(period, entries)
        for period_id in self._periods.keys() - {period.period_id for period in periods.data}:
            del self._periods[period_id]
        if periods.error is not None:
            raise periods.error
        answer = self._answer(periods.at)
        await self._load_reviews(answer.value)
        self._of = periods.data, periods.at
        await self.keep(answer)
        return answer

    async def keep(self, answer: Answer[PackedLedger]) -> None:
        """Keep the billed periods on this device, if the subscriber asked for it."""
        if self.keeps():
            await self.history.keep(answer.value.known, answer.at)

    async def _load_reviews(self, packed: PackedLedger) -> None:
        """Read the reviews before the findings are shown, so that a decided finding never flashes up."""
        if self.review.served.data is None and not self.review.kept_here:
            await self.review.load()
        told = findings(packed.unpacked(), self.subscriptions.subscriptions.data or (), self.limits)
        if self.load_others is not None and any(one.kind in OF_PUBLISHER for one in told):
            await self.load_others()

    def _recalled(self) -> Answer[PackedLedger] | None:
        """Return the ledger from cached data; None if a period is missing."""
        periods = self.purchases.periods
        if periods.at is None or not all(map(self._recall, periods.data or ())):
            return None
        return self._answer(periods.at)

    def _recall(self, period: BillingPeriod) -> bool:
        """Return whether the current version of a period is cached, in this session or on the device."""
        held = self._periods.get(period.period_id)
        if held is None or held.period != period:
            known = self._known(period)
            if known is None or known.period != period:
                return False
            self._pack(period, known)
        return True

    def _pack(self, period: BillingPeriod, read: PeriodEntries) -> None:
        """Store a period. An equal `period` replaces its own, so that memory holds one object, not two."""
        if read.period == period:
            read = replace(read, period=period)
        self._periods[period.period_id] = PackedPeriod.of(read)

    def _known(self, period: BillingPeriod) -> PeriodEntries | None:
        """Return the cached entries of a period; None if a page is missing."""
        pages = []
        number = count = 1
        while number <= count:
            page = page_of(self.backend, self.contract.contract_id, period.period_id, number).known
            if page is None:
                return None
            pages.append(page.value)
            count, number = pages_to_read(pages[0], self.most_pages), number + 1
        return assembled(pages)

    def _answer(self, at: datetime) -> Answer[PackedLedger]:
        zone = ZoneInfo(self.contract.billing.time_zone)
        known = tuple(
            self._periods[period.period_id]
            for period in self.purchases.periods.data or ()
            if period.period_id in self._periods
        )
        return Answer(PackedLedger(known, zone, at.astimezone(zone).date()), at)

    def _change(self, _sender: object = None, _field: str | None = None) -> None:
        """Recompute the results if their inputs have changed; report the number of new findings."""
        self.missing = self._find_missing()
        packed, listed = self.packed.data, self.subscriptions.subscriptions
        if packed is None or listed.data is None:
            self._exclude_listed()
            return
        service, kept = self.service.service.data, self.history.packed
        inputs = (packed, listed.data, listed.unreadable, service, self.limits, kept)
        if self._looked_at != inputs:
            self._looked_at = inputs
            ledger = self._unpacked[1] if self._unpacked else packed.unpacked()
            if self._excluded != (packed, kept):
                self._excluded = packed, kept
                self.history.exclude_served(ledger.known)
            self._look_at(ledger, listed.data)
        self.on_count(self.unseen)

    def _change_periods(self, _sender: object = None, _field: str | None = None) -> None:
        self.missing = self._find_missing()
        self._exclude_listed()

    def _find_missing(self) -> Missing:
        """Return the data that is missing, once the ledger was read or failed.

        A part that could not be read again counts too, unless the age of the whole ledger is on screen.
        """
        packed, periods = self.packed, self.purchases.periods
        listed, service = self.subscriptions.subscriptions, self.service.service
        if packed.data is None:
            return Missing(unread=("purchases",) if packed.missing else ())
        known = {one.period.period_id for one in packed.data.known}
        late = [one for one in periods.data or () if packed.stale and one.period_id not in known]
        failed = tuple(
            name
            for name, part in (("subscriptions", listed), ("service", service))
            if part.data is None or (part.error is not None and not packed.stale)
        )
        status = service.data.status if service.data is not None else None
        return Missing(
            purchases=packed.data.unreadable,
            periods=periods.unreadable + len(late),
            subscriptions=self.subscriptions.unknown,
            unread=failed,
            unknown_service=status is ServiceStatus.OTHER and "service" not in failed,
        )

    def _exclude_listed(self) -> None:
        """Leave out the older periods that the list of periods has, until the ledger is known."""
        listed, kept = self.purchases.periods.data, self.history.packed
        if self.packed.data is None and listed is not None and self._excluded != (listed, kept):
            self._excluded = listed, kept
            self.history.exclude_served([PeriodEntries(period, ()) for period in listed])

    def _look_at(self, ledger: Ledger, listed: tuple[Subscription, ...]) -> None:
        """Assign the results of the ledger."""
        unreadable = self.subscriptions.subscriptions.unreadable
        self.forecast = None if unreadable else forecast(ledger, listed, self.service.service.data)
        self.findings = findings(ledger, listed, self.limits)
        if (found := {**self.history.marks, **marks(ledger)}) != self.marked.marks:
            self.marked.marks = found
