"""State of the open sheet, separate from the button that opened it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import flet as ft

from views.kit.design import Design


@dataclass(frozen=True)
class Sheet:
    """Modal with a title, closed by Esc, a tap outside or one of its buttons; closing calls `on_close`.

    While a sheet is `held`, only the app can close the sheet.
    """

    title: str
    content: ft.Control
    on_close: Callable[[], None]
    held: bool = False


Draw = Callable[[Design], Sheet]


@ft.observable
@dataclass(eq=False)
class SheetState:
    """State of the open sheet. The sheet outlives its button, which a resize of the window may replace."""

    draw: Draw | None = None

    def open(self, draw: Draw) -> None:
        self.draw = draw

    def close(self) -> None:
        self.draw = None
