"""Bottom sheet on narrow windows, dialog on wide windows, with the same content.

Flet cannot show a dialog without its animation: if animations are disabled, wide windows get a bottom sheet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import flet as ft

from views.core.component import component
from views.core.sheet_state import Sheet
from views.kit.cards import column
from views.kit.design import Design, heading, text
from views.kit.theme import DIALOG_WIDTH, READING_WIDTH, SPACE_2XL, SPACE_L, SPACE_M

AROUND = 48 + SPACE_L + SPACE_L
"""Logical pixels around a sheet's content: handle, padding, and a strip of the screen behind."""


def use_sheet(design: Design, sheet: Sheet | None) -> None:
    """Show a sheet, or none.

    The size of the window when the sheet opens decides between a bottom sheet and a dialog. The choice holds
    while the sheet is open: a switch would open a new modal and lose the focus and the cursor.
    """
    opening = ft.use_memo(_Opening, [])
    if not opening.shown:
        opening.dialog = design.layout.wide and not design.still
        opening.number += 1
    opening.shown = sheet is not None
    drawn = None
    if sheet is not None:
        sheet = replace(sheet, on_close=partial(_close, sheet, opening, opening.number))
        drawn = _dialog(design, sheet) if opening.dialog else _bottom_sheet(design, sheet)
    ft.use_dialog(drawn)


@dataclass(slots=True)
class _Opening:
    """Last opening of a sheet, which a redraw keeps."""

    number: int = 0
    shown: bool = False
    dialog: bool = False


def _close(sheet: Sheet, opening: _Opening, number: int) -> None:
    """Close a sheet that the user dismissed.

    A modal that the app closed also sends a dismissal when its animation ends. By then the sheet may be open
    again.
    """
    if opening.number == number:
        sheet.on_close()


def _dialog(design: Design, sheet: Sheet) -> ft.AlertDialog:
    return ft.AlertDialog(
        title=_heading(design, sheet),
        semantics_label=sheet.title,
        content=ft.Container(sheet.content, width=DIALOG_WIDTH),
        scrollable=True,
        inset_padding=ft.Padding.symmetric(
            horizontal=SPACE_2XL if design.layout.wide else SPACE_M, vertical=SPACE_L
        ),
        modal=sheet.held,
        on_dismiss=sheet.on_close,
    )


def _bottom_sheet(design: Design, sheet: Sheet) -> ft.BottomSheet:
    return ft.BottomSheet(
        ft.Container(
            Fitted(column(_heading(design, sheet), sheet.content, spacing=SPACE_M)),
            padding=ft.Padding.only(left=SPACE_L, right=SPACE_L, bottom=SPACE_L),
        ),
        show_drag_handle=not sheet.held,
        dismissible=not sheet.held,
        draggable=not sheet.held,
        scrollable=True,
        size_constraints=ft.BoxConstraints(max_width=READING_WIDTH),
        animation_style=ft.AnimationStyle.no_animation() if design.still else None,
        on_dismiss=sheet.on_close,
    )


def _heading(design: Design, sheet: Sheet) -> ft.Control:
    return heading(text(sheet.title, design.type.h2), 2)


@component
def Fitted(content: ft.Control) -> ft.Control:
    """Fit the height to the content, which scrolls only if the window is too low.

    A scrolling column would always take the whole available height.
    """
    window = ft.context.page.height or 0  # not by context: a sheet may be drawn after its opener was removed
    height, measure = ft.use_state(0.0)

    def measured(event: ft.LayoutSizeChangeEvent[ft.LayoutControl]) -> None:
        measure(event.height)

    return ft.Column(
        [ft.Container(content, on_size_change=measured)],
        scroll=ft.ScrollMode.AUTO if height + AROUND > window else None,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )
