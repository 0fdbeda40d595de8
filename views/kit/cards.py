"""Cards, groups of rows, tags, tiles and key-value rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum

import flet as ft

from views.core.text import blank, initial
from views.kit.buttons import Handler, row_as_button
from views.kit.design import Design, chevron, semantic_group, text
from views.kit.theme import (
    RADIUS_CARD,
    RADIUS_GROUP,
    RADIUS_PILL,
    ROW_HEIGHT,
    SPACE_2XS,
    SPACE_M,
    SPACE_S,
    SPACE_XS,
    hairline,
)


class Tone(Enum):
    """Meaning of a tag or a notice, conveyed by the icon as well as the color."""

    INFO = ft.Icons.INFO
    POSITIVE = ft.Icons.CHECK_CIRCLE
    WARNING = ft.Icons.WARNING_AMBER_ROUNDED
    NEGATIVE = ft.Icons.ERROR
    MUTED = ft.Icons.LABEL_OUTLINED
    """No action needed; for tags only."""

    def colors(self, design: Design) -> tuple[str, str]:
        """Return the foreground and background colors."""
        if self is Tone.MUTED:
            return design.colors.content_muted, design.colors.surface_sunken
        name = self.name.lower()
        return getattr(design.colors, name), getattr(design.colors, f"{name}_bg")


def card(design: Design, content: ft.Control, *, padding: ft.PaddingValue = SPACE_M) -> ft.Control:
    """Return a card with a hairline border and no shadow; screen readers see the card as a group."""
    return ft.Semantics(
        container=True,
        content=ft.Container(
            content,
            bgcolor=design.colors.surface_card,
            border_radius=RADIUS_CARD,
            border=ft.Border.all(1, design.colors.border_hairline),
            padding=padding,
            clip_behavior=ft.ClipBehavior.ANTI_ALIAS,
        ),
    )


def group(design: Design, rows: Sequence[ft.Control], *, indent: float = SPACE_M) -> ft.Container:
    """Return rows in one card, divided by hairlines aligned with the text."""
    parted: list[ft.Control] = []
    for row in rows:
        if parted:
            parted.append(
                ft.Divider(
                    height=1,
                    color=design.colors.border_hairline,
                    leading_indent=indent,
                    trailing_indent=SPACE_M,
                )
            )
        parted.append(row)
    return ft.Container(
        ft.Column(parted, spacing=0, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        bgcolor=design.colors.surface_card,
        border_radius=RADIUS_GROUP,
        border=ft.Border.all(1, design.colors.border_hairline),
        clip_behavior=ft.ClipBehavior.ANTI_ALIAS,
    )


def navigation_row(
    design: Design,
    icon: ft.IconData,
    title: str,
    subtitle: str,
    on_click: Handler,
    *,
    action: str = "",
    key: str | None = None,
) -> ft.Control:
    """Return a navigation row: icon, two lines, chevron; `action` is an underlined label, as of a link."""
    underlined = design.type.h4.copy(decoration=ft.TextDecoration.UNDERLINE)
    lines = [*_two_lines(design, title, subtitle), *([text(action, underlined)] if action else [])]
    return row_as_button(design, _icon_row(icon, lines, chevron(design)), on_click, key=key)


def _two_lines(design: Design, title: str, subtitle: str) -> list[ft.Control]:
    """Return the lines of a row, the second one only if it is given."""
    below = [text(subtitle, design.type.body_s, design.colors.content_muted)] if subtitle else []
    return [text(title, design.type.body_medium), *below]


def _icon_row(icon: ft.IconData, lines: list[ft.Control], *end: ft.Control) -> ft.Control:
    """Return the content of a row: an icon, lines of text, and the sign at its end."""
    return ft.Container(
        ft.Row(
            [ft.Icon(icon, size=24), ft.Column(lines, spacing=0, expand=True, tight=True), *end],
            spacing=SPACE_M,
        ),
        padding=ft.Padding.symmetric(horizontal=SPACE_M, vertical=SPACE_S),
    )


def choice_row(
    design: Design,
    icon: ft.IconData,
    title: str,
    subtitle: str,
    on_click: Handler,
    *,
    chosen: bool,
    key: str,
) -> ft.Control:
    """Return a row of a list of choices: icon, two lines, and a tick if it is the current choice."""
    tick = [ft.Icon(ft.Icons.CHECK, size=20, color=design.colors.accent)] if chosen else []
    return row_as_button(
        design,
        _icon_row(icon, _two_lines(design, title, subtitle), *tick),
        on_click,
        name=f"{title}, {subtitle}" if subtitle else title,
        selected=chosen,
        key=key,
    )


def tag(design: Design, label: str, tone: Tone, icon: ft.IconData | None = None) -> ft.Row:
    """Return a short label with its icon, not pressable, as a node of its own for screen readers.

    The tag is in a row, so that a stretching column does not widen the tag. A long label wraps.
    """
    group = semantic_group(pill_tag(design, label, tone, icon))
    group.expand = group.expand_loose = True
    return ft.Row([group], tight=True)


def pill_tag(design: Design, label: str, tone: Tone, icon: ft.IconData | None = None) -> ft.Container:
    """Return a tag for a row of tags in a button, as a part of the button's name."""
    foreground, background = tone.colors(design)
    caption = text(label, design.type.caption_bold, design.colors.content_default)
    caption.expand = caption.expand_loose = True
    return ft.Container(
        ft.Row(
            [ft.Icon(icon or tone.value, size=12, color=foreground), caption], spacing=SPACE_2XS, tight=True
        ),
        bgcolor=background,
        border_radius=RADIUS_PILL,
        padding=ft.Padding.only(left=SPACE_XS, top=SPACE_2XS, right=10, bottom=SPACE_2XS),
    )


def tile(design: Design, name: str, size: int = 40, radius: int = 12) -> ft.Container:
    """Return the initial of a merchant, or an icon if the name is blank, as decoration."""
    style = design.type.h3 if size < ROW_HEIGHT - SPACE_M else design.type.h2
    letter = initial(name)
    icon = ft.Icon(ft.Icons.RECEIPT_LONG_OUTLINED, size=size / 2, color=design.colors.content_muted)
    return icon_tile(design, text(letter, style, spoken="") if letter else icon, size, radius)


def icon_tile(design: Design, content: ft.Control, size: int = 40, radius: int = 12) -> ft.Container:
    """Return a square with a letter or an icon."""
    return ft.Container(
        content,
        width=size,
        height=size,
        bgcolor=design.colors.surface_sunken,
        border_radius=radius,
        alignment=ft.Alignment.CENTER,
    )


def key_value(design: Design, key: str, value: str) -> ft.Control:
    """Return a fact as a single semantics node: « Date, 9 mai 2024 à 21:05 »."""
    long_key = len(key) > len(value)  # only the longer text wraps
    return ft.Semantics(
        label=f"{key}, {value}",
        exclude_semantics=True,
        container=True,
        content=ft.Container(
            ft.Row(
                [
                    text(key, design.type.body_s, design.colors.content_muted, expand=long_key),
                    text(value, design.type.label_s, expand=not long_key, align=ft.TextAlign.END),
                ],
                spacing=SPACE_M,
                vertical_alignment=ft.CrossAxisAlignment.START,
            ),
            padding=ft.Padding.symmetric(vertical=SPACE_S),
            border=ft.Border(bottom=hairline(design.colors)),
        ),
    )


def named_amount(design: Design, name: str, amount: str) -> ft.Control:
    """Return a name, which wraps, and its amount, which does not, as a single semantics node."""
    return ft.Semantics(
        label=f"{name}, {amount}",
        exclude_semantics=True,
        container=True,
        content=ft.Container(
            ft.Row(
                [
                    text(name, design.type.body_s, design.colors.content_muted, expand=True),
                    text(amount, design.type.label_s, wrap=False, align=ft.TextAlign.END),
                ],
                spacing=SPACE_M,
                vertical_alignment=ft.CrossAxisAlignment.START,
            ),
            padding=ft.Padding.symmetric(vertical=SPACE_S),
            border=ft.Border(bottom=hairline(design.colors)),
        ),
    )


def named_amounts(design: Design, rows: Iterable[tuple[str, str]]) -> ft.Column:
    """Return a column of names with their amounts."""
    return column(*(named_amount(design, name, amount) for name, amount in rows), spacing=0)


def key_values(design: Design, facts: Iterable[tuple[str, str]]) -> ft.Column:
    """Return the facts of a detail in a column, without the facts whose value is blank."""
    return column(*(key_value(design, key, value) for key, value in facts if not blank(value)), spacing=0)


def column(*controls: ft.Control, spacing: float = SPACE_S) -> ft.Column:
    """Return a column as wide as its parent; screen readers read each text in its place."""
    placed = [semantic_group(one) if isinstance(one, ft.Text) else one for one in controls]
    return ft.Column(placed, spacing=spacing, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
