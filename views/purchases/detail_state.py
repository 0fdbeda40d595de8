"""State of one purchase, on its own screen or in the pane beside the list."""

from __future__ import annotations

from dataclasses import dataclass, field

import flet as ft

from services.client.backend import Backend
from services.client.cache import Reading
from services.domain.models import Answer, Contract, Purchase
from views.core.history import HistoryState
from views.core.loadable import Loadable
from views.core.resource import Part, Resource


@ft.observable
@dataclass(eq=False)
class PurchaseState:
    """State of one purchase of a contract; data of a list or the cache shows before the backend answers."""

    backend: Backend
    contract: Contract
    history: HistoryState = field(default_factory=HistoryState)
    payment_id: str | None = None
    purchase: Loadable[Purchase] = field(default_factory=Loadable)

    def __post_init__(self) -> None:
        self._purchase = Resource(self, "purchase", self._read)

    @property
    def parts(self) -> tuple[Part, ...]:
        return (self._purchase.part,)

    async def open(self, payment_id: str, known: Answer[Purchase] | None = None) -> None:
        """Show a purchase: data of a list (`known`) or the cache at once, then the backend's answer."""
        if payment_id != self.payment_id:
            self.payment_id = payment_id
            newest = max(
                (each for each in (self._read().known, known) if each), key=lambda each: each.at, default=None
            )
            self._purchase.reset(newest)
        await self.load()

    async def load(self) -> None:
        """Reload the purchase on screen."""
        if self.payment_id is not None:
            await self._purchase.load()

    def _read(self) -> Reading[Purchase]:
        """Return the reading of the purchase; an imported purchase if the backend no longer serves it."""
        served = self.backend.purchase(self.contract.contract_id, self.payment_id or "")
        return self.history.with_fallback(served, lambda: self.history.entry(self.payment_id or ""))
