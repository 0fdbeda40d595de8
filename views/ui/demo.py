"""The demonstration says what it is, on every screen."""

from __future__ import annotations

import flet as ft

from views.state.context import use_look, use_session

from .buttons import one_node, outline_button
from .cards import column
from .component import component
from .look import silent, text
from .sheet import sheet
from .theme import SPACE_M, SPACE_XS, row_button

HEIGHT = 32


@component
def DemoBanner() -> ft.Control:
    """A bar that cannot be dismissed; pressing it explains."""
    look, session = use_look(), use_session()
    explained, explain = ft.use_state(False)
    inverse = look.colors.content_inverse
    ft.use_dialog(
        sheet(
            look,
            look.words("demo.banner"),
            column(
                text(look.words("demo.text"), look.type.body),
                outline_button(look, look.words("demo.leave"), session.sign_out),
                outline_button(look, look.words("action.close"), lambda: explain(False), autofocus=True),
                spacing=SPACE_M,
            ),
            lambda: explain(False),
        )
        if explained
        else None
    )
    return one_node(
        ft.TextButton(
            ft.Row(
                [
                    silent(ft.Icon(ft.Icons.SCIENCE_OUTLINED, size=16, color=inverse)),
                    text(look.words("demo.banner"), look.type.caption_bold, inverse, expand=True, lines=1),
                    text(look.words("demo.more"), look.type.caption_bold, inverse, wrap=False),
                ],
                spacing=SPACE_XS,
            ),
            height=HEIGHT,
            style=row_button(look.colors).copy(
                bgcolor=look.colors.surface_inverse,
                padding=ft.Padding.symmetric(horizontal=SPACE_M),
                visual_density=ft.VisualDensity.COMPACT,
            ),
            on_click=lambda: explain(True),
        )
    )
