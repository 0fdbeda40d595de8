"""Card "Services ponctuels" for a period with entries; a sentence replaces the card of an empty period."""

from __future__ import annotations

from functools import partial

import flet as ft

from services.domain.models import BillingPeriod, PeriodState
from views.core.formatting import Formats
from views.core.notices import error_alert, skeleton
from views.kit.amounts import hero_amount
from views.kit.buttons import Handler, link
from views.kit.cards import card, column
from views.kit.charts import Scale, bar
from views.kit.design import Design, decorative, heading, semantic_group, text
from views.kit.theme import SPACE_2XS, SPACE_L, SPACE_M, SPACE_XS
from views.purchases.state import PurchasesState
from views.routes import PURCHASES, go, purchases_of

MINI_CHART = 48
CHART_ROOM = 124
"""Width of the chart with the gap before it, in logical pixels."""


def one_off_services(
    design: Design,
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
    words, current = design.words, state.current

    def detail() -> None:
        go(PURCHASES)

    if state.periods.missing and state.periods.error is not None:
        return error_alert(design, state.periods.error, retry, title=words("usage.error"))
    if state.periods.data is None or current is None:
        return skeleton(design, (160, 20), (120, 44), (None, 20))
    since = formats.day_month(current.start_date)
    if not current.used:
        used = state.used_before(current)
        if used is None:
            following: ft.Control = text(
                words("purchases.empty_text"), design.type.body_s, design.colors.content_muted
            )
        else:
            following = link(design, words("services.previous"), partial(go, purchases_of(used.period_id)))
        return card(
            design, column(text(words(none, date=since), design.type.body), following, spacing=SPACE_XS)
        )
    bars = _bars(design, state.periods.data, current)
    room = design.layout.least_content - 2 * SPACE_M
    total: ft.Control
    if design.crowded:
        total = column(hero_amount(design, formats, current.total, room), decorative(bars), spacing=SPACE_XS)
    else:
        amount = hero_amount(design, formats, current.total, room - CHART_ROOM, expand=True)
        total = ft.Row(
            [semantic_group(amount), decorative(bars)],
            spacing=SPACE_L,
            vertical_alignment=ft.CrossAxisAlignment.END,
        )
    return card(
        design,
        column(
            column(
                heading(text(words("services.title"), design.type.title), 2),
                text(words("services.sub"), design.type.body_s, design.colors.content_muted),
                spacing=0,
            ),
            total,
            text(
                words("services.count", n=current.purchase_count, date=since)
                if current.purchase_count
                else words("services.refunds", date=since),
                design.type.body_s,
            ),
            forecast,
            ft.Divider(height=1),
            link(design, words("services.link"), detail, key="detail"),
            spacing=SPACE_XS,
        ),
        padding=ft.Padding.only(left=SPACE_M, top=SPACE_M, right=SPACE_M, bottom=SPACE_2XS),
    )


def _bars(design: Design, periods: tuple[BillingPeriod, ...], current: BillingPeriod) -> ft.Row:
    """Return a small chart of the totals, oldest first."""
    scale = Scale.of((float(period.total.amount) for period in periods), MINI_CHART)
    return ft.Row(
        [
            bar(
                design,
                float(period.total.amount),
                scale,
                width=10,
                chosen=period is current,
                partial=period.state is PeriodState.OPEN,
                radius=2,
            )
            for period in reversed(periods)
        ],
        height=MINI_CHART,
        spacing=SPACE_XS,
        vertical_alignment=ft.CrossAxisAlignment.END,
        tight=True,
    )
