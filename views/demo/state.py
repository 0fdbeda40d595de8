"""The demonstration of one visitor: the case on show, and how to get another."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import flet as ft

from services.errors import BackendError, SessionExpired
from services.scenarios import Demonstration, Fault
from views.core.session import Gate, SessionState
from views.sign_in.state import DEMO_IDENTIFIER, DEMO_PASSWORD


class Scenario(Enum):
    """A case worth showing: a subscriber's, or a fault that any of them may meet."""

    NORMAL = "normal"
    TO_CHECK = "to_check"
    CONTEST = "contest"
    NO_PURCHASE = "no_purchase"
    SERVICE_OFF = "service_off"
    OFFLINE = Fault.OFFLINE.value
    SERVER_ERROR = Fault.SERVER_ERROR.value
    SLOW = Fault.SLOW.value
    EXPIRED = Fault.EXPIRED.value
    LARGE = "large"


SUBSCRIBERS: Final = {
    Scenario.NORMAL: DEMO_IDENTIFIER,
    Scenario.TO_CHECK: "veille@demo.example",
    Scenario.CONTEST: "veille@demo.example",
    Scenario.NO_PURCHASE: "sans-achat@demo.example",
    Scenario.SERVICE_OFF: "suspendu@demo.example",
    Scenario.LARGE: "gros-volume@demo.example",
}
"""Who has the case; the others are faults, which leave whoever is signed in where they are."""


@ft.observable
@dataclass(eq=False)
class DemoState:
    """The sheet of the demonstration and what it does; of one visitor, like the faults it causes."""

    session: SessionState
    demonstration: Demonstration
    opened: bool = False
    picked: Scenario | None = None
    """Chosen in the sheet, not shown yet."""
    busy: bool = False
    error: BackendError | None = None
    """Why another subscriber could not be signed in."""
    shown: Scenario | None = None
    """The subscriber's case that was shown last: one subscriber may have two."""
    renewals: int = 0
    """How many times the demonstration started over."""

    @property
    def scenario(self) -> Scenario | None:
        """The case on show; None for a visitor who signed in as somebody else, or not at all."""
        fault = self.demonstration.fault
        if fault is not None:
            return Scenario(fault.value)
        if self.session.gate is not Gate.SIGNED_IN:
            return None
        who = self.session.backend.identifier
        if self.shown is not None and SUBSCRIBERS.get(self.shown) == who:
            return self.shown
        return next((scenario for scenario, theirs in SUBSCRIBERS.items() if theirs == who), None)

    @property
    def changes_subscriber(self) -> bool:
        """Whether showing what is picked signs somebody else in."""
        return self.picked in SUBSCRIBERS and SUBSCRIBERS[self.picked] != self.session.backend.identifier

    def open(self) -> None:
        self.picked, self.error, self.opened = self.scenario, None, True

    def close(self) -> None:
        self.opened = False

    def pick(self, event: ft.Event[ft.RadioGroup]) -> None:
        self.picked = Scenario(event.data)

    async def show(self) -> None:
        """Show the case picked, at the place where the visitor is."""
        if self.picked in SUBSCRIBERS:
            self.demonstration.fault, self.shown = None, self.picked
            await self._while_busy(self._enter(SUBSCRIBERS[self.picked]))
            self.opened = self.error is not None
        elif self.picked is not None:
            self.demonstration.fault = Fault(self.picked.value)
            self.opened = False
            await self._look_again()

    async def start_over(self) -> None:
        """Back to the first state: no fault, the ordinary subscriber, their data as on the first day."""
        await self._while_busy(self._start_over())

    async def leave(self) -> None:
        """Sign out; the next one to sign in here meets no fault."""
        self.demonstration.fault = None
        self.opened = False
        await self.session.sign_out()

    async def _start_over(self) -> None:
        signed_in = self.session.gate is Gate.SIGNED_IN
        for identifier in {self.session.backend.identifier, DEMO_IDENTIFIER} - {None}:
            await self.demonstration.start_over(identifier or DEMO_IDENTIFIER)
        if signed_in:
            await self._enter(DEMO_IDENTIFIER)
        self.opened = self.error is not None
        self.renewals += 1

    async def _enter(self, identifier: str) -> None:
        """Sign in without passing by the door; only then forget who was there."""
        backend = self.session.backend
        challenge = await backend.begin_sign_in(identifier)
        problem = await backend.finish_sign_in(challenge, DEMO_PASSWORD, remember=False)
        await self.session.enter(problem)

    async def _while_busy(self, work: Coroutine[Any, Any, None]) -> None:
        self.busy, self.error = True, None
        try:
            await work
        except BackendError as error:
            self.error = error
        finally:
            self.busy = False

    async def _look_again(self) -> None:
        """Read what the screens show, so that the fault is met at once."""
        session = self.session
        await session.settled()  # else joined: what was asked before the fault does not meet it
        if session.gate is not Gate.SIGNED_IN:
            if self.demonstration.fault is Fault.EXPIRED:
                session.ended = SessionExpired()
        elif session.purchases is None:
            await session.load_account()
        else:
            listed = session.purchases.period_id is not None
            purchases = session.refresh_purchases() if listed else session.purchases.load_periods()
            await asyncio.gather(purchases, session.load_management())
