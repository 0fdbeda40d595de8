"""List of purchases; wide windows show the open purchase beside the list."""

from __future__ import annotations

import flet as ft

from views.core.notices import state
from views.kit.design import Design
from views.purchases.detail import PurchaseDetail
from views.purchases.detail_state import PurchaseState
from views.purchases.state import PurchasesState


def beside(
    design: Design,
    listed: ft.Control,
    purchases: PurchasesState,
    purchase: PurchaseState,
    payment_id: str | None,
) -> ft.Control:
    """Return `listed`; on wide windows, with the purchase of `payment_id` in a pane beside the list."""
    if not design.layout.wide:
        return listed
    detail: ft.Control
    if payment_id:
        detail = PurchaseDetail(purchases, purchase, payment_id, 2)
    else:
        detail = state(design, ft.Icons.RECEIPT_LONG_OUTLINED, design.words("purchase.placeholder"))
    return ft.Row(
        [
            ft.Container(listed, expand=58),
            ft.Container(detail, expand=42, padding=ft.Padding.only(right=design.layout.margin)),
        ],
        spacing=0,
        expand=True,
        vertical_alignment=ft.CrossAxisAlignment.START,
    )
