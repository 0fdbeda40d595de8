"""Chips: one of a few, all in sight; they wrap or scroll at any width and any size of text."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import flet as ft

from views.flet_compat.pressed_focus import keep_focus
from views.kit.look import Look, text
from views.kit.theme import SPACE_2XS, SPACE_XS, pill


class Chip(NamedTuple):
    """One choice. `spoken` is its name for screen readers, if the `label` is shorter."""

    label: str
    on_select: Callable[[], Awaitable[None] | None]
    chosen: bool
    key: str
    spoken: str | None = None


def choices(look: Look, name: str, chips: Sequence[Chip], *, wrap: bool) -> ft.Control:
    """Return chips under one name for screen readers: on several lines, or on one that scrolls.

    After a heading they need none, which would be read twice: `name` is empty.
    """
    row = ft.Row(
        [_chip(look, chip) for chip in chips],
        wrap=wrap,
        scroll=None if wrap else ft.ScrollMode.HIDDEN,
        spacing=SPACE_XS,
        run_spacing=SPACE_XS,
    )
    chosen = next((chip.key for chip in chips if chip.chosen), None)
    return ft.Semantics(label=name or None, container=True, content=ft.RadioGroup(row, value=chosen))


def _chip(look: Look, chip: Chip) -> ft.Control:
    """Return a button with the semantics of the radio behind it; a tick and a thick edge mark the chosen one.

    The radio is never reached itself: the button takes Enter as well as Space, which a radio does not.
    """
    tick = [ft.Icon(ft.Icons.CHECK, size=18, color=look.colors.accent)] if chip.chosen else []
    label = text(chip.label, look.type.label_s, spoken=chip.spoken)
    button = ft.TextButton(
        ft.Row([*tick, label], spacing=SPACE_2XS, tight=True), style=pill(look.colors, chosen=chip.chosen)
    )
    radio = ft.Radio(value=chip.key, disabled=True, visual_density=ft.VisualDensity.COMPACT)
    return ft.MergeSemantics(ft.Stack([radio, keep_focus(button, chip.key, chip.on_select)]))
