"""The password, asked for once more before what cannot be undone (step-up)."""

from __future__ import annotations

from dataclasses import dataclass

import flet as ft

from services.backend import Backend, Challenge
from services.errors import BackendError, Refused, SignInTimedOut


@ft.observable
@dataclass(eq=False)
class ProofState:
    """What the sheet shows while it asks for the password, which leaves it as soon as it is not wanted any
    more.
    """

    backend: Backend
    wanted: bool = False
    shown: bool = False
    """The password is drawn in clear."""
    empty: bool = False
    """Nothing was typed."""
    error: BackendError | None = None
    tried: int = 0
    """How often it was given in vain: what is typed is selected, ready to be typed over."""
    # Private: typing draws nothing again (see `SignInState`).
    _password: str = ""
    _challenge: Challenge | None = None

    def __repr__(self) -> str:
        return "ProofState()"  # what was typed stays out of logs

    @property
    def password(self) -> str:
        return self._password

    def want(self) -> None:
        """The backend wants it."""
        self.forget()
        self.wanted = True

    def forget(self) -> None:
        self.wanted = self.shown = self.empty = False
        self.error, self._password, self._challenge, self.tried = None, "", None, 0

    def type(self, event: ft.Event[ft.TextField]) -> None:
        self._password, self.empty = event.data or "", False

    def toggle(self) -> None:
        self.shown = not self.shown

    async def give(self) -> bool:
        """Sign in again as the same subscriber, by the two steps; whether that succeeded."""
        self.error = None
        self.empty = not self._password
        if self.empty:
            return False
        try:
            try:
                await self._try()
            except SignInTimedOut:  # typed too long after the try before
                self._challenge = None
                await self._try()
        except BackendError as error:
            self.error = error
            if isinstance(error, Refused):
                self.tried += 1
            return False
        self.forget()
        return True

    async def _try(self) -> None:
        if self._challenge is None:
            self._challenge = await self.backend.begin_sign_in(self.backend.identifier or "")
        await self.backend.step_up(self._challenge, self._password)
