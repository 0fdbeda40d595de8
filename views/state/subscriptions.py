"""The subscriptions of one contract: the list, one's charges, and ending one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import flet as ft

from services.backend import Backend
from services.errors import BackendError, Changed
from services.models import Answer, Contract, Filter, Purchase, Subscription, SubscriptionStatus
from services.single_flight import SingleFlight

from .loadable import Loadable

PER_PAGE = 100


@ft.observable
@dataclass(eq=False)
class SubscriptionsState:
    """What `/gerer` shows of the subscriptions, and the one the user is being asked about."""

    backend: Backend
    contract: Contract
    subscriptions: Loadable[tuple[Subscription, ...]] = field(default_factory=Loadable)
    asked: Subscription | None = None
    """The one whose termination waits for the user's yes."""
    concerned: str | None = None
    """The id of the one asked about last: `failure` and `receipt` are its."""
    busy: bool = False
    failure: BackendError | None = None
    """Why the last termination did not go through; the list shows what is true."""
    receipt: Subscription | None = None
    """The one that was just ended."""
    on_change: Callable[[], Awaitable[None]] | None = None
    """Awaited when one was ended, here or elsewhere: the service counts them too."""
    charges: Loadable[tuple[Purchase, ...]] = field(default_factory=Loadable)
    """Of the subscription `charged`, newest first, over the six periods."""
    charged: str | None = None
    _etag: str = ""
    _reading: SingleFlight = field(default_factory=SingleFlight)
    _changes: int = 0
    """What was asked for before the last one is old when it comes."""

    @property
    def current(self) -> tuple[Subscription, ...]:
        """Those one still has access to, those being ended among them."""
        return tuple(s for s in self.subscriptions.data or () if not self._over(s))

    @property
    def past(self) -> tuple[Subscription, ...]:
        return tuple(s for s in self.subscriptions.data or () if self._over(s))

    def _over(self, subscription: Subscription) -> bool:
        """Ended, and its last paid day is past where the contract is billed."""
        if subscription.status is not SubscriptionStatus.TERMINATED:
            return False
        last, at = subscription.termination_date, self.subscriptions.at
        zone = ZoneInfo(self.contract.billing.time_zone)
        return last is None or at is None or last < at.astimezone(zone).date()

    def find(self, subscription_id: str) -> Subscription | None:
        known = self.subscriptions.data or ()
        return next((s for s in known if s.subscription_id == subscription_id), None)

    async def load(self) -> None:
        """Read the list, once for any number of screens."""
        await self._reading.run("list", self._read_list)

    async def _read_list(self) -> None:
        self.subscriptions, changes = self.subscriptions.started(), self._changes
        try:
            answer = await self.backend.subscriptions(self.contract.contract_id)
        except BackendError as error:
            if changes == self._changes:
                self.subscriptions = self.subscriptions.failed(error)
            return
        if changes == self._changes:
            self._etag = answer.etag
            self.subscriptions = self.subscriptions.answered(answer)

    async def settled(self) -> None:
        """Wait until they are not being read."""
        await self._reading.settled()

    async def read_again(self) -> None:
        """Read the list after a change, whatever was asked for before it."""
        self._changes += 1
        self._reading.outdate()
        await self.load()

    def ask(self, subscription: Subscription) -> None:
        """Show what ending it means, before it is done."""
        self.failure = self.receipt = None
        self.asked, self.concerned = subscription, subscription.subscription_id

    def keep(self) -> None:
        if not self.busy:
            self.asked = None

    async def terminate(self) -> None:
        """End the subscription asked about; a second tap while it is being done changes nothing."""
        asked = self.asked
        if asked is None or self.busy:
            return
        self.busy = True
        try:
            answer = await self.backend.terminate(
                self.contract.contract_id, asked.subscription_id, self._etag
            )
        except BackendError as error:
            self.failure = error
        else:
            self.receipt = answer.value
        finally:
            self.busy, self.asked = False, None
        if self.receipt is not None or isinstance(self.failure, Changed):
            await self.read_again()
            if self.on_change is not None:
                await self.on_change()

    async def load_charges(self, subscription_id: str, period_ids: tuple[str, ...]) -> None:
        """Read all that a subscription cost in these periods (the six)."""
        if subscription_id != self.charged:
            self.charges, self.charged = Loadable(), subscription_id
        self.charges = self.charges.started()
        found: list[Purchase] = []
        answer: Answer[tuple[Purchase, ...]] | None = None
        try:
            for period_id in period_ids:
                page, pages = 1, 1
                while page <= pages:
                    read = await self.backend.purchases(
                        self.contract.contract_id,
                        period_id,
                        kind=Filter.SUBSCRIPTION,
                        page=page,
                        per_page=PER_PAGE,
                    )
                    pages, page = read.value.pagination.total_pages, page + 1
                    found += [p for p in read.value.items if p.subscription_id == subscription_id]
                    answer = Answer(tuple(found), read.at)
        except BackendError as error:
            if subscription_id == self.charged:
                self.charges = self.charges.failed(error)
            return
        if subscription_id == self.charged and answer is not None:
            self.charges = self.charges.answered(answer)
