"""Chips: one of a few, all in sight; they wrap or scroll at any width and any size of text."""

from __future__ import annotations

import flet as ft

from views.kit.buttons import Handler
from views.kit.look import Look
from views.kit.theme import SPACE_XS


def chip(look: Look, label: str, on_select: Handler, *, chosen: bool, key: str) -> ft.Chip:
    """A choice; the one chosen has a tick and a thicker edge in the accent."""
    return ft.Chip(
        # The label asks for its whole width: the web font may come after the layout and be wider.
        label=ft.Text(label, style=look.type.label_s, no_wrap=True, overflow=ft.TextOverflow.VISIBLE),
        selected=chosen,
        on_select=on_select,
        border_side=ft.BorderSide(
            2 if chosen else 1, look.colors.accent if chosen else look.colors.border_control
        ),
        key=key,
    )


def choices(look: Look, name: str, chips: list[ft.Chip], *, wrap: bool) -> ft.Control:
    """Chips under one name for screen readers: on several lines, or on one that scrolls.

    After a heading they need none, which would be read twice: `name` is empty.
    """
    row = ft.Row(
        list(chips),
        wrap=wrap,
        scroll=None if wrap else ft.ScrollMode.HIDDEN,
        spacing=SPACE_XS,
        run_spacing=SPACE_XS,
    )
    return ft.Semantics(label=name or None, container=True, content=row)
