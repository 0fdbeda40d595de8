"""Text fields, controlled by a state holder."""

from __future__ import annotations

from typing import Any

import flet as ft

from views.state.context import use_device, use_look

from .buttons import Handler
from .component import component
from .theme import field_border


@component
def Field(label: str, value: str, on_change: Handler, on_submit: Handler, **options: Any) -> ft.Control:
    """A field with its label always visible; `options` are those of `ft.TextField`.

    While it has the focus, single-key shortcuts are off, and they are on again when it goes away.
    """
    look, device = use_look(), use_device()
    ft.use_effect(_nothing, [], cleanup=device.stop_typing)
    return ft.TextField(
        label=label,
        value=value,
        on_change=on_change,
        on_submit=on_submit,
        on_focus=device.start_typing,
        on_blur=device.stop_typing,
        autocorrect=False,
        filled=True,
        fill_color=look.colors.surface_sunken,
        border=field_border(look.colors),
        **options,
    )


def _nothing() -> None:
    """An effect that only cleans up."""
