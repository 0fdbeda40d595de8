"""The two-step sign-in: the identifier, then the password."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from math import ceil
from typing import Final

import flet as ft

from services.backend import Challenge
from services.errors import ActionNeeded, BackendError, Locked, Refused, SignInTimedOut
from services.identifiers import cleaned, phone_number
from views.core.session import SessionState

DEMO_IDENTIFIER: Final = "camille@demo.example"
DEMO_PASSWORD: Final = "Soleil-2026"  # noqa: S105 - the made-up subscribers' published password

MINUTE: Final = timedelta(minutes=1)

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Fault(Enum):
    """What is wrong with what was typed, before anybody is asked."""

    EMPTY = auto()
    FORMAT = auto()


class Step(Enum):
    IDENTIFIER = auto()
    PASSWORD = auto()


@ft.observable
@dataclass(eq=False)
class SignInState:
    """What the sign-in screens show. The password leaves it as soon as it is accepted."""

    session: SessionState
    step: Step = Step.IDENTIFIER
    password_shown: bool = False
    remember: bool = True
    busy: bool = False
    fault: Fault | None = None
    error: BackendError | None = None
    retype: bool = False
    """The password was refused: it is selected, ready to be typed over."""
    locked_minutes: int = 0
    """How long the account stays locked, counted down by `count_down`."""
    _challenge: Challenge | None = None
    # Private: typing draws nothing again. A field drawn again with what was typed a moment ago loses the
    # letters typed since.
    _identifier: str = ""
    _password: str = ""

    @property
    def identifier(self) -> str:
        return self._identifier

    @identifier.setter
    def identifier(self, value: str) -> None:
        self._identifier = value

    @property
    def password(self) -> str:
        return self._password

    @password.setter
    def password(self, value: str) -> None:
        self._password = value

    def __repr__(self) -> str:
        return f"SignInState({self.step.name})"  # what was typed stays out of logs

    def type_identifier(self, event: ft.Event[ft.TextField]) -> None:
        self._identifier, self.fault = event.data or "", None

    def type_password(self, event: ft.Event[ft.TextField]) -> None:
        self._password, self.fault, self.retype = event.data or "", None, False

    def toggle_password(self) -> None:
        self.password_shown = not self.password_shown

    def toggle_remember(self, event: ft.Event[ft.Switch]) -> None:
        self.remember = bool(event.data)

    async def submit_identifier(self) -> None:
        """Step 1. Whether the identifier exists is never said: the password is asked for either way."""
        identifier = cleaned(self.identifier)
        self.fault = fault_in(identifier)
        if self.fault is None:
            await self._begin(identifier)

    async def continue_remembered(self) -> None:
        """Step 1 with the identifier that this device remembers."""
        self.identifier = self.session.remembered_identifier or ""
        await self.submit_identifier()

    def use_other(self) -> None:
        """Step 1 with an empty field."""
        self.session.remembered_identifier = None
        self.identifier = ""

    async def submit_password(self) -> None:
        """Step 2."""
        if self.busy or self._challenge is None or self.locked_minutes:
            return
        if not self.password:
            self.fault = Fault.EMPTY
            return
        self.busy, self.error = True, None
        try:
            problem = await self.session.backend.finish_sign_in(
                self._challenge, self.password, remember=self.remember
            )
        except Locked as error:
            self.error = error
            self.locked_minutes = ceil(error.retry_after / MINUTE)
            return
        except (SignInTimedOut, ActionNeeded) as error:
            self._restart()
            self.error = error
            return
        except BackendError as error:
            self.error = error
            self.retype = isinstance(error, Refused)
            return
        finally:
            self.busy = False
        self.password, self.step, self._challenge = "", Step.IDENTIFIER, None
        await self.session.enter(problem)

    async def count_down(self) -> None:
        """Run while the screen of a locked account is shown: opens the form again when the time is up."""
        while self.locked_minutes:
            await asyncio.sleep(MINUTE.total_seconds())
            if self.locked_minutes == 1:
                await self._begin(self.identifier)  # the sign-in begun before the lock is too old by now
            self.locked_minutes = max(0, self.locked_minutes - 1)  # the user may have left it meanwhile

    async def open_demo(self) -> None:
        """Sign in as the first made-up subscriber, for this visit only."""
        await self._begin(DEMO_IDENTIFIER)
        if self.step is Step.PASSWORD and not self.busy:
            self.password, self.remember = DEMO_PASSWORD, False
            await self.submit_password()

    def back(self) -> None:
        """From the password to the identifier, which stays; not while the password is being checked."""
        if not self.busy:
            self._restart()

    def _restart(self) -> None:
        self.step, self.password, self.password_shown = Step.IDENTIFIER, "", False
        self.error = self.fault = None
        self.locked_minutes, self.retype = 0, False
        self._challenge = None

    async def _begin(self, identifier: str) -> None:
        if self.busy:
            return
        self.busy, self.error, self.session.ended = True, None, None
        try:
            self._challenge = await self.session.backend.begin_sign_in(identifier)
        except BackendError as error:
            self.error = error
        else:
            self.identifier, self.step = identifier, Step.PASSWORD
        finally:
            self.busy = False


def fault_in(identifier: str) -> Fault | None:
    """Return why a cleaned text is no e-mail address and no phone number, if it is none."""
    if not identifier:
        return Fault.EMPTY
    if _EMAIL.fullmatch(identifier) or phone_number(identifier):
        return None
    return Fault.FORMAT
