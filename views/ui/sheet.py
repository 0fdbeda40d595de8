"""A sheet from the bottom on narrow windows, a dialog on wide ones: the same content in both."""

from __future__ import annotations

import flet as ft

from .buttons import Handler
from .cards import column
from .component import component
from .look import Look, heading, text
from .theme import DIALOG_WIDTH, READING_WIDTH, SPACE_L, SPACE_M

AROUND = 48 + SPACE_L + SPACE_L
"""What a sheet's height adds to its content's: handle, padding, and a little of what lies behind."""


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
            Fitted(column(head, content, spacing=SPACE_M)),
            padding=ft.Padding.only(left=SPACE_L, right=SPACE_L, bottom=SPACE_L),
        ),
        show_drag_handle=not held,
        dismissible=not held,
        draggable=not held,
        scrollable=True,
        size_constraints=ft.BoxConstraints(max_width=READING_WIDTH),
        on_dismiss=on_close,
    )


@component
def Fitted(content: ft.Control) -> ft.Control:
    """As high as its content, which scrolls only when the window cannot hold it.

    A column that scrolls would take all the height there is, whatever it holds.
    """
    window = ft.context.page.height or 0  # not by context: a sheet may be drawn after what opened it left
    height, measure = ft.use_state(0.0)

    def measured(event: ft.LayoutSizeChangeEvent[ft.LayoutControl]) -> None:
        measure(event.height)

    return ft.Column(
        [ft.Container(content, on_size_change=measured)],
        scroll=ft.ScrollMode.AUTO if height + AROUND > window else None,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )
