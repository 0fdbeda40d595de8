"""Buttons and links, each at least 48 px high and with an accessible name.

The text and the padding of the theme determine the height: a long label or a large text wraps.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import flet as ft

from views.kit.design import Design, decorative, text
from views.kit.progress import ring
from views.kit.theme import SPACE_2XS, SPACE_S, SPACE_XS, TARGET

Handler = Callable[..., Awaitable[None] | None]
"""Event handler. Pass bound methods: Flet never awaits the result of a lambda."""


def icon_button(
    design: Design,
    icon: ft.IconData,
    name: str,
    on_click: Handler,
    *,
    key: str | None = None,
    color: str = "",
) -> ft.IconButton:
    """Return an icon button with a name; in Flet 1.0.5 a tooltip gives no accessible name on the web."""
    return ft.IconButton(
        ft.Icon(icon, semantics_label=name, color=color or design.colors.content_default),
        tooltip=ft.Tooltip(message=name, exclude_from_semantics=True),
        width=TARGET,
        height=TARGET,
        on_click=on_click,
        key=key,
    )


def main_button(design: Design, label: str, on_click: Handler, *, busy: str | None = None) -> ft.FilledButton:
    """Return the main button of a form; `busy` replaces the label and disables the button."""
    content: ft.Control = text(busy or label, design.type.label)
    if busy:
        turning = ring(design, "", size=20, stroke=2, color=design.colors.content_default)
        content = ft.Row(
            [decorative(turning), content], spacing=SPACE_S, alignment=ft.MainAxisAlignment.CENTER, tight=True
        )
    return ft.FilledButton(content, on_click=on_click, disabled=bool(busy))


def strong_button(design: Design, label: str, on_click: Handler | None, **options: Any) -> ft.FilledButton:
    """Return the button of the main action of a card or a sheet."""
    return ft.FilledButton(text(label, design.type.label), on_click=on_click, **options)


def outline_button(design: Design, label: str, on_click: Handler | None, **options: Any) -> ft.OutlinedButton:
    """Return the button of a secondary action."""
    return ft.OutlinedButton(text(label, design.type.label), on_click=on_click, **options)


def external_button(design: Design, label: str, url: str) -> ft.OutlinedButton:
    """Return a button that opens a URL outside the app, and says so to screen readers."""
    return ft.OutlinedButton(_opening_outside(design, label), url=url)


def external_strong_button(design: Design, label: str, url: str) -> ft.FilledButton:
    """Return the button of a main action that is done outside the app."""
    return ft.FilledButton(_opening_outside(design, label), url=url)


def _opening_outside(design: Design, label: str) -> ft.Row:
    """Return a label with the icon of what opens outside the app."""
    spoken = design.words("a11y.external", label=label)
    label_ = text(label, design.type.label, spoken=spoken)
    label_.expand = label_.expand_loose = True
    return ft.Row([label_, ft.Icon(ft.Icons.OPEN_IN_NEW, size=20)], spacing=SPACE_XS, tight=True)


def link(
    design: Design,
    label: str,
    on_click: Handler,
    *,
    key: str | None = None,
    spoken: str | None = None,
    sentence: bool = False,
) -> ft.Row:
    """Return a text link that leads on, with a chevron. Its row keeps a stretching column from widening it.

    `spoken` is the accessible name, needed if a screen repeats the label. A `sentence` wraps if the space is
    too narrow; its parent must bound its width.
    """
    label_ = _underlined(design, label, spoken)
    sign = ft.Icon(ft.Icons.CHEVRON_RIGHT, size=20, color=design.colors.accent)
    button = _text_button(ft.Row([label_, sign], spacing=SPACE_2XS, tight=True), on_click, key)
    if sentence:
        for part in (label_, button):
            part.expand = part.expand_loose = True
    return ft.Row([button], tight=True)


def action_link(
    design: Design, label: str, on_click: Handler, *, key: str | None = None, spoken: str | None = None
) -> ft.Row:
    """Return a text link that acts on the screen, without a chevron; `spoken` as for `link`."""
    return ft.Row([_text_button(_underlined(design, label, spoken), on_click, key)], tight=True)


def _underlined(design: Design, label: str, spoken: str | None) -> ft.Text:
    return text(label, design.type.h4.copy(decoration=ft.TextDecoration.UNDERLINE), spoken=spoken)


def _text_button(content: ft.Control, on_click: Handler, key: str | None) -> ft.TextButton:
    padding = ft.Padding.symmetric(horizontal=0, vertical=14)
    return ft.TextButton(content, on_click=on_click, key=key, style=ft.ButtonStyle(padding=padding))


def row_as_button(
    design: Design,
    content: ft.Control,
    on_click: Handler,
    *,
    name: str | None = None,
    selected: bool | None = None,
    radius: float = 0,
    inset: bool = False,
    style: ft.ButtonStyle | None = None,
    key: str | None = None,
) -> ft.Control:
    """Return a pressable row: one semantics node with the texts of its content, or with `name` instead.

    Without a `name`, `decorative` parts of the content would become nodes of their own.

    Args:
        inset: whether the content has padding.
        style: replaces the default style, including its selected state.
    """
    button = ft.TextButton(
        content if name is None else decorative(content),
        on_click=on_click,
        style=style or design.row_style(selected=bool(selected), radius=radius, inset=inset),
        clip_behavior=ft.ClipBehavior.ANTI_ALIAS if selected else ft.ClipBehavior.NONE,
        key=key,
    )
    if name is None:
        return button
    return ft.MergeSemantics(ft.Semantics(label=name, selected=selected, content=button))
