"""State of the form for the own ceiling: the amount from which the subscriber is warned."""

from __future__ import annotations

from dataclasses import dataclass

import flet as ft

from services.insights.review import HIGHEST_CEILING
from views.core.review import ReviewState


@ft.observable
@dataclass(eq=False)
class CeilingForm:
    """Form for a ceiling in whole euros; an empty field turns the warning off."""

    review: ReviewState
    wrong: bool = False
    """True if the input is no valid amount."""
    saved: bool = False
    _typed: str | None = None  # private: typing rebuilds no control

    @property
    def typed(self) -> str:
        """Text of the field: the input, else the stored ceiling."""
        if self._typed is not None:
            return self._typed
        own = self.review.review.own_ceiling
        return str(own.amount) if own and own.amount else ""

    def type(self, event: ft.Event[ft.TextField]) -> None:
        self._typed = event.data or ""
        self.wrong = False

    def save(self) -> None:
        """Store a valid amount; else set `wrong`."""
        typed = self.typed.replace("€", "").strip()
        if not typed:
            self.review.set_ceiling(None)
        elif typed.isascii() and typed.isdecimal() and 1 <= int(typed) <= HIGHEST_CEILING:
            self.review.set_ceiling(int(typed))
        else:
            self.wrong = True
            return
        self.saved = True
