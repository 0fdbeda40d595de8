"""Cover over the whole app while it is in the background."""

from __future__ import annotations

import flet as ft

from views.kit.look import Look, silent, text
from views.kit.theme import SPACE_M


def cover(look: Look) -> ft.DialogControl:
    """Return a cover as large as the window, so that the app switcher shows no amounts.

    The cover is a dialog, because it must cover sheets too and leave the screens beneath unchanged.
    """
    return ft.AlertDialog(
        modal=True,
        bgcolor=look.colors.bg_primary,
        barrier_color=look.colors.bg_primary,
        inset_padding=0,
        content_padding=0,
        elevation=0,
        shape=ft.RoundedRectangleBorder(radius=0),
        semantics_label=look.words("cover.text"),
        content=ft.Container(
            ft.Column(
                [
                    silent(ft.Image(src=look.brand.mark, width=96, height=96)),
                    text(look.words("cover.text"), look.type.body, align=ft.TextAlign.CENTER),
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
