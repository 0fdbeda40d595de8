"""Confirmation of an action before it runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeAlias

import flet as ft

from services.domain.errors import Locked
from views.core.component import component
from views.core.context import use_design, use_sheets
from views.core.proof import ProofState
from views.core.proof_field import PasswordAsked
from views.core.sheet_state import Sheet
from views.kit.buttons import Handler, action_link, link, outline_button, strong_button
from views.kit.cards import column
from views.kit.design import Design, decorative, text
from views.kit.theme import SPACE_M, SPACE_S, negative_button

BULLET = 6
"""Diameter of the bullet of a consequence, in logical pixels."""

EarlierAction: TypeAlias = tuple[str, Callable[[], None]]
"""Label and handler of a link to an action that should come before the confirmation, such as an export."""


def confirmation(
    design: Design,
    title: str,
    consequences: Sequence[str],
    confirm: str,
    on_confirm: Handler,
    keep: str,
    on_keep: Callable[[], None],
    *,
    busy: str = "",
    serious: bool = True,
    proof: ProofState | None = None,
    first: EarlierAction | None = None,
) -> Sheet:
    """Return a sheet that lists the consequences, each on its line; the safe answer has the focus.

    `busy` names the action in progress: both answers are then disabled, and the sheet stays open. If the
    `proof` is wanted, the sheet asks for the password before `on_confirm` continues. `first` is the label and
    the handler of a link to what can be done before.
    """
    line_height = (design.type.body.size or 0) * (design.type.body.height or 0)
    bullet = ft.Container(
        width=BULLET,
        height=BULLET,
        bgcolor=design.colors.accent,
        border_radius=BULLET / 2,
        margin=ft.Margin.only(top=(line_height - BULLET) / 2),  # on the first line of a sentence that wraps
    )
    lines = [
        ft.Row(
            [
                decorative(bullet),
                text(line, design.type.body, expand=True),
            ],
            spacing=SPACE_S,
            vertical_alignment=ft.CrossAxisAlignment.START,
        )
        for line in consequences
    ]
    style = negative_button(design.colors) if serious else None
    asks = proof is not None and proof.wanted
    locked = proof is not None and isinstance(proof.error, Locked)
    content = column(
        *lines,
        *([link(design, *first)] if first else []),
        *([PasswordAsked(proof, on_confirm, bool(busy))] if proof is not None and asks else []),
        outline_button(design, keep, on_keep, autofocus=not asks, disabled=bool(busy)),
        strong_button(design, busy or confirm, on_confirm, style=style, disabled=bool(busy) or locked),
        spacing=SPACE_M,
    )
    return Sheet(title, content, on_keep, held=bool(busy))


@component
def AskedFirst(
    label: str,
    title: str,
    consequences: tuple[str, ...],
    on_confirm: Callable[[], Awaitable[None]],
    keep: str,
    serious: bool,
    *,
    main: bool = False,
    first: EarlierAction | None = None,
) -> ft.Control:
    """Build a button that opens the confirmation of its action; the confirm button has the same label.

    Args:
        serious: the confirmation warns by its color, and the button is a plain link.
        main: the button is the first of several.
        first: label and handler of a link to what can be done before.
    """
    design, sheets = use_design(), use_sheets()

    async def confirm() -> None:
        sheets.close()  # the screen shows the outcome
        await on_confirm()

    def drawn(design: Design) -> Sheet:
        return confirmation(
            design,
            title,
            consequences,
            label,
            confirm,
            keep,
            sheets.close,
            serious=serious,
            first=first,
        )

    ask = partial(sheets.open, drawn)
    if serious:
        return action_link(design, label, ask)
    return strong_button(design, label, ask) if main else outline_button(design, label, ask)
