"""Sheet of the keyboard shortcuts, opened by "?"."""

from __future__ import annotations

from views.core.device import DeviceState
from views.core.sheet_state import Sheet
from views.kit.buttons import outline_button
from views.kit.cards import column, key_value
from views.kit.design import Design
from views.kit.theme import SPACE_M
from views.routes import Destination


def shortcuts_sheet(design: Design, device: DeviceState) -> Sheet:
    """Return the list of the keyboard shortcuts."""
    words = design.words
    keys = [
        (f"Alt + 1 … {len(Destination)}", words("shortcuts.destinations")),
        ("R", words("shortcuts.refresh")),
        ("\u2190 \u2192", words("shortcuts.periods")),
        ("\u2191 \u2193", words("shortcuts.rows")),
        (words("shortcuts.escape"), words("shortcuts.close")),
        ("?", words("shortcuts.help")),
    ]
    content = column(
        column(*(key_value(design, meaning, key) for key, meaning in keys), spacing=0),
        outline_button(design, words("action.close"), device.hide_shortcuts, autofocus=True),
        spacing=SPACE_M,
    )
    return Sheet(words("shortcuts.title"), content, device.hide_shortcuts)
