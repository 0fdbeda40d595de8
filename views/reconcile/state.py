"""The amount of a printed bill, typed or told by the backend, and what explains it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import flet as ft

from services.insights.reconcile import OtherTotal, Reconciliation, read_amount, reconcile
from services.models import Answer, BillingPeriod, Contract
from services.reads import Reading, Steps
from views.core.insights import InsightsState
from views.core.loadable import Loadable
from views.core.resource import Resource


@ft.observable
@dataclass(eq=False)
class ReconcileState:
    """One period's bill beside the ledger."""

    insights: InsightsState
    period_id: str
    contracts: tuple[Contract, ...] = ()
    """The subscriber's other contracts of which the bills may be read."""
    others: Loadable[tuple[OtherTotal, ...]] = field(default_factory=Loadable)
    """Their totals of the same bill."""
    wrong: bool = False
    """What was typed is no amount."""
    checked: frozenset[str] = frozenset()
    """The ids of the entries that the subscriber takes for the difference."""
    _typed: str | None = None  # private: typing draws nothing again
    _found: tuple[tuple[object, ...], Reconciliation | None] = field(default_factory=lambda: ((), None))

    def __post_init__(self) -> None:
        self._others = Resource(self, "others", lambda: Reading.of_several(self._totals))

    @property
    def period(self) -> BillingPeriod | None:
        """The period; None if it is not known."""
        known = self.insights.ledger.data
        found = (one.period for one in known.periods) if known else ()
        return next((one for one in found if one.period_id == self.period_id), None)

    @property
    def printed(self) -> Decimal | None:
        """The amount on the bill: the backend's, else what was typed; None if neither is known."""
        period = self.period
        if period is not None and period.bill is not None:
            return period.bill.amount.amount
        typed = self.insights.review.review.bills.get(self.period_id)
        return typed.amount.amount if typed else None

    @property
    def typed(self) -> str | None:
        """What was typed since the bill was compared; None if nothing was."""
        return self._typed

    @property
    def found(self) -> Reconciliation | None:
        """What explains the printed amount; None without one. Computed once for the same figures."""
        known, printed = self.insights.ledger.data, self.printed
        if known is None or printed is None:
            return None
        asked = (known, printed, self.others.data)
        if self._found[0] != asked:
            self._found = asked, reconcile(known, self.period_id, printed, self.others.data)
        return self._found[1]

    @property
    def left(self) -> Decimal:
        """What of the difference the checked entries do not explain."""
        found = self.found
        if found is None:
            return Decimal("0.00")
        checked = (one.change for one in found.candidates if one.entry.payment_id in self.checked)
        return found.gap - sum(checked, Decimal("0.00"))

    def type(self, event: ft.Event[ft.TextField]) -> None:
        """Note what is being typed."""
        self._typed = event.data or ""

    def compare(self) -> None:
        """Take over the amount that was typed, if it is one."""
        amount = self.printed if self._typed is None else read_amount(self._typed)
        self.wrong, self.checked = amount is None, frozenset()
        if amount is not None:
            self._typed = None
            self.insights.review.read_bill(self.period_id, amount)

    def check(self, payment_id: str, checked: bool) -> None:
        """Add an entry to those that make the difference, or take it away."""
        self.checked = self.checked | {payment_id} if checked else self.checked - {payment_id}

    async def load_others(self) -> None:
        """Read what the other contracts come to on the same bill."""
        if self.contracts:
            await self._others.load()

    def _totals(self) -> Steps[tuple[BillingPeriod, ...], tuple[OtherTotal, ...]]:
        """Read the periods of each contract; the totals are as old as the oldest of them."""
        found: list[OtherTotal] = []
        ages: list[datetime] = []
        for contract in self.contracts:
            periods = yield self.insights.backend.billing_periods(contract.contract_id)
            ages.append(periods.at)
            found += [
                OtherTotal(contract.contract_id, contract.label, one.total.amount)
                for one in periods.value
                if one.bill_month == self.period_id
            ]
        return Answer(tuple(found), min(ages))
