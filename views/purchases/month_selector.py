"""Month selector: a chart of six equal columns, each a button with an amount, a bar and a month."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import flet as ft

from services.domain.models import BillingPeriod, PeriodState
from views.core.component import kept
from views.flet_compat.pressed_focus import keep_focus
from views.kit.amounts import fitted, width_in_ems
from views.kit.charts import Scale, bar
from views.kit.design import Design, text
from views.kit.theme import SPACE_2XS, Layout
from views.purchases.period_navigation import show_period
from views.purchases.state import PurchasesState

HEIGHT = 96
"""Height of the bar area in logical pixels, between the amounts and the months."""
LABELS = 52
"""Height of the amount above the bar and the month below."""
BAR = 28


def month_selector(
    design: Design,
    periods: Sequence[BillingPeriod],
    selected: str | None,
    room: float,
    purchases: PurchasesState | None = None,
) -> ft.Control:
    """Return the chart of the periods, oldest first, in at least `room` logical pixels.

    A tap on a column shows the purchases of its period, at once if `purchases` is on screen. The selected
    column shows its amount; the others do if the longest amount fits above its bar.
    """
    ordered = tuple(reversed(periods))
    scale = Scale.of((float(period.total.amount) for period in ordered), HEIGHT)
    column = room / max(1, len(ordered))
    widest = max((width_in_ems(design.formats.money(period.total)) for period in ordered), default=0.0)
    labelled = widest * (design.compact.caption_bold.size or 0) <= column
    cells: list[ft.Control] = [
        _cell(design, period, period.period_id == selected, scale, labelled, column, purchases)
        for period in ordered
    ]
    columns: ft.Control = ft.Row(cells, spacing=0)
    if scale.lowest:
        zero = ft.Container(height=1, bgcolor=design.colors.border_control, left=0, right=0)
        zero.bottom = scale.below + _MONTH
        columns = ft.Stack([zero, columns])
    return ft.Semantics(label=design.words("purchases.selector"), container=True, content=columns)


_MONTH = 30
"""Distance of the bars from the bottom of their column, in logical pixels."""


def period_name(design: Design, period: BillingPeriod) -> str:
    """Return « Facture de mars, du 26 janvier au 25 février, 12,48 €, 3 achats »."""
    formats = design.formats
    return design.words(
        "purchases.cell",
        n=period.purchase_count,
        of_month=formats.of_month(period.bill_month),
        period=formats.period_range(period.start_date, period.end_date),
        amount=formats.money(period.total),
    )


@kept
def _cell(
    design: Design,
    period: BillingPeriod,
    selected: bool,
    scale: Scale,
    labelled: bool,
    room: float,
    purchases: PurchasesState | None,
) -> ft.Control:
    style = design.compact.caption_bold if selected else design.compact.caption_medium
    color = design.colors.content_default if selected else design.colors.content_muted
    amount = design.formats.money(period.total) if selected or labelled else ""
    running = period.state is PeriodState.OPEN
    drawn = bar(
        design, float(period.total.amount), scale, width=BAR, chosen=selected, partial=running, radius=6
    )
    month = design.chosen_month if selected else style
    content = ft.Column(
        [
            text(amount, fitted(style, amount, room), color, wrap=False, spoken=""),
            drawn,
            text(_label(design, period), month, color, wrap=False, spoken=""),
        ],
        spacing=SPACE_2XS,
        alignment=ft.MainAxisAlignment.END,
        horizontal_alignment=ft.CrossAxisAlignment.CENTER,
    )
    button = keep_focus(
        ft.TextButton(content, style=design.column_style, height=HEIGHT + LABELS),
        f"period-{period.period_id}",
        partial(show_period, period.period_id, purchases),
    )
    named = ft.Semantics(label=period_name(design, period), selected=selected, content=button)
    return ft.MergeSemantics(named, expand=True)


def _label(design: Design, period: BillingPeriod) -> str:
    """Return the month of the bill; for the period in progress, a label that says so if it fits."""
    roomy = design.layout is not Layout.XS and (design.compact.caption.size or 0) <= 12
    if period.state is PeriodState.OPEN and roomy:
        return design.words("period.open_short")
    return design.formats.month_short(period.bill_month)
