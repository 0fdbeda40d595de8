"""Month selector: a chart of six equal columns, each with a bar, a month and an underline."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import flet as ft
import flet_charts as fc

from services.domain.models import BillingPeriod, PeriodState
from views.core.component import Kept
from views.flet_compat.pressed_focus import keep_focus
from views.kit.buttons import Handler
from views.kit.design import Design, text
from views.kit.theme import SPACE_2XS, TRANSPARENT, Layout
from views.purchases.period_navigation import show_period
from views.purchases.state import PurchasesState

HEIGHT = 96
"""Height of the bar area in logical pixels, without the months below."""
LABELS = 32
BAR = 28
STUB = 2.0
"""Height of the bar of a period without purchases, in logical pixels."""
HEADROOM = 1.08
"""Range of the chart, as a factor of its longest bar."""


def month_selector(
    design: Design,
    keep: Kept,
    periods: Sequence[BillingPeriod],
    selected: str | None,
    purchases: PurchasesState | None = None,
) -> ft.Control:
    """Return the chart of the periods, oldest first.

    A tap on a column shows the purchases of its period, at once if `purchases` is on screen. Screen readers
    skip the chart: the six buttons over the chart have the names.
    """
    ordered = tuple(reversed(periods))
    lowest, highest = extent(ordered)
    least = (highest - lowest) * STUB / HEIGHT
    groups, cells = [], []
    for index, period in enumerate(ordered):
        chosen = period.period_id == selected
        bar = partial(_group, design, period, chosen, least, index)
        groups.append(keep(f"bar-{index}", (design, period, chosen, least), bar))
        show = partial(show_period, period.period_id, purchases)
        cell = partial(_cell, design, period, chosen, show)
        cells.append(keep(f"cell-{index}", (design, period, chosen, purchases), cell))
    chart = fc.BarChart(
        groups=groups,
        group_alignment=ft.MainAxisAlignment.SPACE_AROUND,
        interactive=False,
        tooltip=None,
        min_y=lowest * HEADROOM,
        max_y=max(highest * HEADROOM, least),
        horizontal_grid_lines=_zero_line(design, lowest, highest) if lowest else None,
        left=0,
        right=0,
        top=0,
        height=HEIGHT,
        left_axis=keep("left", (), _no_axis),
        right_axis=keep("right", (), _no_axis),
        top_axis=keep("top", (), _no_axis),
        bottom_axis=keep("bottom", (), _no_axis),
        animation=ft.Animation(0 if design.still else 250, ft.AnimationCurve.EASE_OUT),
    )
    columns = ft.Stack([chart, ft.Row(cells, spacing=0)], height=HEIGHT + LABELS)
    return ft.Semantics(label=design.words("purchases.selector"), container=True, content=columns)


def extent(periods: Sequence[BillingPeriod]) -> tuple[float, float]:
    """Return the lowest and the highest total of the periods, in a range that includes zero."""
    totals = [0.0, *(float(period.total.amount) for period in periods)]
    return (min(totals), max(totals)) if any(totals) else (0.0, 1.0)


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


def _group(
    design: Design, period: BillingPeriod, selected: bool, least: float, index: int
) -> fc.BarChartGroup:
    return fc.BarChartGroup(x=index, rods=[_bar(design, period, selected, least)])


def _bar(design: Design, period: BillingPeriod, selected: bool, least: float) -> fc.BarChartRod:
    """Return the bar of a period, which starts at the zero line; `least` is its minimum length."""
    total = float(period.total.amount)
    progress = period.state is PeriodState.OPEN and not selected
    color = design.colors.chart_selected if selected else design.colors.chart_bar
    return fc.BarChartRod(
        from_y=0,
        to_y=min(total, -least) if total < 0 else max(total, least),
        width=BAR,
        color=design.colors.accent_bg if progress else color,
        border_side=ft.BorderSide(2, design.colors.accent) if progress else None,
        border_radius=ft.BorderRadius.vertical(top=0 if total < 0 else 6, bottom=6 if total < 0 else 0),
        tooltip=None,
    )


def _cell(design: Design, period: BillingPeriod, selected: bool, show: Handler) -> ft.Control:
    style = design.compact.caption_bold if selected else design.compact.caption_medium
    color = design.colors.content_default if selected else design.colors.content_muted
    underline = design.colors.accent if selected else TRANSPARENT
    content = ft.Column(
        [
            text(_label(design, period), style, color, wrap=False, spoken=""),
            ft.Container(height=3, width=24, bgcolor=underline, border_radius=2),
        ],
        spacing=SPACE_2XS,
        alignment=ft.MainAxisAlignment.END,
        horizontal_alignment=ft.CrossAxisAlignment.CENTER,
    )
    button = keep_focus(
        ft.TextButton(content, style=design.column_style, height=HEIGHT + LABELS),
        f"period-{period.period_id}",
        show,
    )
    named = ft.Semantics(label=period_name(design, period), selected=selected, content=button)
    return ft.MergeSemantics(named, expand=True)


def _label(design: Design, period: BillingPeriod) -> str:
    """Return the month of the bill; for the period in progress, a label that says so if it fits."""
    roomy = design.layout is not Layout.XS and (design.compact.caption.size or 0) <= 12
    if period.state is PeriodState.OPEN and roomy:
        return design.words("period.open_short")
    return design.formats.month_short(period.bill_month)


def _zero_line(design: Design, lowest: float, highest: float) -> fc.ChartGridLines:
    """Return the zero line: the only grid line, because the interval exceeds the range of the chart."""
    beyond = (highest - lowest) * 2
    return fc.ChartGridLines(interval=beyond, color=design.colors.border_control, width=1)


def _no_axis() -> fc.ChartAxis:
    return fc.ChartAxis(show_labels=False, label_size=0)
