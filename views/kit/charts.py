"""Bars of charts: plain containers that stand on a common zero line, or hang from it if negative."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import flet as ft

from views.kit.design import Design

STUB = 2.0
"""Smallest length of the bar of an amount other than zero, in logical pixels."""


@dataclass(frozen=True)
class Scale:
    """Vertical scale of a chart of `height` logical pixels, from `lowest` (≤ 0) to `highest` (≥ 0)."""

    lowest: float
    highest: float
    height: float

    @classmethod
    def of(cls, totals: Iterable[float], height: float) -> Scale:
        """Return the scale that shows all totals and zero."""
        shown = [0.0, *totals]
        return cls(min(shown), max(shown), height)

    @property
    def below(self) -> float:
        """Height of the part below the zero line, in logical pixels."""
        return self.length(self.lowest)

    def length(self, total: float) -> float:
        """Return the length of a bar in logical pixels; an empty bar has none."""
        span = self.highest - self.lowest
        return max(STUB, self.height * abs(total) / span) if total else 0.0


def bar(
    design: Design,
    total: float,
    scale: Scale,
    *,
    width: float,
    chosen: bool = False,
    partial: bool = False,
    radius: float = 4,
) -> ft.Container:
    """Return a bar for the bottom of an area of the height of the chart; a `partial` total is an outline."""
    colors, length = design.colors, scale.length(total)
    above, below = (0.0, radius) if total < 0 else (radius, 0.0)
    color = colors.chart_selected if chosen else colors.chart_bar
    outline = colors.accent if chosen else colors.chart_bar
    bottom = scale.below - (length if total < 0 else 0)
    return ft.Container(
        width=width,
        height=length,
        margin=ft.Margin.only(bottom=bottom) if bottom else None,
        bgcolor=(colors.accent_bg if chosen else None) if partial else color,
        border=ft.Border.all(2, outline) if partial and length else None,
        border_radius=ft.BorderRadius.vertical(top=above, bottom=below),
    )
