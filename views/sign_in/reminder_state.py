"""State of « Retrouver mon identifiant »: the app sends the request, the operator answers outside it."""

from __future__ import annotations

from dataclasses import dataclass

import flet as ft

from services.client.backend import Backend
from services.domain.errors import BackendError
from services.domain.identifiers import cleaned, phone_number
from views.sign_in.state import FieldError, field_error_in


@ft.observable
@dataclass(eq=False)
class ReminderState:
    """State of the reminder form. The input stays when the form is closed and opened again.

    The confirmation does not reveal whether an account exists.
    """

    backend: Backend
    opened: bool = False
    busy: bool = False
    sent: bool = False
    fault: FieldError | None = None
    error: BackendError | None = None
    _typed: str = ""  # private: typing rebuilds no control (see `SignInState`)

    @property
    def typed(self) -> str:
        return self._typed

    def __repr__(self) -> str:
        return "ReminderState()"  # keeps the input out of logs

    def open(self) -> None:
        self.opened = True

    def close(self) -> None:
        self.opened = self.sent = False
        self.fault = self.error = None

    def type(self, event: ft.Event[ft.TextField]) -> None:
        self._typed = event.data or ""
        self.fault = self.error = None
        self.sent = False

    async def send(self) -> None:
        """Request the identifier that belongs to the phone number or e-mail address."""
        typed = cleaned(self._typed)
        self.fault, self.error = field_error_in(typed), None
        if self.fault is not None or self.busy:
            return
        self.busy = True
        try:
            if number := phone_number(typed):
                await self.backend.remind_identifier(phone_number=number)
            else:
                await self.backend.remind_identifier(email=typed)
        except BackendError as error:
            self.error = error
        else:
            self.sent = True
        finally:
            self.busy = False
