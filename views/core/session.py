"""Session of the user: the sign-in gate at the root, and the state of the signed-in account."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from typing import Any

import flet as ft

from services.client.backend import Backend, Remembered
from services.client.credentials import CredentialProblem
from services.documents.archive import MOST_ENTRIES
from services.domain.errors import BackendError, SessionExpired
from services.domain.models import Account, Answer, BillingPeriod, Contract, ContractKind
from services.domain.periods import SERVED_PERIODS
from services.insights.findings import publishers_known
from services.insights.history import History
from services.insights.ledger import PackedPeriod
from views.core.history import MOST_ON_THE_WEB, HistoryState
from views.core.insights import InsightsState
from views.core.kept_history import KeptHistoryState
from views.core.loadable import Loadable
from views.core.resource import Holder, Part, Resource
from views.core.review import ReviewState
from views.disputes.report_state import ReportState
from views.help.state import HelpState
from views.purchases.detail_state import PurchaseState
from views.purchases.state import PurchasesState
from views.service.state import ServiceState
from views.subscriptions.state import SubscriptionsState


class Gate(Enum):
    """Sign-in status of the user."""

    STARTING = auto()
    """The app is looking for a remembered session."""
    SIGNED_OUT = auto()
    SIGNED_IN = auto()


@ft.observable
@dataclass(eq=False)
class SessionState:
    """Session of the user. Every screen behind the gate uses `contract` and its state holders."""

    backend: Backend
    demo: bool = False
    """The backend is the embedded sandbox, with fictitious subscribers."""
    gate: Gate = Gate.STARTING
    remembered_identifier: str | None = None
    """Identifier that the sign-in screen offers instead of an empty field."""
    problem: CredentialProblem | None = None
    """Reason why this session will not be remembered."""
    unopened: CredentialProblem | None = None
    """Reason why the remembered session could not be read."""
    unerased: CredentialProblem | None = None
    """Reason why the session may remain in the credential store after the sign-out."""
    outdated: bool = False
    """The backend no longer serves this version of the app: the user must update the app."""
    ended: BackendError | None = None
    """Reason why the last session ended without a sign-out."""
    account: Loadable[Account] = field(default_factory=Loadable)
    failure: BackendError | None = None
    """Reason why the last action on the account failed."""
    cleared: int = 0
    """Number of times the data on this device was cleared."""
    contract: Contract | None = None
    purchases: PurchasesState | None = None
    purchase: PurchaseState | None = None
    subscriptions: SubscriptionsState | None = None
    service: ServiceState | None = None
    report: ReportState | None = None
    insights: InsightsState | None = None
    unseen: int = 0
    """Number of the contract's charges to review that were never on screen."""
    oldest_bill: str | None = None
    """Month of the oldest bill of the backend, on a device that may keep a history."""
    help: HelpState = field(init=False)
    kept: KeptHistoryState = field(init=False)
    _opening: bool = False
    preferred: str | None = None
    """Id of the contract to select, if the account has it; kept when a session expires."""
    _reviews: dict[str, ReviewState] = field(default_factory=dict)
    """Review states by contract id."""
    _periods_read: dict[str, dict[str, PackedPeriod]] = field(default_factory=dict)
    """Periods of the ledgers, by contract id and period id."""
    _histories: dict[str, HistoryState] = field(default_factory=dict)
    """Histories by contract id."""

    def __post_init__(self) -> None:
        self.backend.on_session_end = self._expire
        self.backend.on_outdated = self._outdate
        self.help = HelpState(self.backend)
        self.kept = KeptHistoryState(self.backend)
        self._account = Resource(self, "account", self.backend.account, on_answer=self._answered)

    @property
    def parts(self) -> tuple[Part, ...]:
        return ((self.account, self.load_account),)

    @property
    def holders(self) -> tuple[Holder, ...]:
        """State holders of remote data, this holder first."""
        of_contract = (self.purchases, self.purchase, self.subscriptions, self.service, self.report)
        insights = (self.insights, self.insights.review) if self.insights else ()
        return (self, *(holder for holder in of_contract if holder is not None), *insights)

    async def start(self) -> None:
        """Open the remembered session, or the sign-in screen.

        While the credential store waits for the user, the sign-in screen is open and `start` keeps waiting.
        """
        if self._opening:
            return
        self._opening = True
        try:
            remembered = await self._resume()
            if remembered.waiting:
                remembered = await self._resume()
        finally:
            self._opening = False
        if remembered.signed_in and self.gate is not Gate.SIGNED_IN:
            await self.enter(None)

    async def _resume(self) -> Remembered:
        remembered = await self.backend.resume()
        if self.gate is not Gate.SIGNED_IN:  # else the user has signed in by password meanwhile
            self.unopened = remembered.problem
            self.remembered_identifier = remembered.identifier or self.remembered_identifier
            if not remembered.signed_in:
                self.gate = Gate.SIGNED_OUT
        return remembered

    async def enter(self, problem: CredentialProblem | None) -> None:
        """Pass the gate after a sign-in; `problem` is the reason why the session will not be remembered."""
        self._forget()  # removes the state of the previous user
        self.ended, self.problem, self.unopened, self.unerased = None, problem, None, None
        if (
            self.help.owner != self.backend.identifier
        ):  # else keep what the same user wrote before the session expired
            self.help = HelpState(self.backend, self.backend.identifier)
        self.gate = Gate.SIGNED_IN
        self.help.take_up()
        await self.load_account()
        await self.help.keep()
        if problem is CredentialProblem.SLOW:
            self.problem = await self.backend.confirm_kept()

    async def load_account(self) -> None:
        """Read the account of the signed-in user, and select one of its contracts."""
        self._account.recall()
        self._stand()
        await self.open_history()
        await self._account.load()

    async def _answered(self, _before: object) -> None:
        self._stand()
        await self.open_history()

    async def open_history(self) -> None:
        """Show the history kept on this device for the subscriber, once the subscriber is known."""
        if self.account.data is None or self.backend.device.history is None:
            return
        opened = self.backend.device.history.is_open
        if await self.kept.open(self.account.data.subscriber_id) and not opened:
            for contract_id, history in self._histories.items():
                history.show(self.kept.read(contract_id))

    async def keep_history(self) -> None:
        """Keep the history on this device from now on, with the periods known now."""
        if self.account.data is None or not await self.kept.turn_on(self.account.data.subscriber_id):
            return
        for history in self._histories.values():
            await history.save()
        if self.insights is not None:
            await self.insights.load()
            ledger = self.insights.packed
            if ledger.data is not None and ledger.at is not None:
                await self.insights.keep(Answer(ledger.data, ledger.at))

    async def retry_history(self) -> None:
        """Open the history again, then write the periods that were not written."""
        await self.open_history()
        for history in self._histories.values():
            await history.save()

    async def erase_history(self) -> None:
        """Erase the history from this device; the session continues."""
        await self.kept.turn_off()
        self._drop_histories()

    def _drop_histories(self) -> None:
        for history in self._histories.values():
            history.show(History())

    def _stand(self) -> None:
        """Update the selected contract; select another if none is selected or the contract is gone."""
        contracts = self.account.data.contracts if self.account.data else ()
        if contracts:
            self.choose(
                _first_shown(contracts, self.contract.contract_id if self.contract else self.preferred)
            )
        elif self.account.data is not None:
            self._leave_contract()

    def choose(self, contract: Contract) -> None:
        """Select another contract, with new state holders; other data of the same contract keeps them."""
        if contract == self.contract:
            return
        if self._is_selected(contract):
            holders: tuple[Any, ...] = (
                self.purchases, self.purchase, self.subscriptions, self.service, self.report, self.insights,
            )  # fmt: skip
            for holder in (self, *holders):
                holder.contract = contract
            return
        history = self._history_of(contract.contract_id)
        self.purchases = PurchasesState(self.backend, contract, history, on_periods=self._served)
        self.purchase = PurchaseState(self.backend, contract, history)
        self.subscriptions = SubscriptionsState(self.backend, contract)
        self.service = ServiceState(self.backend, contract, on_change=self.subscriptions.read_again)
        self.subscriptions.on_change = self.service.read_again
        self.report = ReportState(self.backend, contract, self.purchase)
        self.insights = InsightsState(
            self.backend,
            contract,
            self.purchases,
            self.subscriptions,
            self.service,
            self._review_of(contract),
            history,
            periods_read=self._periods_read.setdefault(contract.contract_id, {}),
            known_publishers=self._known_publishers,
            load_others=self._load_other_reviews,
            keeps=self._keeps,
            on_count=self._count,
        )
        self.unseen = 0
        self.contract, self.preferred = contract, contract.contract_id

    def _is_selected(self, contract: Contract) -> bool:
        """Return whether a contract is the selected one, and its subscriber may see as much as before."""
        return self.contract is not None and (
            (contract.contract_id, contract.billing_rights)
            == (self.contract.contract_id, self.contract.billing_rights)
        )

    async def refresh(self) -> None:
        """Reload the data of the home screen; then the ledger, once a screen has asked for it."""
        readings = [self.load_account(), self.load_management()]
        if self.insights is not None and self.contract is not None and self.contract.billing_rights:
            readings.append(self.insights.review.load())
        if self.purchases is not None:
            readings.append(self.purchases.load_periods())
        await asyncio.gather(*readings)
        if self.insights is not None and self.insights.packed != Loadable():
            await self.insights.load()

    async def refresh_purchases(self) -> None:
        """Reload the list of purchases and the open purchase."""
        if self.purchases is not None and self.purchase is not None:
            await asyncio.gather(self.purchases.refresh(), self.purchase.load())

    async def settled(self) -> None:
        """Wait until no read of the contract is in flight."""
        readers = (self.purchases, self.subscriptions, self.service, self.insights)
        await asyncio.gather(*(reader.settled() for reader in readers if reader is not None))

    async def load_management(self) -> None:
        """Reload the subscriptions and the service."""
        if self.subscriptions is not None and self.service is not None:
            await asyncio.gather(self.subscriptions.load(), self.service.load())

    async def clear_device(self) -> None:
        """Delete the cached data from this device and stay signed in; unsent changes remain."""
        kept = self.kept.on
        self.kept.closed(await self.backend.forget_known())
        if kept:
            self._drop_histories()
        await self.help.keep()
        self.cleared += 1

    async def sign_out(self) -> None:
        """Sign out, with or without a network; no data of the account stays on this device."""
        self._leave()
        self._left(await self.backend.sign_out())

    async def erase_again(self) -> None:
        """Retry to erase the session that the credential store did not erase at the sign-out."""
        self._left(await self.backend.erase_again())

    def _left(self, problem: CredentialProblem | None) -> None:
        # Without a store, no session was saved.
        self.unerased = None if problem is CredentialProblem.ABSENT else problem

    async def sign_out_everywhere(self) -> None:
        """Sign out on this device and every other; on an error, set `failure` and stay signed in."""
        self.failure = None
        try:
            problem = await self.backend.sign_out_everywhere()
        except BackendError as error:
            self.failure = error
        else:
            self._leave()
            self._left(problem)

    def _history_of(self, contract_id: str) -> HistoryState:
        if contract_id not in self._histories:
            most = MOST_ENTRIES if self.backend.device.available else MOST_ON_THE_WEB
            self._histories[contract_id] = HistoryState(most, partial(self.kept.write, contract_id))
            self._histories[contract_id].show(self.kept.read(contract_id))
        return self._histories[contract_id]

    def _served(self, periods: tuple[BillingPeriod, ...]) -> None:
        """Record the oldest bill; a contract with fewer periods has lost none yet."""
        if self.backend.device.available and len(periods) >= SERVED_PERIODS:
            self.oldest_bill = periods[-1].bill_month

    def _keeps(self) -> bool:
        return self.kept.on

    def _review_of(self, contract: Contract) -> ReviewState:
        key = contract.contract_id
        if key not in self._reviews:
            self._reviews[key] = ReviewState(self.backend, key)
        return self._reviews[key]

    async def _load_other_reviews(self) -> None:
        """Read the reviews of the other contracts, unless they have been read."""
        contracts = self.account.data.contracts if self.account.data else ()
        others = [one for one in contracts if one.billing_rights and one != self.contract]
        reviews = map(self._review_of, others)
        await asyncio.gather(
            *(one.load() for one in reviews if one.served.data is None and not one.kept_here)
        )

    def _known_publishers(self) -> frozenset[str]:
        """Return the publishers that were recognized on any contract."""
        return frozenset().union(*(publishers_known(one.review) for one in self._reviews.values()))

    def _count(self, unseen: int) -> None:
        self.unseen = unseen

    def try_again(self) -> None:
        """Show the screens again: the backend may serve this version again."""
        self.outdated = False

    def _outdate(self) -> None:
        self.outdated = True

    def _leave(self) -> None:
        self._forget()
        self.help = HelpState(self.backend)
        self.remembered_identifier = self.preferred = None

    def _expire(self) -> None:
        self._forget()
        self.ended = SessionExpired()

    def _forget(self) -> None:
        self.gate = Gate.SIGNED_OUT
        self._account.reset()
        self.failure = self.problem = self.oldest_bill = None
        self._reviews, self._periods_read, self._histories = {}, {}, {}
        self.kept = KeptHistoryState(self.backend)
        self._leave_contract()

    def _leave_contract(self) -> None:
        self.contract = self.purchases = self.purchase = None
        self.subscriptions = self.service = self.report = self.insights = None
        self.unseen = 0


def _first_shown(contracts: tuple[Contract, ...], preferred: str | None) -> Contract:
    """Return the preferred contract; else the first readable contract, Internet contracts first.

    The path in the help article starts at the Internet contract.
    """
    return min(
        contracts,
        key=lambda c: (
            c.contract_id != preferred,
            not c.billing_rights,
            c.kind is not ContractKind.INTERNET,
        ),
    )
