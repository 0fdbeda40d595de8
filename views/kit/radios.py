"""Single choice among options that each have an explanation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import flet as ft

from views.kit.cards import column
from views.kit.design import Design, text
from views.kit.theme import SPACE_2XS, SPACE_XS


class Option(NamedTuple):
    value: str
    label: str
    explanation: str


def radios(
    design: Design,
    options: Sequence[Option],
    chosen: str | None,
    on_change: Callable[[ft.Event[ft.RadioGroup]], object],
    *,
    disabled: bool = False,
) -> ft.RadioGroup:
    """Return a column of options, each followed by its explanation."""

    def choose(event: ft.Event[ft.RadioGroup]) -> None:
        if any(option.value == event.data for option in options):  # a forged client may send any text
            on_change(event)

    return ft.RadioGroup(
        column(*(_option(design, option) for option in options), spacing=SPACE_2XS),
        value=chosen,
        on_change=choose,
        disabled=disabled,
    )


def _option(design: Design, option: Option) -> ft.Control:
    return ft.MergeSemantics(  # else screen readers find a button around an unnamed radio
        ft.ListTile(
            leading=ft.Radio(value=option.value, key=option.value),
            title=text(option.label, design.type.body_medium),
            subtitle=text(option.explanation, design.type.body_s, design.colors.content_muted),
            toggle_inputs=True,
            content_padding=ft.Padding.symmetric(vertical=SPACE_2XS),
            horizontal_spacing=SPACE_XS,
            min_vertical_padding=0,
        )
    )
