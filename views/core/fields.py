"""Text fields, controlled by a state holder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flet as ft

from views.core.component import component
from views.core.context import use_design, use_device
from views.kit.buttons import Handler
from views.kit.theme import field_border

LONGEST = 1000
"""Maximum number of characters of a field. Longer text is probably pasted by mistake, and is cut."""


@component
def Field(
    label: str,
    value: str | Callable[[], str],
    on_change: Handler,
    on_submit: Handler,
    *,
    ref: ft.Ref[ft.TextField] | None = None,
    **options: Any,
) -> ft.Control:
    """Build a text field whose label is always visible; `options` are those of `ft.TextField`.

    Pass a function as `value` if other events than typing redraw the field. Each redraw calls the function,
    so that the field never shows an outdated value. Single-key shortcuts are off while the field has the
    focus, and on again when the field is removed.
    """
    design, device = use_design(), use_device()
    ft.use_effect(_nothing, [], cleanup=device.stop_typing)
    own = ft.use_memo(ft.Ref[ft.TextField], [])
    box = ref or own
    held = value if isinstance(value, str) else value()
    agreed = ft.use_ref(held)
    # A typed letter reaches the control before its handler runs. A redraw in between keeps the typed text.
    drawn = box.current.value if box.current and held == agreed.current else held
    agreed.current = held

    def typed(event: ft.Event[ft.TextField]) -> object:
        agreed.current = event.data or ""
        return on_change(event)

    if "max_length" not in options:  # a limit that users may reach is shown by the field's counter
        options |= {"max_length": LONGEST, "counter": ""}
    return ft.TextField(
        label=label,
        value=drawn,
        ref=box,
        on_change=typed,
        on_submit=on_submit,
        on_focus=device.start_typing,
        on_blur=device.stop_typing,
        autocorrect=False,
        filled=True,
        fill_color=design.colors.surface_sunken,
        border=field_border(design.colors),
        **options,
    )


def _nothing() -> None:
    """Do nothing: the effect exists only for its cleanup."""
