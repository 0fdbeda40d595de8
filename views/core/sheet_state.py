"""The open sheet, kept apart from the button that opened it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import flet as ft

from views.kit.look import Look


@dataclass(frozen=True)
class Sheet:
    """A modal with a title, closed by Esc, a tap outside or one of its buttons; `on_close` follows.

    While it is `held` only the app closes it.
    """

    title: str
    content: ft.Control
    on_close: Callable[[], None]
    held: bool = False


Draw = Callable[[Look], Sheet]


@ft.observable
@dataclass(eq=False)
class SheetState:
    """The open sheet; it outlives the button, which another size of the window replaces."""

    draw: Draw | None = None

    def open(self, draw: Draw) -> None:
        self.draw = draw

    def close(self) -> None:
        self.draw = None
