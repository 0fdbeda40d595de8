"""The amount from which the subscriber wants to be warned, while it is being typed."""

from __future__ import annotations

from dataclasses import dataclass

import flet as ft

from services.insights.review import HIGHEST_CEILING
from views.core.review import ReviewState


@ft.observable
@dataclass(eq=False)
class CeilingForm:
    """Whole euros, or nothing for no warning."""

    review: ReviewState
    wrong: bool = False
    """What was typed is no amount that can be used."""
    saved: bool = False
    _typed: str | None = None  # private: typing draws nothing again

    @property
    def typed(self) -> str:
        """What the field shows."""
        if self._typed is not None:
            return self._typed
        own = self.review.review.own_ceiling
        return str(own.amount) if own and own.amount else ""

    def type(self, event: ft.Event[ft.TextField]) -> None:
        self._typed = event.data or ""
        self.wrong = False

    def save(self) -> None:
        """Take the amount over, if it is one."""
        typed = self.typed.replace("€", "").strip()
        if not typed:
            self.review.set_ceiling(None)
        elif typed.isascii() and typed.isdecimal() and 1 <= int(typed) <= HIGHEST_CEILING:
            self.review.set_ceiling(int(typed))
        else:
            self.wrong = True
            return
        self.saved = True
