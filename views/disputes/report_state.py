"""State of the report of a problem with a purchase: reason, comment and receipt."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import uuid4

import flet as ft

from services.client.backend import Backend
from services.domain.errors import BackendError, NotDone, NotPossible, OutcomeUnknown
from services.domain.models import Contract, Dispute, DisputeReason
from views.core.loadable import Loadable
from views.core.resource import Part
from views.purchases.detail_state import PurchaseState


@ft.observable
@dataclass(eq=False)
class ReportState:
    """Form for one purchase. The same content keeps its idempotency key, so that a retry has one effect."""

    backend: Backend
    contract: Contract
    purchase: PurchaseState
    payment_id: str | None = None
    """Purchase whose form is open; None while it is closed."""
    reason: DisputeReason | None = None
    unexplained: bool = False
    """True after an attempt to send without a reason."""
    busy: bool = False
    error: BackendError | None = None
    receipt: Dispute | None = None
    # Private: typing rebuilds no control.
    _comment: str = field(default="", repr=False)
    _draft_of: str | None = None
    """Purchase that the draft belongs to."""
    _key: str = ""
    _sent: tuple[DisputeReason, str] | None = field(default=None, repr=False)
    """Reason and comment that were sent under `_key`."""

    @property
    def parts(self) -> tuple[Part, ...]:
        """The report as remote data, for recovery: its outcome may be unknown."""
        unknown = self.error if isinstance(self.error, OutcomeUnknown) else None
        return ((Loadable(loading=self.busy, error=unknown), self.find_out),)

    @property
    def comment(self) -> str:
        return self._comment

    def open(self, payment_id: str) -> None:
        """Open the form with the draft of this purchase, else empty."""
        if self._draft_of != payment_id:
            self.reason, self._comment, self._sent, self._draft_of = None, "", None, payment_id
            self.error = None
        self.unexplained = False
        if not isinstance(self.error, OutcomeUnknown):
            self.error = None
        self.payment_id = payment_id

    def close(self) -> None:
        if not self.busy:
            self.payment_id = None

    def choose(self, event: ft.Event[ft.RadioGroup]) -> None:
        self.unexplained = False
        self.reason = DisputeReason(event.data or "")

    def type_comment(self, event: ft.Event[ft.TextField]) -> None:
        self._comment = event.data or ""

    async def send(self) -> None:
        """Send the report; a second tap, or a retry after a lost answer, has no second effect."""
        payment_id, reason = self.payment_id, self.reason
        if payment_id is None or self.busy:
            return
        if reason is None:
            self.unexplained = True
            return
        content = (reason, self._comment.strip())
        if content != self._sent:  # a key is bound to one content
            self._sent, self._key = content, str(uuid4())
        self.busy, self.error = True, None
        try:
            self.receipt = await self.backend.dispute(
                self.contract.contract_id, payment_id, *content, self._key
            )
        except BackendError as error:
            self.error = error
            if not isinstance(error, NotPossible | OutcomeUnknown):  # else the purchase is read below
                return
        else:
            self.payment_id = self._draft_of = None
        finally:
            self.busy = False
        if isinstance(self.error, OutcomeUnknown):
            await self.find_out()
        elif payment_id == self.purchase.payment_id:
            await self.purchase.load()

    async def find_out(self) -> None:
        """Read the purchase to find out whether a report of unknown outcome arrived."""
        payment_id = self._draft_of
        if payment_id is None:
            return
        try:
            dispute = (await self.backend.purchase(self.contract.contract_id, payment_id)).value.dispute
        except BackendError:
            return
        if not isinstance(self.error, OutcomeUnknown) or payment_id != self._draft_of:
            return
        if dispute is None:
            self.error = NotDone()
            return
        self.receipt, self.error = dispute, None
        self.payment_id = self._draft_of = None
        if payment_id == self.purchase.payment_id:
            await self.purchase.load()
