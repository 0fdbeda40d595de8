"""Choice chips: single choice among a few visible options; the chips wrap or scroll."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import flet as ft

from views.flet_compat.pressed_focus import keep_focus
from views.kit.design import Design, text
from views.kit.theme import SPACE_2XS, SPACE_M, SPACE_XS, TRANSPARENT


class Chip(NamedTuple):
    """Option of a choice."""

    label: str
    on_select: Callable[[], Awaitable[None] | None]
    chosen: bool
    key: str


def choices(design: Design, name: str, chips: Sequence[Chip], *, wrap: bool) -> ft.Control:
    """Return a named group of chips, on several lines (`wrap`) or on one scrolling line.

    Pass an empty `name` after a heading: screen readers would otherwise read the name twice.
    """
    fades = not (wrap or design.layout.rail)
    row = ft.Row(
        # The last chip can be scrolled out of the fading edge.
        [*(_chip(design, chip) for chip in chips), *([ft.Container(width=SPACE_M)] if fades else [])],
        wrap=wrap,
        scroll=None if wrap else ft.ScrollMode.HIDDEN,
        spacing=SPACE_XS,
        run_spacing=SPACE_XS,
    )
    chosen = next((chip.key for chip in chips if chip.chosen), None)
    radios = ft.RadioGroup(row, value=chosen)
    content: ft.Control = _fading(design, radios) if fades else radios
    return ft.Semantics(label=name or None, container=True, content=content)


def _fading(design: Design, content: ft.Control) -> ft.Control:
    """Fade the content at its end, to show that it scrolls."""
    opaque = design.colors.content_default
    gradient = ft.LinearGradient([opaque, opaque, TRANSPARENT], stops=[0, 0.9, 1])
    return ft.ShaderMask(gradient, content, blend_mode=ft.BlendMode.DST_IN)


def _chip(design: Design, chip: Chip) -> ft.Control:
    """Return a button with the semantics of a radio; a tick and a thick edge mark the chosen chip.

    The disabled radio behind the button gives the semantics. The button gets the focus, because a button
    accepts Enter and Space, and a radio accepts only Space.
    """
    tick = [ft.Icon(ft.Icons.CHECK, size=18, color=design.colors.accent)] if chip.chosen else []
    label = text(chip.label, design.type.label_s)
    button = ft.TextButton(
        ft.Row([*tick, label], spacing=SPACE_2XS, tight=True), style=design.pill_styles[chip.chosen]
    )
    radio = ft.Radio(value=chip.key, disabled=True, visual_density=ft.VisualDensity.COMPACT)
    return ft.MergeSemantics(ft.Stack([radio, keep_focus(button, chip.key, chip.on_select)]))
