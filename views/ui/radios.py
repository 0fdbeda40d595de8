"""One choice among several that each need a line of explanation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import flet as ft

from .cards import column
from .look import Look, text
from .theme import SPACE_2XS, SPACE_XS, TARGET


class Option(NamedTuple):
    value: str
    label: str
    explanation: str


def radios(
    look: Look,
    options: Sequence[Option],
    chosen: str | None,
    on_change: ft.ControlEventHandler[ft.RadioGroup],
    *,
    disabled: bool = False,
) -> ft.RadioGroup:
    """The options one under the other; a screen reader says each with its explanation."""
    return ft.RadioGroup(
        column(*(_option(look, option) for option in options), spacing=SPACE_2XS),
        value=chosen,
        on_change=on_change,
        disabled=disabled,
    )


def _option(look: Look, option: Option) -> ft.Control:
    return ft.MergeSemantics(
        column(
            ft.Radio(
                value=option.value, label=option.label, label_style=look.type.body_medium, key=option.value
            ),
            ft.Container(
                text(option.explanation, look.type.body_s, look.colors.content_muted),
                padding=ft.Padding.only(left=TARGET - SPACE_XS, bottom=SPACE_XS),
            ),
            spacing=0,
        )
    )
