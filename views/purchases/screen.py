"""Screen "Achats internet+": the list of a period; wide windows show a purchase beside the list."""

from __future__ import annotations

from functools import partial

import flet as ft

from views.core.component import component
from views.core.context import use_design, use_session
from views.core.contracts import without_contract
from views.core.insights import MarkState
from views.core.notices import state
from views.frame import Screen
from views.kit.buttons import icon_button
from views.kit.design import Design, text
from views.purchases.detail import PurchaseDetail
from views.purchases.detail_state import PurchaseState
from views.purchases.list_window import ListWindow
from views.purchases.listing import PurchaseListing, chosen_payment, first_skeleton
from views.purchases.period_summary import period_summary
from views.purchases.state import PurchasesState
from views.routes import SEARCH, Destination, go, period_in


@component
def PurchasesView() -> ft.View:
    design, session = use_design(), use_session()
    payment_id = ft.use_route_params().get("payment_id")
    purchases, words = session.purchases, design.words
    actions: tuple[ft.Control, ...] = ()
    body: ft.Control
    if purchases is not None and session.purchase is not None and session.insights is not None:
        wanted = purchases.pending_period or period_in(ft.context.page.route)
        body = _panes(design, purchases, session.insights.marked, session.purchase, wanted, payment_id)
        actions = (
            icon_button(design, ft.Icons.SEARCH, words("search.h1"), partial(go, SEARCH)),
            icon_button(design, ft.Icons.REFRESH, words("action.refresh"), session.refresh_purchases),
        )
    else:
        body = without_contract(design, session, first_skeleton(design))
    return Screen(
        words("purchases.h1"),
        body,
        Destination.USAGE,
        name="purchases",
        back=Destination.USAGE.path,
        actions=actions,
        subtitle=CollapsedSummary(purchases, purchases.window) if purchases else None,
    )


@component
def CollapsedSummary(purchases: PurchasesState, window: ListWindow) -> ft.Control:
    """Show the period, its total and its count under the title once the summary is scrolled away."""
    design, period = use_design(), purchases.period
    if period is None or not window.scrolled_past_head:
        return ft.Container()
    return text(
        period_summary(design, period), design.type.caption_medium, design.colors.content_muted, lines=1
    )


def _panes(
    design: Design,
    purchases: PurchasesState,
    marked: MarkState,
    purchase: PurchaseState,
    wanted: str | None,
    payment_id: str | None,
) -> ft.Control:
    """Return the list; on wide windows, with the detail beside. Each pane redraws on its own."""
    listing = PurchaseListing(purchases, purchases.window, marked, payment_id)
    panes = ft.Container(listing, expand=True)
    if design.layout.wide:
        detail = ft.Container(
            DetailPane(purchases, purchase, payment_id),
            expand=42,
            padding=ft.Padding.only(right=design.layout.margin),
        )
        panes = ft.Container(
            ft.Row(
                [ft.Container(listing, expand=58), detail],
                spacing=0,
                expand=True,
                vertical_alignment=ft.CrossAxisAlignment.START,
            ),
            expand=True,
        )
    return ft.Column(
        [Opening(purchases, purchase, wanted, payment_id), panes],
        spacing=0,
        expand=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


@component
def Opening(
    purchases: PurchasesState, purchase: PurchaseState, wanted: str | None, payment_id: str | None
) -> ft.Control:
    """Open the period of the address; this component draws nothing."""
    of_purchase = purchase.purchase.data if payment_id and payment_id == purchase.payment_id else None
    if wanted is None and payment_id:
        wanted = of_purchase.period_id if of_purchase else purchases.period_id

    # An address may name a purchase without its period; the loaded purchase then gives the period.
    ready = payment_id is None or wanted is not None or purchase.purchase.missing
    # True if the periods arrived after a failed first read.
    unopened = purchases.period_id is None and purchases.periods.data is not None
    ft.use_effect(
        partial(purchases.open, wanted) if ready else purchases.load_periods,
        [purchases.contract.contract_id, wanted, ready, unopened],
        cleanup=lambda: None,
    )
    return ft.Container(height=0)


@component
def DetailPane(purchases: PurchasesState, purchase: PurchaseState, payment_id: str | None) -> ft.Control:
    """Show the purchase of `payment_id`, else the first of the list."""
    design = use_design()
    if selected := chosen_payment(purchases, payment_id):
        return PurchaseDetail(purchases, purchase, selected, 2)
    return state(design, ft.Icons.RECEIPT_LONG_OUTLINED, design.words("purchase.placeholder"))
