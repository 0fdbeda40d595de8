"""Insights about one contract: its ledger over all periods, and the findings to review."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

import flet as ft

from services.client.backend import Backend
from services.client.cache import Reading
from services.client.whole_periods import assembled, page_of, pages_to_read, read_period
from services.domain.errors import UnexpectedAnswer
from services.domain.models import Answer, BillingPeriod, Contract
from services.insights.findings import OF_PUBLISHER, Finding, Limits, findings, mute_key, undecided
from services.insights.forecast import Forecast, forecast
from services.insights.ledger import Ledger, PeriodEntries
from services.insights.marks import Mark, marks
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
    known_publishers: Callable[[], Iterable[str]] = tuple
    """Returns the publishers recognized on any contract."""
    load_others: Callable[[], Awaitable[None]] | None = None
    """Reads the reviews of the other contracts."""
    on_count: Callable[[int], None] = lambda _: None
    """Receives the number of new findings, neither seen nor decided."""
    ledger: Loadable[Ledger] = field(default_factory=Loadable)
    findings: tuple[Finding, ...] = ()
    """All findings, decided or not."""
    marked: MarkState = field(default_factory=MarkState)
    _periods: dict[str, PeriodEntries] = field(default_factory=dict)
    _of: tuple[object, ...] = ()
    """Periods from which the ledger was read, and the time of their answer."""
    _looked_at: tuple[object, ...] = ()

    def __post_init__(self) -> None:
        self._ledger = Resource(
            self, "ledger", lambda: Reading(self._recalled, self._read), prepare=self._prepare
        )
        self._changed = self._change  # a strong reference: observables hold their listeners weakly
        for holder in (self, self.subscriptions, self.service, self.review):
            cast(Any, holder).subscribe(self._changed)

    @property
    def parts(self) -> tuple[Part, ...]:
        return (self._ledger.part,)

    @property
    def most_pages(self) -> int:
        """Maximum number of pages read per period."""
        return MOST_PAGES if self.backend.has_device else 1

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
    def forecast(self) -> Forecast | None:
        """Forecast of the next bill; None if data is missing or unreadable."""
        ledger, listed = self.ledger.data, self.subscriptions.subscriptions
        if ledger is None or listed.data is None or listed.unreadable:
            return None
        return forecast(ledger, listed.data, self.service.service.data)

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

    @property
    def _up_to_date(self) -> bool:
        periods, reviewed = self.purchases.periods, self.review.served.data is not None
        whole = periods.error is None and self.ledger.error is None and self.ledger.data is not None
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

    async def _read(self) -> Answer[Ledger]:
        periods = self.purchases.periods
        if periods.data is None or periods.at is None:
            raise periods.error or UnexpectedAnswer("no periods")
        for period in periods.data:
            if not self._recall(period):
                self._periods[period.period_id] = await read_period(
                    self.backend,
                    self.contract.contract_id,
                    period.period_id,
                    lambda _: None,
                    most_pages=self.most_pages,
                )
        served = {period.period_id for period in periods.data}
        self._periods = {key: one for key, one in self._periods.items() if key in served}
        if periods.error is not None:
            raise periods.error
        answer = self._answer(periods.at)
        await self._load_reviews(answer.value)
        self._of = periods.data, periods.at
        return answer

    async def _load_reviews(self, ledger: Ledger) -> None:
        """Read the reviews before the findings are shown, so that a decided finding never flashes up."""
        if self.review.served.data is None and not self.review.kept_here:
            await self.review.load()
        told = findings(ledger, self.subscriptions.subscriptions.data or (), self.limits)
        if self.load_others is not None and any(one.kind in OF_PUBLISHER for one in told):
            await self.load_others()

    def _recalled(self) -> Answer[Ledger] | None:
        """Return the ledger from cached data; None if a period is missing."""
        periods = self.purchases.periods
        if periods.at is None or not all(map(self._recall, periods.data or ())):
            return None
        return self._answer(periods.at)

    def _recall(self, period: BillingPeriod) -> bool:
        """Return whether the current version of a period is cached, in this session or on the device."""
        held = self._periods.get(period.period_id)
        if held is None or held.period != period:
            held = self._known(period)
            if held is None or held.period != period:
                return False
            self._periods[period.period_id] = held
        return True

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

    def _answer(self, at: Any) -> Answer[Ledger]:
        zone = ZoneInfo(self.contract.billing.time_zone)
        known = tuple(
            self._periods[period.period_id]
            for period in self.purchases.periods.data or ()
            if period.period_id in self._periods
        )
        return Answer(Ledger(known, zone, at.astimezone(zone).date()), at)

    def _change(self, _sender: object = None, _field: str | None = None) -> None:
        """Recompute findings and marks if their inputs have changed; report the number of new findings."""
        ledger, listed = self.ledger.data, self.subscriptions.subscriptions.data
        if ledger is None or listed is None:
            return
        limits = self.limits
        if self._looked_at != (ledger, listed, limits):
            self._looked_at = (ledger, listed, limits)
            self.findings = findings(ledger, listed, limits)
            if (found := marks(ledger)) != self.marked.marks:
                self.marked.marks = found
        self.on_count(self.unseen)
