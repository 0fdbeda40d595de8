"""Signed in or not: the gate at the root, and what belongs to the one who is signed in."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

import flet as ft

from services.backend import Backend
from services.credentials import CredentialProblem
from services.errors import BackendError, SessionExpired
from services.models import Account, Contract, ContractKind

from .loadable import Loadable
from .purchase import PurchaseState
from .purchases import PurchasesState


class Gate(Enum):
    """Which side of the sign-in the visitor stands on."""

    STARTING = auto()
    """Looking for a remembered session."""
    SIGNED_OUT = auto()
    SIGNED_IN = auto()


@ft.observable
@dataclass(eq=False)
class SessionState:
    """The visitor's session. Every screen behind the gate stands on `contract` and its two states."""

    backend: Backend
    demo: bool = False
    """The backend is the embedded one, with made-up subscribers."""
    gate: Gate = Gate.STARTING
    remembered_identifier: str | None = None
    """Offered on the sign-in screen instead of an empty field."""
    problem: CredentialProblem | None = None
    """Why this session will not be remembered, to be told once."""
    ended: BackendError | None = None
    """Why the last session ended by itself."""
    account: Loadable[Account] = field(default_factory=Loadable)
    contract: Contract | None = None
    purchases: PurchasesState | None = None
    purchase: PurchaseState | None = None

    def __post_init__(self) -> None:
        self.backend.on_session_end = self._expire

    async def start(self) -> None:
        """Open the remembered session, or the sign-in screen."""
        remembered = await self.backend.resume()
        self.remembered_identifier, self.problem = remembered.identifier, remembered.problem
        if remembered.signed_in:
            await self.enter(remembered.problem)
        else:
            self.gate = Gate.SIGNED_OUT

    async def enter(self, problem: CredentialProblem | None) -> None:
        """Pass the gate: the sign-in succeeded; `problem` is why it will not be remembered."""
        self.ended, self.problem = None, problem
        self.account = Loadable()
        self.gate = Gate.SIGNED_IN
        await self.load_account()

    async def load_account(self) -> None:
        """Read who is signed in, and stand on a contract of theirs."""
        self.account = self.account.started()
        try:
            answer = await self.backend.account()
        except BackendError as error:
            if self.gate is Gate.SIGNED_IN:  # else it closed meanwhile
                self.account = self.account.failed(error)
            return
        self.account = self.account.answered(answer)
        if self.contract is None and answer.value.contracts:
            self.choose(_first_shown(answer.value.contracts))

    def choose(self, contract: Contract) -> None:
        """Stand on another contract; its figures are read anew."""
        if contract == self.contract:
            return
        self.purchases = PurchasesState(self.backend, contract)
        self.purchase = PurchaseState(self.backend, contract)
        self.contract = contract

    async def sign_out(self) -> None:
        """Leave: nothing of the account stays here, with or without a network."""
        self._forget()
        self.remembered_identifier = None
        self.problem = await self.backend.sign_out()

    def _expire(self) -> None:
        self._forget()
        self.ended = SessionExpired()

    def _forget(self) -> None:
        self.gate = Gate.SIGNED_OUT
        self.account, self.contract = Loadable(), None
        self.purchases = self.purchase = None


def _first_shown(contracts: tuple[Contract, ...]) -> Contract:
    """The help article's path begins with Internet; a contract one may read comes before the others."""
    return min(contracts, key=lambda c: (not c.billing_rights, c.kind is not ContractKind.INTERNET))
