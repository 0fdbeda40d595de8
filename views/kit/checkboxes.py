"""Checkboxes."""

from __future__ import annotations

from collections.abc import Callable

import flet as ft

from views.kit.design import Design, text
from views.kit.theme import SPACE_XS


def checkbox(
    design: Design,
    label: str,
    chosen: bool,
    on_change: Callable[[ft.Event[ft.Checkbox]], object],
    *,
    key: str,
) -> ft.Control:
    """Return a checkbox whose label wraps and is pressable."""
    return ft.MergeSemantics(  # else screen readers find a button around an unnamed checkbox
        ft.ListTile(
            leading=ft.Checkbox(value=chosen, on_change=on_change, key=key),
            title=text(label, design.type.body),
            toggle_inputs=True,
            content_padding=ft.Padding.all(0),
            horizontal_spacing=SPACE_XS,
            min_vertical_padding=0,
        )
    )
