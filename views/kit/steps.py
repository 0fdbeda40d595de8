"""Numbered steps."""

from __future__ import annotations

from collections.abc import Sequence

import flet as ft

from views.kit.design import Design, text
from views.kit.theme import RADIUS_PILL, SPACE_S

DISC = 28
"""Diameter of the disc around a number, in logical pixels."""


def steps(design: Design, sentences: Sequence[str]) -> list[ft.Control]:
    """Return numbered steps, each a single semantics node: « 2. Lisez ce qui va changer »."""
    return [_step(design, number, sentence) for number, sentence in enumerate(sentences, 1)]


def _step(design: Design, number: int, sentence: str) -> ft.Control:
    disc = ft.Container(
        text(str(number), design.type.label_s),
        width=DISC,
        height=DISC,
        bgcolor=design.colors.surface_sunken,
        border_radius=RADIUS_PILL,
        alignment=ft.Alignment.CENTER,
    )
    return ft.Semantics(
        label=f"{number}. {sentence}",
        exclude_semantics=True,
        container=True,
        content=ft.Row(
            [
                disc,
                ft.Container(text(sentence, design.type.body), expand=True, padding=ft.Padding.only(top=2)),
            ],
            spacing=SPACE_S,
            vertical_alignment=ft.CrossAxisAlignment.START,
        ),
    )
