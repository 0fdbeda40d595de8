"""Screen of one purchase; wide windows show the purchase beside the list instead."""

from __future__ import annotations

import flet as ft

from views.core.component import component
from views.core.context import use_design, use_session
from views.core.contracts import without_contract
from views.core.notices import skeleton
from views.frame import Screen
from views.purchases.detail import PurchaseDetail
from views.purchases.detail_state import PurchaseState
from views.purchases.state import PurchasesState
from views.routes import Destination, purchases_of


@component
def PurchaseView() -> ft.View:
    session = use_session()
    return OnePurchase(session.purchases, session.purchase, ft.use_route_params().get("payment_id", ""))


@component
def OnePurchase(purchases: PurchasesState | None, purchase: PurchaseState | None, payment_id: str) -> ft.View:
    """Show a purchase; the back arrow leads to the period of the purchase, not the period in the address."""
    design, session = use_design(), use_session()
    period_id = purchases.period_id if purchases else None
    known = purchase.purchase.data if purchase and purchase.payment_id == payment_id else None
    if known is not None:
        period_id = known.period_id
    body: ft.Control
    if purchases is not None and purchase is not None:
        body = PurchaseDetail(purchases, purchase, payment_id, 2)
    else:
        body = without_contract(design, session, skeleton(design, (56, 56), (160, 44)))
    return Screen(
        design.words("purchase.title"),
        ft.Container(body, padding=ft.Padding.symmetric(horizontal=design.layout.margin), expand=True),
        Destination.USAGE,
        name=f"purchase-{payment_id}",
        back=purchases_of(period_id),
    )
