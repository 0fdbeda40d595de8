"""Cards, groups of rows, tags, tiles and key-value rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum

import flet as ft

from views.core.text import blank, initial
from views.kit.buttons import Handler, row_as_button
from views.kit.look import Look, alone, text
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

    def colors(self, look: Look) -> tuple[str, str]:
        """Return the foreground and background colors."""
        if self is Tone.MUTED:
            return look.colors.content_muted, look.colors.surface_sunken
        name = self.name.lower()
        return getattr(look.colors, name), getattr(look.colors, f"{name}_bg")


def card(look: Look, content: ft.Control, *, padding: ft.PaddingValue = SPACE_M) -> ft.Control:
    """Return a card with a hairline border and no shadow; screen readers see the card as a group."""
    return ft.Semantics(
        container=True,
        content=ft.Container(
            content,
            bgcolor=look.colors.surface_card,
            border_radius=RADIUS_CARD,
            border=ft.Border.all(1, look.colors.border_hairline),
            padding=padding,
            clip_behavior=ft.ClipBehavior.ANTI_ALIAS,
        ),
    )


def group(look: Look, rows: Sequence[ft.Control], *, indent: float = SPACE_M) -> ft.Container:
    """Return rows in one card, divided by hairlines aligned with the text."""
    parted: list[ft.Control] = []
    for row in rows:
        if parted:
            parted.append(
                ft.Divider(
                    height=1,
                    color=look.colors.border_hairline,
                    leading_indent=indent,
                    trailing_indent=SPACE_M,
                )
            )
        parted.append(row)
    return ft.Container(
        ft.Column(parted, spacing=0, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        bgcolor=look.colors.surface_card,
        border_radius=RADIUS_GROUP,
        border=ft.Border.all(1, look.colors.border_hairline),
        clip_behavior=ft.ClipBehavior.ANTI_ALIAS,
    )


def navigation_row(
    look: Look,
    icon: ft.IconData,
    title: str,
    subtitle: str,
    on_click: Handler,
    *,
    action: str = "",
    key: str | None = None,
) -> ft.Control:
    """Return a navigation row: icon, two lines, chevron; `action` is an underlined label, as of a link."""
    underlined = look.type.h4.copy(decoration=ft.TextDecoration.UNDERLINE)
    return row_as_button(
        look,
        ft.Container(
            ft.Row(
                [
                    ft.Icon(icon, size=24),
                    ft.Column(
                        [
                            text(title, look.type.body_medium),
                            *(
                                [text(subtitle, look.type.body_s, look.colors.content_muted)]
                                if subtitle
                                else []
                            ),
                            *([text(action, underlined)] if action else []),
                        ],
                        spacing=0,
                        expand=True,
                        tight=True,
                    ),
                    ft.Icon(ft.Icons.CHEVRON_RIGHT, size=20, color=look.colors.accent),
                ],
                spacing=SPACE_M,
            ),
            padding=ft.Padding.symmetric(horizontal=SPACE_M, vertical=SPACE_S),
        ),
        on_click,
        key=key,
    )


def tag(
    look: Look, label: str, tone: Tone, icon: ft.IconData | None = None, *, spoken: str | None = None
) -> ft.Row:
    """Return a short label with its icon, not pressable; `spoken` as for `text`.

    The tag is in a row, so that a stretching column does not widen the tag. A long label wraps.
    """
    foreground, background = tone.colors(look)
    said = text(label, look.type.caption_bold, look.colors.content_default, spoken=spoken)
    placed = said if spoken == "" else alone(said)
    placed.expand = placed.expand_loose = True
    return ft.Row(
        [
            ft.Container(
                ft.Row(
                    [ft.Icon(icon or tone.value, size=12, color=foreground), placed],
                    spacing=SPACE_2XS,
                    tight=True,
                ),
                expand=True,
                expand_loose=True,
                bgcolor=background,
                border_radius=RADIUS_PILL,
                padding=ft.Padding.only(left=SPACE_XS, top=SPACE_2XS, right=10, bottom=SPACE_2XS),
            )
        ],
        tight=True,
    )


def tile(look: Look, name: str, size: int = 40, radius: int = 12) -> ft.Container:
    """Return the initial of a merchant, or an icon if the name is blank, as decoration."""
    style = look.type.h3 if size < ROW_HEIGHT - SPACE_M else look.type.h2
    letter = initial(name)
    return ft.Container(
        text(letter, style, spoken="")
        if letter
        else ft.Icon(ft.Icons.RECEIPT_LONG_OUTLINED, size=size / 2, color=look.colors.content_muted),
        width=size,
        height=size,
        bgcolor=look.colors.surface_sunken,
        border_radius=radius,
        alignment=ft.Alignment.CENTER,
    )


def key_value(look: Look, key: str, value: str) -> ft.Control:
    """Return a fact as a single semantics node: « Date, 9 mai 2024 à 21:05 »."""
    long_key = len(key) > len(value)  # only the longer text wraps
    return ft.Semantics(
        label=f"{key}, {value}",
        exclude_semantics=True,
        container=True,
        content=ft.Container(
            ft.Row(
                [
                    text(key, look.type.body_s, look.colors.content_muted, expand=long_key),
                    text(value, look.type.label_s, expand=not long_key, align=ft.TextAlign.END),
                ],
                spacing=SPACE_M,
                vertical_alignment=ft.CrossAxisAlignment.START,
            ),
            padding=ft.Padding.symmetric(vertical=SPACE_S),
            border=ft.Border(bottom=hairline(look.colors)),
        ),
    )


def named_amount(look: Look, name: str, amount: str) -> ft.Control:
    """Return a name, which wraps, and its amount, which does not, as a single semantics node."""
    return ft.Semantics(
        label=f"{name}, {amount}",
        exclude_semantics=True,
        container=True,
        content=ft.Container(
            ft.Row(
                [
                    text(name, look.type.body_s, look.colors.content_muted, expand=True),
                    text(amount, look.type.label_s, wrap=False, align=ft.TextAlign.END),
                ],
                spacing=SPACE_M,
                vertical_alignment=ft.CrossAxisAlignment.START,
            ),
            padding=ft.Padding.symmetric(vertical=SPACE_S),
            border=ft.Border(bottom=hairline(look.colors)),
        ),
    )


def named_amounts(look: Look, rows: Iterable[tuple[str, str]]) -> ft.Column:
    """Return a column of names with their amounts."""
    return column(*(named_amount(look, name, amount) for name, amount in rows), spacing=0)


def key_values(look: Look, facts: Iterable[tuple[str, str]]) -> ft.Column:
    """Return the facts of a detail in a column, without the facts whose value is blank."""
    return column(*(key_value(look, key, value) for key, value in facts if not blank(value)), spacing=0)


def column(*controls: ft.Control, spacing: float = SPACE_S) -> ft.Column:
    """Return a column as wide as its parent; screen readers read each text in its place."""
    placed = [alone(one) if isinstance(one, ft.Text) else one for one in controls]
    return ft.Column(placed, spacing=spacing, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
