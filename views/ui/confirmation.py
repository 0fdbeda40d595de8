"""An action that is asked about once more before it is done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import flet as ft

from views.state.context import use_look

from .buttons import Handler, outline_button, strong_button
from .cards import column
from .component import component
from .look import Look, silent, text
from .sheet import sheet
from .theme import SPACE_M, SPACE_S, negative_button


def confirmation(
    look: Look,
    title: str,
    consequences: Sequence[str],
    confirm: str,
    on_confirm: Handler,
    keep: str,
    on_keep: Handler,
    *,
    busy: str = "",
    serious: bool = True,
) -> ft.DialogControl:
    """A sheet that says what follows, each on its line; the safe answer has the focus.

    While `busy` (what is being done) neither answer can be given and the sheet stays.
    """
    lines = [
        ft.Row(
            [
                silent(ft.Container(width=6, height=6, bgcolor=look.colors.accent, border_radius=3)),
                text(line, look.type.body, expand=True),
            ],
            spacing=SPACE_S,
        )
        for line in consequences
    ]
    style = negative_button(look.colors) if serious else None
    content = column(
        *lines,
        outline_button(look, keep, on_keep, autofocus=True, disabled=bool(busy)),
        strong_button(look, busy or confirm, on_confirm, style=style, disabled=bool(busy)),
        spacing=SPACE_M,
    )
    return sheet(look, title, content, on_keep, held=bool(busy))


@component
def AskedFirst(
    label: str,
    title: str,
    consequences: tuple[str, ...],
    on_confirm: Callable[[], Awaitable[None]],
    keep: str,
    serious: bool,
) -> ft.Control:
    """A button that opens the confirmation of what it does, which bears its name too."""
    look = use_look()
    asking, ask = ft.use_state(False)

    def open_sheet() -> None:
        ask(True)

    def close() -> None:
        ask(False)

    async def confirm() -> None:
        ask(False)  # what follows is told on the screen
        await on_confirm()

    shown = confirmation(look, title, consequences, label, confirm, keep, close, serious=serious)
    ft.use_dialog(shown if asking else None)
    return outline_button(look, label, open_sheet)
