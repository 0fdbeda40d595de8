"""State of the comparison of a printed bill with the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import flet as ft

from services.client.cache import Reading, Steps
from services.domain.models import Answer, BillingPeriod, Contract
from services.insights.reconcile import OtherTotal, Reconciliation, read_amount, reconcile
from views.core.insights import InsightsState
from views.core.loadable import Loadable
from views.core.resource import Resource


@ft.observable
@dataclass(eq=False)
class ReconcileState:
    """Comparison of one period's bill with the ledger."""

    insights: InsightsState
    period_id: str
    contracts: tuple[Contract, ...] = ()
    """Other contracts of the subscriber with billing rights."""
    others: Loadable[tuple[OtherTotal, ...]] = field(default_factory=Loadable)
    """Totals of the other contracts in the same bill month."""
    wrong: bool = False
    """True if the input is no amount."""
    checked: frozenset[str] = frozenset()
    """Payment ids of the entries that the subscriber checked as the difference."""
    _typed: str | None = None  # private: typing rebuilds no control
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
        """The amount on the bill: the backend's, else the stored input; None without either."""
        period = self.period
        if period is not None and period.bill is not None:
            return period.bill.amount.amount
        typed = self.insights.review.review.bills.get(self.period_id)
        return typed.amount.amount if typed else None

    @property
    def typed(self) -> str | None:
        """Input since the last comparison; None without any."""
        return self._typed

    @property
    def found(self) -> Reconciliation | None:
        """Explanations of the printed amount, cached for the same figures; None without an amount."""
        known, printed = self.insights.ledger.data, self.printed
        if known is None or printed is None:
            return None
        asked = (known, printed, self.others.data)
        if self._found[0] != asked:
            self._found = asked, reconcile(known, self.period_id, printed, self.others.data)
        return self._found[1]

    @property
    def left(self) -> Decimal:
        """Part of the difference that the checked entries do not explain."""
        found = self.found
        if found is None:
            return Decimal("0.00")
        checked = (one.change for one in found.candidates if one.entry.payment_id in self.checked)
        return found.gap - sum(checked, Decimal("0.00"))

    def type(self, event: ft.Event[ft.TextField]) -> None:
        """Store the input of the field."""
        self._typed = event.data or ""

    def compare(self) -> None:
        """Compare the ledger with the amount in the field; set `wrong` if it is no amount."""
        amount = self.printed if self._typed is None else read_amount(self._typed)
        self.wrong, self.checked = amount is None, frozenset()
        if amount is not None:
            self._typed = None
            self.insights.review.read_bill(self.period_id, amount)

    def check(self, payment_id: str, checked: bool) -> None:
        """Check an entry as part of the difference, or uncheck it."""
        self.checked = self.checked | {payment_id} if checked else self.checked - {payment_id}

    async def load_others(self) -> None:
        """Read the totals of the other contracts in the same bill month."""
        if self.contracts:
            await self._others.load()

    def _totals(self) -> Steps[tuple[BillingPeriod, ...], tuple[OtherTotal, ...]]:
        """Read the periods of each contract; the time of the totals is that of the oldest answer."""
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
