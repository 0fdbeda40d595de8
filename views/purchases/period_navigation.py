"""Change of the period on screen, together with its address."""

from __future__ import annotations

import asyncio

import flet as ft

from views.purchases.state import PurchasesState
from views.routes import go, purchases_of


async def show_period(period_id: str, purchases: PurchasesState | None = None) -> None:
    """Go to the address of the purchases of a period.

    If `purchases` is on screen, the period opens at once, before the browser reports its new address.
    """
    address = purchases_of(period_id)
    if purchases is None:
        go(address)
        return
    coming = purchases_of(purchases.pending_period) if purchases.pending_period else ft.context.page.route
    if coming != address:  # the browser does not report an unchanged address
        purchases.expect_period(period_id)
    opening = asyncio.ensure_future(purchases.open(period_id))
    # Flutter rebuilds the whole page for a new address: the list is sent first, to avoid that delay.
    for _ in range(2):  # first the state changes, then Flet redraws
        await asyncio.sleep(0)
    go(address)
    await opening
