"""The one large amount of a card."""

from __future__ import annotations

import flet as ft

from services.models import Money
from views.core.formatting import Formats
from views.kit.look import Look, text


def hero_amount(
    look: Look,
    formats: Formats,
    amount: Money,
    room: float,
    color: str | None = None,
    *,
    expand: bool = False,
) -> ft.Text:
    """An amount in the largest type that leaves it whole in `room` logical pixels.

    It never wraps, and one that is cut off reads as another amount.
    """
    said = formats.money(amount)
    style = look.type.amount_hero
    largest = room / width_in_ems(said)
    if largest < (style.size or 0):
        style = style.copy(size=largest)
    return text(said, style, color, spoken=formats.money_spoken(amount), wrap=False, expand=expand)


def width_in_ems(amount: str) -> float:
    """How wide it is in Inter Display, bold with tabular digits, in sizes of the type; at least."""
    return sum(0.67 if sign.isdigit() or sign in "€+−" else 0.25 for sign in amount)
