"""Cover over the whole app while it is in the background."""

from __future__ import annotations

import flet as ft

from views.kit.design import Design, decorative, text
from views.kit.theme import SPACE_M


def cover(design: Design) -> ft.DialogControl:
    """Return a cover as large as the window, so that the app switcher shows no amounts.

    The cover is a dialog, because it must cover sheets too and leave the screens beneath unchanged.
    """
    return ft.AlertDialog(
        modal=True,
        bgcolor=design.colors.bg_primary,
        barrier_color=design.colors.bg_primary,
        inset_padding=0,
        content_padding=0,
        elevation=0,
        shape=ft.RoundedRectangleBorder(radius=0),
        semantics_label=design.words("cover.text"),
        content=ft.Container(
            ft.Column(
                [
                    decorative(ft.Image(src=design.brand.mark, width=96, height=96)),
                    text(design.words("cover.text"), design.type.body, align=ft.TextAlign.CENTER),
                ],
                spacing=SPACE_M,
                alignment=ft.MainAxisAlignment.CENTER,
                horizontal_alignment=ft.CrossAxisAlignment.CENTER,
            ),
            alignment=ft.Alignment.CENTER,
            width=10_000,
            height=10_000,
        ),
    )
