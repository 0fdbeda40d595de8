"""Text fields, controlled by a state holder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flet as ft

from views.core.component import component
from views.core.context import use_device, use_look
from views.kit.buttons import Handler
from views.kit.theme import field_border

LONGEST = 1000
"""Characters that a field takes. What is longer was pasted by mistake, and is cut."""


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
    """A field with its label always visible; `options` are those of `ft.TextField`.

    Give a function as `value` where more than typing draws it again: asked when the field is drawn, it is
    not a letter old. While it has the focus, single-key shortcuts are off, and they are on again when it
    goes away.
    """
    look, device = use_look(), use_device()
    ft.use_effect(_nothing, [], cleanup=device.stop_typing)
    own = ft.use_memo(ft.Ref[ft.TextField], [])
    box = ref or own
    held = value if isinstance(value, str) else value()
    agreed = ft.use_ref(held)
    # A letter reaches the control before its handler runs. Drawn in between, the field keeps what it has.
    drawn = box.current.value if box.current and held == agreed.current else held
    agreed.current = held

    def typed(event: ft.Event[ft.TextField]) -> object:
        agreed.current = event.data or ""
        return on_change(event)

    if "max_length" not in options:  # a limit that a person may reach is shown, by the field's counter
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
        fill_color=look.colors.surface_sunken,
        border=field_border(look.colors),
        **options,
    )


def _nothing() -> None:
    """An effect that only cleans up."""
