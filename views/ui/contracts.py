"""Choosing among the contracts of an account, wherever the figures are those of one."""

from __future__ import annotations

from functools import partial

import flet as ft

from services.models import Contract, ContractKind
from views.state.session import SessionState

from .look import Look
from .theme import SPACE_XS


def contract_icon(contract: Contract) -> ft.IconData:
    return (
        ft.Icons.ROUTER_OUTLINED if contract.kind is ContractKind.INTERNET else ft.Icons.SMARTPHONE_OUTLINED
    )


def contract_choice(look: Look, session: SessionState) -> list[ft.Control]:
    """A chip a contract; nothing when there is only one."""
    contracts = session.account.data.contracts if session.account.data else ()
    if len(contracts) < 2:
        return []
    chips: list[ft.Control] = []
    for contract in contracts:
        chosen = contract == session.contract
        kind = look.words(f"contract.{contract.kind.value}")
        chips.append(
            ft.Chip(
                label=ft.Text(
                    f"{kind} · {look.formats.number(contract.masked_number)}",
                    style=look.type.label_s,
                    no_wrap=True,
                    overflow=ft.TextOverflow.VISIBLE,
                ),
                selected=chosen,
                on_select=partial(session.choose, contract),
                border_side=ft.BorderSide(
                    2 if chosen else 1, look.colors.accent if chosen else look.colors.border_control
                ),
                key=f"choose-{contract.contract_id}",
            )
        )
    return [
        ft.Semantics(
            label=look.words("contract.choose"),
            container=True,
            content=ft.Row(chips, scroll=ft.ScrollMode.HIDDEN, spacing=SPACE_XS),
        )
    ]
