"""One purchase, on its own screen or in the pane beside the list."""

from __future__ import annotations

from dataclasses import dataclass, field

import flet as ft

from services.backend import Backend
from services.errors import BackendError
from services.models import Answer, Contract, Purchase
from views.core.loadable import Loadable, failures_to


@ft.observable
@dataclass(eq=False)
class PurchaseState:
    """One purchase of a contract; what a list knows of it shows before the backend answers."""

    backend: Backend
    contract: Contract
    payment_id: str | None = None
    purchase: Loadable[Purchase] = field(default_factory=Loadable)

    async def open(self, payment_id: str, known: Answer[Purchase] | None = None) -> None:
        """Show a purchase: at once what is `known` of it, by a list or from before; then all that the
        backend says.
        """
        if payment_id != self.payment_id:
            self.payment_id = payment_id
            before = self.backend.purchase(self.contract.contract_id, payment_id).known
            newest = max((each for each in (before, known) if each), key=lambda each: each.at, default=None)
            self.purchase = Loadable[Purchase]().started(newest)
        await self.load()

    async def load(self) -> None:
        """Read the purchase on screen again."""
        payment_id = self.payment_id
        if payment_id is None:
            return

        def fail(error: BackendError) -> None:
            if payment_id == self.payment_id:
                self.purchase = self.purchase.failed(error)

        with failures_to(fail):
            reading = self.backend.purchase(self.contract.contract_id, payment_id)
            self.purchase = self.purchase.started(reading.known)
            answer = await reading
            if payment_id == self.payment_id:
                self.purchase = self.purchase.answered(answer)
