"""A sheet from the bottom on narrow windows, a dialog on wide ones: the same content in both."""

from __future__ import annotations

import flet as ft

from .buttons import Handler
from .look import Look, heading, text
from .theme import DIALOG_WIDTH, READING_WIDTH, SPACE_L, SPACE_M


def sheet(
    look: Look, title: str, content: ft.Control, on_close: Handler, *, held: bool = False
) -> ft.DialogControl:
    """A modal with a title, closed by Esc, a tap outside or one of its buttons; `on_close` follows.

    While it is `held` only the app closes it.
    """
    head = heading(text(title, look.type.h2), 2)
    if look.layout.wide:
        return ft.AlertDialog(
            title=head,
            semantics_label=title,
            content=ft.Container(content, width=DIALOG_WIDTH),
            scrollable=True,
            modal=held,
            on_dismiss=on_close,
        )
    return ft.BottomSheet(
        ft.Container(
            ft.Column(
                [head, content],
                spacing=SPACE_M,
                tight=True,
                scroll=ft.ScrollMode.AUTO,  # what `scrollable` does not do: it lets the sheet grow
                horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
            ),
            padding=ft.Padding.only(left=SPACE_L, right=SPACE_L, bottom=SPACE_L),
        ),
        show_drag_handle=not held,
        dismissible=not held,
        draggable=not held,
        scrollable=True,
        size_constraints=ft.BoxConstraints(max_width=READING_WIDTH),
        on_dismiss=on_close,
    )
