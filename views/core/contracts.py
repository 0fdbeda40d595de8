"""Choice among the contracts of an account, for screens that show a single contract."""

from __future__ import annotations

import re
from functools import partial

import flet as ft

from services.domain.models import Contract, ContractKind
from views.core.notices import error_state, state
from views.core.session import SessionState
from views.core.text import blank, joined
from views.kit.buttons import link, strong_button
from views.kit.chips import Chip, choices
from views.kit.design import Design
from views.routes import SETTINGS, go


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
    """Return a chip for each contract; an empty list if there is at most one contract."""
    contracts = session.account.data.contracts if session.account.data else ()
    if len(contracts) < 2:
        return []
    names = [_full_name(design, contract) for contract in contracts]
    shorts = [_short_name(design, contract) for contract in contracts]
    chips = [
        Chip(
            short if shorts.count(short) == 1 else name,
            partial(session.choose, contract),
            chosen=contract == session.contract,
            key=f"choose-{contract.contract_id}",
            spoken=name,
        )
        for contract, name, short in zip(contracts, names, shorts, strict=True)
    ]
    return [choices(design, design.words("contract.choose"), chips, wrap=True)]


def _full_name(design: Design, contract: Contract) -> str:
    kind = design.words(f"contract.{contract.kind.value}")
    if blank(contract.masked_number):
        return joined(kind, contract.label)
    return joined(kind, design.formats.number(contract.masked_number))


def _short_name(design: Design, contract: Contract) -> str:
    """Return « Mobile ·· 47 »: the kind and the last digits, which distinguish lines in a small space."""
    digits = re.search(r"\d+\D*$", contract.masked_number)
    if digits is None:
        return _full_name(design, contract)
    return f"{design.words(f'contract.{contract.kind.value}')} •• {digits[0].strip()}"
