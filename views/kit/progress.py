"""Signs of work in progress; if animations are disabled, they are still signs with the same names."""

from __future__ import annotations

import flet as ft

from views.kit.design import Design

RING = 24.0
"""Default diameter of a ring, in logical pixels."""


def ring(
    design: Design, name: str, *, size: float = RING, stroke: float = 4, color: str | None = None
) -> ft.Control:
    """Return a ring that turns, or an hourglass."""
    if design.still:
        return ft.Icon(ft.Icons.HOURGLASS_EMPTY, size=size, color=color, semantics_label=name)
    return ft.ProgressRing(
        width=size, height=size, stroke_width=stroke, color=color, semantics_label=name or None
    )


def bar(design: Design, name: str, *, height: float) -> ft.Control:
    """Return a thin bar that runs, or a full line."""
    if not design.still:
        return ft.ProgressBar(height=height, semantics_label=name)
    line = ft.Container(height=height, bgcolor=design.colors.action)
    return ft.Semantics(label=name, container=True, content=line)
