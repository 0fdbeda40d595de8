"""Step-up: the password is required again before an irreversible change."""

from __future__ import annotations

from dataclasses import dataclass

import flet as ft

from services.client.backend import Backend, Challenge
from services.domain.errors import BackendError, Refused, SignInTimedOut


@ft.observable
@dataclass(eq=False)
class ProofState:
    """State of the password prompt of a sheet.

    The password is erased as soon as it is no longer needed.
    """

    backend: Backend
    wanted: bool = False
    shown: bool = False
    """The password is shown in clear text."""
    empty: bool = False
    """The submitted password is empty."""
    error: BackendError | None = None
    tried: int = 0
    """Number of refused passwords; after a refusal the typed text is selected, so that typing replaces it."""
    # Private, so that typing triggers no redraw (see `SignInState`).
    _password: str = ""
    _challenge: Challenge | None = None

    def __repr__(self) -> str:
        return "ProofState()"  # the typed password stays out of logs

    @property
    def password(self) -> str:
        return self._password

    def want(self) -> None:
        """Ask for the password: the backend requires a step-up."""
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
        """Sign in again as the same subscriber, in two steps; return whether the sign-in succeeded."""
        self.error = None
        self.empty = not self._password
        if self.empty:
            return False
        try:
            try:
                await self._try()
            except SignInTimedOut:  # the challenge expired since the last attempt
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
