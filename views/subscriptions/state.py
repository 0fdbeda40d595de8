"""Subscriptions of one contract: the list, the charges of one subscription, and termination."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

import flet as ft

from services.client.backend import Backend
from services.client.cache import Reading, Steps
from services.domain.errors import Changed, OutcomeUnknown
from services.domain.models import (
    Answer,
    Contract,
    Filter,
    Purchase,
    PurchasePage,
    Rhythm,
    Subscription,
    SubscriptionStatus,
)
from views.core.change import Change, Progress
from views.core.loadable import Loadable
from views.core.proof import ProofState
from views.core.resource import Part, Resource

PER_PAGE = 100


@ft.observable
@dataclass(eq=False)
class SubscriptionsState:
    """State of the subscriptions of a contract, and of the termination of one subscription."""

    backend: Backend
    contract: Contract
    subscriptions: Loadable[tuple[Subscription, ...]] = field(default_factory=Loadable)
    termination: Progress[Subscription, Subscription] = field(default_factory=Progress)
    """Progress of the termination; its receipt is the updated subscription."""
    proof: ProofState = field(init=False)
    """Step-up that the backend may require before a termination."""
    on_change: Callable[[], Awaitable[None]] | None = None
    """Awaited after a termination, here or elsewhere: the service counts the subscriptions."""
    charges: Loadable[tuple[Purchase, ...]] = field(default_factory=Loadable)
    """Charges of the subscription `charged` over the six periods, newest first."""
    charged: str | None = None
    _charged_in: tuple[str, ...] = ()
    """Ids of the periods whose charges are read."""

    def __post_init__(self) -> None:
        self.proof = ProofState(self.backend)
        self.ending = Change[Subscription, Subscription](
            self, "termination", self.proof, self._end, after=self._after_end
        )
        self._list = Resource(
            self,
            "subscriptions",
            lambda: self.backend.subscriptions(self.contract.contract_id),
            on_answer=self._find_out,
        )
        self._charges = Resource(self, "charges", lambda: Reading.of_several(self._sum_up))

    @property
    def parts(self) -> tuple[Part, ...]:
        return self._list.part, self._charges.part

    @property
    def current(self) -> tuple[Subscription, ...]:
        """Subscriptions that still give access, including those being terminated."""
        return tuple(s for s in self.subscriptions.data or () if not self._over(s))

    @property
    def past(self) -> tuple[Subscription, ...]:
        return tuple(s for s in self.subscriptions.data or () if self._over(s))

    @property
    def unknown(self) -> int:
        """Number of subscriptions that are unreadable, or have a value that this version does not know."""
        return self.subscriptions.unreadable + sum(
            one.status is SubscriptionStatus.OTHER
            or (one.recurring_charge_period is Rhythm.OTHER and not one.status.ended)
            for one in self.subscriptions.data or ()
        )

    @property
    def today(self) -> date | None:
        """Day of the last read of the list, in the billing time zone of the contract."""
        at = self.subscriptions.at
        return at and at.astimezone(ZoneInfo(self.contract.billing.time_zone)).date()

    def past_day(self, day: date) -> bool:
        """Return whether `day` was over at the last read of the list, in the billing time zone."""
        at = self.subscriptions.at
        return at is not None and day < at.astimezone(ZoneInfo(self.contract.billing.time_zone)).date()

    def _over(self, subscription: Subscription) -> bool:
        """Return whether the subscription is terminated and its last paid day is over."""
        if subscription.status is not SubscriptionStatus.TERMINATED:
            return False
        last = subscription.termination_date
        return last is None or self.subscriptions.at is None or self.past_day(last)

    def find(self, subscription_id: str) -> Subscription | None:
        known = self.subscriptions.data or ()
        return next((s for s in known if s.subscription_id == subscription_id), None)

    async def load(self) -> None:
        """Read the list; callers share a read in flight."""
        await self._list.load()

    async def _find_out(self, _before: object) -> None:
        """Resolve a termination of unknown outcome from the list just read."""
        subject = self.termination.subject
        now = self.find(subject.subscription_id) if subject else None
        done = now is not None and now.status.ended
        self.ending.find_out(now if done else None, done=done)

    async def settled(self) -> None:
        """Wait until no read of the list is in flight."""
        await self._list.settled()

    async def read_again(self) -> None:
        """Read the list after a change, and drop the answers in flight."""
        await self._list.reload()

    async def _end(self, subscription: Subscription) -> Subscription:
        answer = await self.backend.terminate(
            self.contract.contract_id, subscription.subscription_id, self._list.etag
        )
        return answer.value

    async def _after_end(self) -> None:
        if self.termination.receipt or isinstance(self.termination.failure, Changed | OutcomeUnknown):
            await self.read_again()
            if self.on_change is not None:
                await self.on_change()

    async def load_charges(self, subscription_id: str, period_ids: tuple[str, ...]) -> None:
        """Read the charges of a subscription in these periods."""
        if subscription_id != self.charged:
            self._charges.reset()
        if period_ids != self._charged_in:
            self._charges.invalidate()
        self.charged, self._charged_in = subscription_id, period_ids
        if period_ids:
            await self._charges.load()

    def _sum_up(self) -> Steps[PurchasePage, tuple[Purchase, ...]]:
        """Read the charges page by page; the age of the result is the age of its oldest page."""
        charged = self.charged
        found: list[Purchase] = []
        ages: list[datetime] = []
        unreadable = 0
        for period_id in self._charged_in:
            number, pages = 1, 1
            while number <= pages:
                page = yield self.backend.purchases(
                    self.contract.contract_id,
                    period_id,
                    kind=Filter.SUBSCRIPTION,
                    page=number,
                    per_page=PER_PAGE,
                )
                pages, number = page.value.pagination.total_pages, number + 1
                found += [p for p in page.value.items if p.subscription_id == charged]
                ages.append(page.at)
                unreadable += page.unreadable  # any of them may be a charge of this subscription
        return Answer(tuple(found), min(ages), unreadable=unreadable)
