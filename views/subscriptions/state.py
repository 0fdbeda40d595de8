"""The subscriptions of one contract: the list, one's charges, and ending one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

import flet as ft

from services.backend import Backend
from services.errors import BackendError, Changed, NotDone, OutcomeUnknown, PasswordNeeded
from services.models import (
    Answer,
    Contract,
    Filter,
    Purchase,
    PurchasePage,
    Subscription,
    SubscriptionStatus,
)
from services.reads import Reading
from services.single_flight import SingleFlight
from views.core.loadable import Loadable, failures_to
from views.core.proof import ProofState

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
    proof: ProofState = field(init=False)
    """The password, when the backend wants it before it ends the one `asked`."""
    on_change: Callable[[], Awaitable[None]] | None = None
    """Awaited when one was ended, here or elsewhere: the service counts them too."""
    charges: Loadable[tuple[Purchase, ...]] = field(default_factory=Loadable)
    """Of the subscription `charged`, newest first, over the six periods."""
    charged: str | None = None
    _etag: str = ""
    _reading: SingleFlight = field(default_factory=SingleFlight)
    _changes: int = 0
    """What was asked for before the last one is old when it comes."""

    def __post_init__(self) -> None:
        self.proof = ProofState(self.backend)

    @property
    def current(self) -> tuple[Subscription, ...]:
        """Those one still has access to, those being ended among them."""
        return tuple(s for s in self.subscriptions.data or () if not self._over(s))

    @property
    def past(self) -> tuple[Subscription, ...]:
        return tuple(s for s in self.subscriptions.data or () if self._over(s))

    @property
    def today(self) -> date | None:
        """The day it was, where the contract is billed, when the list was read."""
        at = self.subscriptions.at
        return at and at.astimezone(ZoneInfo(self.contract.billing.time_zone)).date()

    def past_day(self, day: date) -> bool:
        """Return whether `day` was over where the contract is billed when the list was read."""
        at = self.subscriptions.at
        return at is not None and day < at.astimezone(ZoneInfo(self.contract.billing.time_zone)).date()

    def _over(self, subscription: Subscription) -> bool:
        """Return whether it is ended and its last paid day is over."""
        if subscription.status is not SubscriptionStatus.TERMINATED:
            return False
        last = subscription.termination_date
        return last is None or self.subscriptions.at is None or self.past_day(last)

    def find(self, subscription_id: str) -> Subscription | None:
        known = self.subscriptions.data or ()
        return next((s for s in known if s.subscription_id == subscription_id), None)

    async def load(self) -> None:
        """Read the list, once for any number of screens."""
        await self._reading.run("list", self._read_list)

    async def _read_list(self) -> None:
        reading, changes = self.backend.subscriptions(self.contract.contract_id), self._changes

        def fail(error: BackendError) -> None:
            if changes == self._changes:
                self.subscriptions = self.subscriptions.failed(error)

        with failures_to(fail):
            if self.subscriptions.data is None and reading.known is not None:
                self._etag = reading.known.etag
            self.subscriptions = self.subscriptions.started(reading.known)
            answer = await reading
            if changes == self._changes:
                self._etag = answer.etag
                self.subscriptions = self.subscriptions.answered(answer)
                self._find_out()

    def _find_out(self) -> None:
        """If it was not known whether the last one was ended, the list just read tells."""
        if not isinstance(self.failure, OutcomeUnknown):
            return
        concerned = self.find(self.concerned or "")
        if concerned is not None and concerned.status.ended:
            self.failure, self.receipt = None, concerned
        else:
            self.failure = NotDone()

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
            self.proof.forget()

    async def terminate(self) -> None:
        """End the subscription asked about; a second tap while it is being done changes nothing.

        Done at once after the right password, where it is wanted.
        """
        asked = self.asked
        if asked is None or self.busy:
            return
        self.busy = True
        try:
            if self.proof.wanted and not await self.proof.give():
                return
            answer = await self.backend.terminate(
                self.contract.contract_id, asked.subscription_id, self._etag
            )
        except PasswordNeeded:
            self.proof.want()
            return
        except BackendError as error:
            self.failure = error
        else:
            self.receipt = answer.value
        finally:
            self.busy = False
        self.asked = None
        if self.receipt is not None or isinstance(self.failure, Changed | OutcomeUnknown):
            await self.read_again()
            if self.on_change is not None:
                await self.on_change()

    async def load_charges(self, subscription_id: str, period_ids: tuple[str, ...]) -> None:
        """Read all that a subscription cost in these periods (the six)."""
        if subscription_id != self.charged:
            self.charges, self.charged = Loadable(), subscription_id

        def fail(error: BackendError) -> None:
            if subscription_id == self.charged:
                self.charges = self.charges.failed(error)

        with failures_to(fail):
            known = await self._sum_up(subscription_id, period_ids, _known)
            self.charges = self.charges.started(known)
            answer = await self._sum_up(subscription_id, period_ids, _answered)
            if subscription_id == self.charged and answer is not None:
                self.charges = self.charges.answered(answer)

    async def _sum_up(
        self, subscription_id: str, period_ids: tuple[str, ...], read: _Read
    ) -> Answer[tuple[Purchase, ...]] | None:
        """The charges in these periods, as old as their oldest page; None unless all pages are known."""
        found: list[Purchase] = []
        at: datetime | None = None
        unreadable = 0
        for period_id in period_ids:
            number, pages = 1, 1
            while number <= pages:
                page = await read(
                    self.backend.purchases(
                        self.contract.contract_id,
                        period_id,
                        kind=Filter.SUBSCRIPTION,
                        page=number,
                        per_page=PER_PAGE,
                    )
                )
                if page is None:
                    return None
                pages, number = page.value.pagination.total_pages, number + 1
                found += [p for p in page.value.items if p.subscription_id == subscription_id]
                at = min(at, page.at) if at else page.at
                unreadable += page.unreadable  # each may be a charge of this subscription
        return Answer(tuple(found), at, unreadable=unreadable) if at else None


_Read = Callable[[Reading[PurchasePage]], Awaitable[Answer[PurchasePage] | None]]


async def _known(page: Reading[PurchasePage]) -> Answer[PurchasePage] | None:
    return page.known


async def _answered(page: Reading[PurchasePage]) -> Answer[PurchasePage] | None:
    return await page
