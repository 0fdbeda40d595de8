"""State of one session's demo: the current case, and the change to another."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import flet as ft

from services.client.simulated_faults import Demonstration, SimulatedFault
from services.documents.archive import read_archive
from services.domain.errors import BackendError, SessionExpired
from views.core.session import Gate, SessionState
from views.sign_in.state import DEMO_IDENTIFIER, DEMO_PASSWORD


class Scenario(Enum):
    """Case of the demo: a subscriber, or a fault that any subscriber can meet."""

    NORMAL = "normal"
    TO_CHECK = "to_check"
    CONTEST = "contest"
    HISTORY = "history"
    NO_PURCHASE = "no_purchase"
    SERVICE_OFF = "service_off"
    OFFLINE = SimulatedFault.OFFLINE.value
    SERVER_ERROR = SimulatedFault.SERVER_ERROR.value
    SLOW = SimulatedFault.SLOW.value
    EXPIRED = SimulatedFault.EXPIRED.value
    LARGE = "large"


SUBSCRIBERS: Final = {
    Scenario.NORMAL: DEMO_IDENTIFIER,
    Scenario.TO_CHECK: "veille@demo.example",
    Scenario.CONTEST: "veille@demo.example",
    Scenario.HISTORY: "veille@demo.example",
    Scenario.NO_PURCHASE: "sans-achat@demo.example",
    Scenario.SERVICE_OFF: "suspendu@demo.example",
    Scenario.LARGE: "gros-volume@demo.example",
}
"""Subscriber of each case; the other cases are faults, which do not change the subscriber."""
CLOSED_PERIODS: Final = 5
"""Closed periods that the backend serves, besides the period in progress."""


@ft.observable
@dataclass(eq=False)
class DemoState:
    """State and actions of the demo's sheet. It belongs to one session, and so do its faults."""

    session: SessionState
    demonstration: Demonstration
    opened: bool = False
    picked: Scenario | None = None
    """Case selected in the sheet, not applied yet."""
    busy: bool = False
    error: BackendError | None = None
    """Failure of the last action, such as the sign-in of another subscriber."""
    shown: Scenario | None = None
    """Last applied case. It tells apart two cases with the same subscriber."""
    renewals: int = 0
    """Number of resets of the demo."""

    @property
    def scenario(self) -> Scenario | None:
        """The current case; None without a sign-in, or for a subscriber without a case."""
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
        """Whether the picked case signs another subscriber in."""
        return self.picked in SUBSCRIBERS and SUBSCRIBERS[self.picked] != self.session.backend.identifier

    @property
    def compared_year(self) -> int:
        """Year of the last closed period: the imported history has its months of the year before."""
        older = self.session.insights.history.older if self.session.insights else ()
        year, month = map(int, older[0].period.bill_month.split("-")) if older else (0, 0)
        return year + (month + CLOSED_PERIODS > 12)

    def open(self) -> None:
        self.picked, self.error, self.opened = self.scenario, None, True

    def close(self) -> None:
        self.opened = False

    def pick(self, event: ft.Event[ft.RadioGroup]) -> None:
        self.picked = Scenario(event.data)

    async def show(self) -> None:
        """Apply the picked case on the current screen."""
        if self.picked in SUBSCRIBERS:
            self.demonstration.fault, self.shown = None, self.picked
            await self._while_busy(self._enter(SUBSCRIBERS[self.picked]))
            if self.picked is Scenario.HISTORY and self.error is None:
                await self._while_busy(self._import_history())
            self.opened = self.error is not None
        elif self.picked is not None:
            self.demonstration.fault = SimulatedFault(self.picked.value)
            self.opened = False
            await self._look_again()

    async def start_over(self) -> None:
        """Reset the demo: no fault, the ordinary subscriber, and the initial data."""
        await self._while_busy(self._start_over())

    async def leave(self) -> None:
        """Sign out and end the fault, so that the next sign-in does not meet it."""
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
        """Sign in without the sign-in screen; the previous subscriber stays until the sign-in succeeds."""
        backend = self.session.backend
        challenge = await backend.begin_sign_in(identifier)
        problem = await backend.finish_sign_in(challenge, DEMO_PASSWORD, remember=False)
        await self.session.enter(problem)

    async def _import_history(self) -> None:
        """Import the older months of the signed-in demo subscriber."""
        insights = self.session.insights
        if insights is not None:
            content = await self.demonstration.history()
            await insights.history.import_archive(read_archive(content, insights.contract.contract_id))

    async def _while_busy(self, work: Coroutine[Any, Any, None]) -> None:
        self.busy, self.error = True, None
        try:
            await work
        except BackendError as error:
            self.error = error
        finally:
            self.busy = False

    async def _look_again(self) -> None:
        """Reload the data on screen, so that the fault shows at once."""
        session = self.session
        await session.settled()  # else the reload would join requests from before the fault
        if session.gate is not Gate.SIGNED_IN:
            if self.demonstration.fault is SimulatedFault.EXPIRED:
                session.ended = SessionExpired()
        elif session.purchases is None:
            await session.load_account()
        else:
            listed = session.purchases.period_id is not None
            purchases = session.refresh_purchases() if listed else session.purchases.load_periods()
            await asyncio.gather(purchases, session.load_management())
