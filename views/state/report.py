"""Reporting a problem with a purchase: a reason, a comment, a receipt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import uuid4

import flet as ft

from services.backend import Backend
from services.errors import BackendError
from services.models import Contract, Dispute, DisputeReason

from .purchase import PurchaseState

LONGEST_COMMENT: Final = 500


@ft.observable
@dataclass(eq=False)
class ReportState:
    """The form over one purchase. One form filled in is one report, however often it is sent."""

    backend: Backend
    contract: Contract
    purchase: PurchaseState
    payment_id: str | None = None
    """The purchase the form is open for."""
    reason: DisputeReason | None = None
    unexplained: bool = False
    """Sent without a reason."""
    busy: bool = False
    error: BackendError | None = None
    receipt: Dispute | None = None
    # Private: typing draws nothing again.
    _comment: str = ""
    _key: str = ""

    @property
    def comment(self) -> str:
        return self._comment

    def open(self, payment_id: str) -> None:
        """A fresh form, or the draft left for this purchase."""
        if self.payment_id != payment_id or not self._key:
            self.reason, self._comment, self._key = None, "", str(uuid4())
        self.error, self.unexplained = None, False
        self.payment_id = payment_id

    def close(self) -> None:
        if not self.busy:
            self.payment_id = None

    def choose(self, event: ft.Event[ft.RadioGroup]) -> None:
        self.unexplained = False
        self.reason = DisputeReason(event.control.value or "")

    def type_comment(self, event: ft.Event[ft.TextField]) -> None:
        self._comment = event.control.value

    async def send(self) -> None:
        """Send the report; a second tap, or a retry after a lost answer, is the same report."""
        payment_id, reason = self.payment_id, self.reason
        if payment_id is None or self.busy:
            return
        if reason is None:
            self.unexplained = True
            return
        self.busy, self.error = True, None
        try:
            self.receipt = await self.backend.dispute(
                self.contract.contract_id, payment_id, reason, self._comment.strip(), self._key
            )
        except BackendError as error:
            self.error = error
            return
        finally:
            self.busy = False
        self.payment_id, self._key = None, ""
        if payment_id == self.purchase.payment_id:
            await self.purchase.load()
