"""Large amount of a card."""

from __future__ import annotations

import flet as ft

from services.domain.models import Money
from views.core.formatting import Formats
from views.kit.design import Design, text


def hero_amount(
    design: Design,
    formats: Formats,
    amount: Money,
    room: float,
    color: str | None = None,
    *,
    expand: bool = False,
) -> ft.Text:
    """Return an amount in the hero style, reduced to fit into `room` logical pixels.

    The amount never wraps, and must not be cut off: it would read as another amount.
    """
    written = formats.money(amount)
    style = fitted(design.type.amount_hero, written, room)
    return text(written, style, color, spoken=formats.money_spoken(amount), wrap=False, expand=expand)


def fitted(style: ft.TextStyle, amount: str, room: float) -> ft.TextStyle:
    """Return `style`, with a size that fits `amount` into `room` logical pixels."""
    width = width_in_ems(amount) * (style.size or 0)
    return style if width <= room else style.copy(size=(style.size or 0) * room / width)


def width_in_ems(amount: str) -> float:
    """Return the estimated width of `amount`, in ems of bold Inter Display with tabular digits."""
    return sum(0.67 if sign.isdigit() or sign in "€+−" else 0.25 for sign in amount)
