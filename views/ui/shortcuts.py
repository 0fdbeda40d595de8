"""The keyboard shortcuts, opened by "?"."""

from __future__ import annotations

import flet as ft

from views.state.context import use_device, use_look
from views.state.device import DeviceState

from .buttons import outline_button
from .cards import column, key_value
from .component import component
from .look import Look
from .places import Destination
from .sheet import sheet
from .theme import SPACE_M


@component
def Shortcuts() -> ft.Control:
    """Draws nothing until it is asked for."""
    look, device = use_look(), use_device()
    ft.use_dialog(_list(look, device) if device.shortcuts_shown else None)
    return ft.Container(visible=False)


def _list(look: Look, device: DeviceState) -> ft.DialogControl:
    words = look.words
    keys = [
        (f"Alt + 1 … {len(Destination)}", words("shortcuts.destinations")),
        ("R", words("shortcuts.refresh")),
        ("\u2190 \u2192", words("shortcuts.periods")),
        ("\u2191 \u2193", words("shortcuts.rows")),
        (words("shortcuts.escape"), words("shortcuts.close")),
        ("?", words("shortcuts.help")),
    ]
    content = column(
        column(*(key_value(look, meaning, key) for key, meaning in keys), spacing=0),
        outline_button(look, words("action.close"), device.hide_shortcuts, autofocus=True),
        spacing=SPACE_M,
    )
    return sheet(look, words("shortcuts.title"), content, device.hide_shortcuts)
