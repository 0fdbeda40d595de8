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

from services.client.backend import Challenge
from services.domain.errors import ActionNeeded, BackendError, Locked, Refused, SignInTimedOut
from services.domain.identifiers import cleaned, phone_number
from views.core.session import SessionState

DEMO_IDENTIFIER: Final = "camille@demo.example"
DEMO_PASSWORD: Final = "Soleil-2026"  # noqa: S105 - the public password of the demo subscribers

MINUTE: Final = timedelta(minutes=1)

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class FieldError(Enum):
    """Faults of an input that are found without a request."""

    EMPTY = auto()
    FORMAT = auto()


class Step(Enum):
    IDENTIFIER = auto()
    PASSWORD = auto()


@ft.observable
@dataclass(eq=False)
class SignInState:
    """State of the sign-in screens. An accepted password is erased at once."""

    session: SessionState
    step: Step = Step.IDENTIFIER
    password_shown: bool = False
    remember: bool = True
    busy: bool = False
    fault: FieldError | None = None
    error: BackendError | None = None
    retype: bool = False
    """True after a refused password: its text is selected, so that typing replaces it."""
    locked_minutes: int = 0
    """Minutes until the account is unlocked; `count_down` decreases them."""
    _challenge: Challenge | None = None
    # Private, so that typing rebuilds no control: a field rebuilt with an older text loses the letters
    # typed since.
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
        return f"SignInState({self.step.name})"  # keeps the input out of logs

    def type_identifier(self, event: ft.Event[ft.TextField]) -> None:
        self._identifier, self.fault = event.data or "", None

    def type_password(self, event: ft.Event[ft.TextField]) -> None:
        self._password, self.fault, self.retype = event.data or "", None, False

    def toggle_password(self) -> None:
        self.password_shown = not self.password_shown

    def toggle_remember(self, event: ft.Event[ft.Switch]) -> None:
        self.remember = bool(event.data)

    async def submit_identifier(self) -> None:
        """Send the identifier. The next step does not reveal whether the account exists."""
        identifier = cleaned(self.identifier)
        self.fault = field_error_in(identifier)
        if self.fault is None:
            await self._begin(identifier)

    async def continue_remembered(self) -> None:
        """Send the identifier that this device remembers."""
        self.identifier = self.session.remembered_identifier or ""
        await self.submit_identifier()

    def use_other(self) -> None:
        """Forget the remembered identifier and empty the field."""
        self.session.remembered_identifier = None
        self.identifier = ""

    async def submit_password(self) -> None:
        """Send the password; after a success, enter the session."""
        if self.busy or self._challenge is None or self.locked_minutes:
            return
        if not self.password:
            self.fault = FieldError.EMPTY
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
        """Count the minutes of a lock down, then unlock the form. Runs while the screen is shown."""
        while self.locked_minutes:
            await asyncio.sleep(MINUTE.total_seconds())
            if self.locked_minutes == 1:
                await self._begin(self.identifier)  # the challenge from before the lock has expired
            self.locked_minutes = max(0, self.locked_minutes - 1)  # `back` may have reset it

    async def open_demo(self) -> None:
        """Sign in as the first demo subscriber, without storing the session on the device."""
        await self._begin(DEMO_IDENTIFIER)
        if self.step is Step.PASSWORD and not self.busy:
            self.password, self.remember = DEMO_PASSWORD, False
            await self.submit_password()

    def back(self) -> None:
        """Return to the identifier step and keep the identifier; do nothing while a request is in flight."""
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


def field_error_in(identifier: str) -> FieldError | None:
    """Return the fault of a cleaned text that is no e-mail address and no phone number; else None."""
    if not identifier:
        return FieldError.EMPTY
    if _EMAIL.fullmatch(identifier) or phone_number(identifier):
        return None
    return FieldError.FORMAT
