"""Card "Services ponctuels" for a period with entries; a sentence replaces the card of an empty period."""

from __future__ import annotations

from functools import partial

import flet as ft

from services.domain.models import BillingPeriod
from views.core.formatting import Formats
from views.core.notices import error_alert, skeleton
from views.kit.amounts import hero_amount
from views.kit.buttons import Handler, link
from views.kit.cards import card, column
from views.kit.look import Look, alone, heading, silent, text
from views.kit.theme import SPACE_2XS, SPACE_L, SPACE_M, SPACE_XS
from views.places import PURCHASES, go, purchases_of
from views.purchases.month_selector import STUB, extent
from views.purchases.state import PurchasesState

MINI_CHART = 48
CHART_ROOM = 124
"""Width of the chart with the gap before it, in logical pixels."""


def one_off_services(
    look: Look,
    formats: Formats,
    state: PurchasesState,
    none: str,
    retry: Handler,
    forecast: ft.Control,
) -> ft.Control:
    """Return the card for the current period of a contract.

    Args:
        none: key of the sentence for a period without entries.
        retry: reloads the periods after a failure.
        forecast: the line with the expected amount of the bill.
    """
    words, current = look.words, state.current

    def detail() -> None:
        go(PURCHASES)

    if state.periods.missing and state.periods.error is not None:
        return error_alert(look, state.periods.error, retry, title=words("usage.error"))
    if state.periods.data is None or current is None:
        return skeleton(look, (160, 20), (120, 44), (None, 20))
    since = formats.day_month(current.start_date)
    if not current.used:
        used = state.used_before(current)
        if used is None:
            following: ft.Control = text(
                words("purchases.empty_text"), look.type.body_s, look.colors.content_muted
            )
        else:
            following = link(look, words("services.previous"), partial(go, purchases_of(used.period_id)))
        return card(look, column(text(words(none, date=since), look.type.body), following, spacing=SPACE_XS))
    bars = _bars(look, state.periods.data, current)
    room = look.layout.least_content - 2 * SPACE_M
    total: ft.Control
    if look.crowded:
        total = column(hero_amount(look, formats, current.total, room), silent(bars), spacing=SPACE_XS)
    else:
        amount = hero_amount(look, formats, current.total, room - CHART_ROOM, expand=True)
        total = ft.Row(
            [alone(amount), silent(bars)], spacing=SPACE_L, vertical_alignment=ft.CrossAxisAlignment.END
        )
    return card(
        look,
        column(
            column(
                heading(text(words("services.title"), look.type.title), 2),
                text(words("services.sub"), look.type.body_s, look.colors.content_muted),
                spacing=0,
            ),
            total,
            text(
                words("services.count", n=current.purchase_count, date=since)
                if current.purchase_count
                else words("services.refunds", date=since),
                look.type.body_s,
            ),
            forecast,
            ft.Divider(height=1),
            link(look, words("services.link"), detail, key="detail"),
            spacing=SPACE_XS,
        ),
        padding=ft.Padding.only(left=SPACE_M, top=SPACE_M, right=SPACE_M, bottom=SPACE_2XS),
    )


def _bars(look: Look, periods: tuple[BillingPeriod, ...], current: BillingPeriod) -> ft.Row:
    """Return a small chart of the totals, oldest first; negative bars extend below a common zero line."""
    lowest, highest = extent(periods)
    scale = MINI_CHART / (highest - lowest)
    zero = highest * scale
    bars: list[ft.Control] = []
    for period in reversed(periods):
        total = float(period.total.amount)
        height = max(STUB, abs(total) * scale)
        above = total > 0 or (not total and highest > 0)
        top = max(0.0, zero - height) if above else min(zero, MINI_CHART - height)
        bars.append(
            ft.Container(
                width=10,
                height=height,
                margin=ft.Margin.only(top=top),
                bgcolor=look.colors.chart_selected if period is current else look.colors.chart_bar,
                border_radius=ft.BorderRadius.vertical(top=2 if above else 0, bottom=0 if above else 2),
            )
        )
    return ft.Row(
        bars,
        height=MINI_CHART,
        spacing=SPACE_XS,
        vertical_alignment=ft.CrossAxisAlignment.START,
        tight=True,
    )
