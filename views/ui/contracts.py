"""Choosing among the contracts of an account, wherever the figures are those of one."""

from __future__ import annotations

from functools import partial

import flet as ft

from services.models import Contract, ContractKind
from views.state.session import SessionState

from .chips import chip, choices
from .look import Look


def contract_icon(contract: Contract) -> ft.IconData:
    return (
        ft.Icons.ROUTER_OUTLINED if contract.kind is ContractKind.INTERNET else ft.Icons.SMARTPHONE_OUTLINED
    )


def contract_choice(look: Look, session: SessionState) -> list[ft.Control]:
    """A chip a contract; nothing when there is only one."""
    contracts = session.account.data.contracts if session.account.data else ()
    if len(contracts) < 2:
        return []
    chips: list[ft.Chip] = []
    for contract in contracts:
        chosen = contract == session.contract
        kind = look.words(f"contract.{contract.kind.value}")
        chips.append(
            chip(
                look,
                f"{kind} · {look.formats.number(contract.masked_number)}",
                partial(session.choose, contract),
                chosen=chosen,
                key=f"choose-{contract.contract_id}",
            )
        )
    return [choices(look, look.words("contract.choose"), chips, wrap=False)]
