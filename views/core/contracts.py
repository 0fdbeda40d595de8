"""Choice among the contracts of an account, for screens that show a single contract."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import flet as ft

from services.domain.models import Contract, ContractKind
from views.core.component import component
from views.core.context import use_design, use_sheets
from views.core.notices import error_state, state
from views.core.session import SessionState
from views.core.sheet_state import Sheet
from views.core.text import blank, joined
from views.flet_compat.pressed_focus import focus_on
from views.kit.buttons import link, strong_button
from views.kit.cards import choice_row, group
from views.kit.design import Design, text
from views.kit.theme import SPACE_XS, switcher
from views.routes import SETTINGS, go

_SWITCHER = "contract"
"""Key of the button that opens the list of contracts."""


def contract_icon(contract: Contract) -> ft.IconData:
    return (
        ft.Icons.ROUTER_OUTLINED if contract.kind is ContractKind.INTERNET else ft.Icons.SMARTPHONE_OUTLINED
    )


def contract_line(design: Design, contract: Contract) -> str:
    """Return « ligne 04 •• •• •• 12 »; "" if the backend gives no number."""
    if blank(contract.masked_number):
        return ""
    return design.words("line.number", number=design.formats.number(contract.masked_number))


def without_contract(design: Design, session: SessionState, skeletons: ft.Control) -> ft.Control:
    """Return the content of a screen without a contract: an error, an empty state, or `skeletons`."""
    words = design.words
    if session.account.error is not None:
        return error_state(design, session.account.error, session.load_account)
    if session.account.data is None:
        return ft.Container(skeletons, padding=design.layout.margin)
    return state(
        design,
        ft.Icons.RECEIPT_LONG_OUTLINED,
        words("account.empty"),
        words("account.empty_text"),
        strong_button(design, words("action.refresh"), session.load_account),
        link(design, words("login.other_account"), partial(go, SETTINGS)),
        live=True,
    )


def contract_choice(design: Design, session: SessionState) -> list[ft.Control]:
    """Return the contract switcher; an empty list if there is at most one contract."""
    contracts = session.account.data.contracts if session.account.data else ()
    if len(contracts) < 2 or session.contract is None:
        return []
    return [ContractSwitcher(session, contracts, session.contract)]


@component
def ContractSwitcher(session: SessionState, contracts: tuple[Contract, ...], current: Contract) -> ft.Control:
    """Show the contract on screen, as a button that opens the list of contracts."""
    design, sheets = use_design(), use_sheets()
    name = contract_name(design, current)
    label = text(name, design.type.label_s, spoken=design.words("contracts.shown", name=name))
    label.expand = label.expand_loose = True
    button = ft.TextButton(
        ft.Row(
            [
                ft.Icon(contract_icon(current), size=20),
                label,
                ft.Icon(ft.Icons.EXPAND_MORE, size=20, color=design.colors.accent),
            ],
            spacing=SPACE_XS,
            tight=True,
        ),
        on_click=partial(sheets.open, partial(_contract_sheet, session, contracts, current, sheets.close)),
        style=switcher(design.colors),
        key=_SWITCHER,
    )
    button.expand = button.expand_loose = True
    return ft.Row([button], tight=True)


def _contract_sheet(
    session: SessionState,
    contracts: tuple[Contract, ...],
    current: Contract,
    close: Callable[[], None],
    design: Design,
) -> Sheet:
    async def choose(contract: Contract) -> None:
        close()
        session.choose(contract)
        await focus_on(
            _SWITCHER
        )  # the button of the other contract replaces the button that Flutter would focus

    rows = [
        choice_row(
            design,
            contract_icon(contract),
            contract_name(design, contract),
            "" if blank(contract.masked_number) else contract.label,
            partial(choose, contract),
            chosen=contract == current,
            key=f"choose-{contract.contract_id}",
        )
        for contract in contracts
    ]
    return Sheet(design.words("contract.choose"), group(design, rows), close)


def contract_name(design: Design, contract: Contract) -> str:
    """Return « Mobile · 06 •• •• •• 47 »; the contract's label stands for a missing number."""
    kind = design.words(f"contract.{contract.kind.value}")
    if blank(contract.masked_number):
        return joined(kind, contract.label)
    return joined(kind, design.formats.number(contract.masked_number))
