"""Summary of the period on screen: total, month selector, bill, billing rule."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import flet as ft

from services.domain.models import BillingPeriod, Contract, PeriodState
from views.core.component import component
from views.core.context import use_design, use_sheets
from views.core.formatting import Formats
from views.core.insights import InsightsState
from views.core.review import ReviewState
from views.core.session import SessionState
from views.core.sheet_state import Sheet
from views.forecast.parts import forecast_link
from views.kit.amounts import hero_amount
from views.kit.buttons import icon_button, link, outline_button
from views.kit.cards import card, column
from views.kit.design import Design, heading, semantic_group, text
from views.kit.theme import SPACE_M, SPACE_S, SPACE_XS, Layout
from views.purchases.billing_rule import billing_rule
from views.purchases.month_selector import month_selector
from views.purchases.sharing import ExportButton
from views.purchases.state import PurchasesState
from views.routes import go, reconcile_address

SUMMED_WIDTH = 176
"""Width of the totals beside the month selector, in logical pixels."""
SELECTOR_WIDTH = 310
"""Smallest width of the month selector beside the totals."""


def summary_card(
    design: Design,
    formats: Formats,
    session: SessionState,
    purchases: PurchasesState,
    periods: tuple[BillingPeriod, ...],
    period: BillingPeriod | None,
) -> ft.Control:
    """Return the card above the list; only the month selector if the period is unknown."""
    selected = period.period_id if period else None
    room = SELECTOR_WIDTH if _in_one_row(design) else design.layout.least_content - SPACE_M - SPACE_XS
    selector = month_selector(design, periods, selected, room, purchases)
    if period is None:
        return card(design, selector)
    summed = _summed(design, formats, period)
    body: ft.Control
    if _in_one_row(design):
        body = ft.Row(
            [ft.Container(summed, width=SUMMED_WIDTH), ft.Container(selector, expand=True)],
            spacing=SPACE_M,
            vertical_alignment=ft.CrossAxisAlignment.START,
        )
    else:
        body = column(summed, selector, spacing=SPACE_S)
    invoice = ft.Row(
        [
            ft.Icon(ft.Icons.RECEIPT_LONG_OUTLINED, size=20, color=design.colors.content_muted),
            _invoice(design, formats, period),
            ft.memo(ExportButton)(design, session),
            ft.memo(HowPeriodsWork)(design, purchases.contract),
        ],
        spacing=SPACE_XS,
    )
    lead: list[ft.Control] = []
    if session.insights is not None:
        running = period == purchases.current
        billed = period.state in (PeriodState.CLOSED, PeriodState.BILLED)
        over = billed and purchases.older is None
        lead.append(ft.memo(PeriodLink)(session.insights, session.insights.review, running, over))
    return card(
        design,
        column(
            body, *lead, ft.Divider(height=1, trailing_indent=SPACE_M - SPACE_XS), invoice, spacing=SPACE_XS
        ),
        padding=ft.Padding.only(left=SPACE_M, right=SPACE_XS, top=SPACE_M, bottom=2),
    )


def _in_one_row(design: Design) -> bool:
    """Return whether the month selector fits beside the total."""
    return design.layout is Layout.XL


def _summed(design: Design, formats: Formats, period: BillingPeriod) -> ft.Control:
    """Return the state, total, number of purchases and pending amount of the period."""
    words = design.words
    span = formats.period_range(period.start_date, period.end_date)
    room = SUMMED_WIDTH if _in_one_row(design) else design.layout.least_content - 2 * SPACE_M
    amount = hero_amount(design, formats, period.total, room)
    amount.semantics_label = ""  # the name of the group contains the amount
    count = words("purchases.count", n=period.purchase_count)
    # Beside the month selector, a single line is too narrow for both.
    texts = [(count, ""), (span, span)] if _in_one_row(design) else [(f"{count} · {span}", span)]
    lines: list[ft.Control] = [
        amount,
        *(
            text(line, design.type.body_s, design.colors.content_muted, spoken=spoken)
            for line, spoken in texts
        ),
    ]
    if period.pending_total.amount:
        pending = words("purchases.pending", amount=formats.money(period.pending_total))
        lines.append(text(pending, design.type.body_s, design.colors.content_muted))
    totals = ft.Semantics(
        live_region=True,
        container=True,
        label=period_summary(design, period),
        content=ft.Column(lines, spacing=2, tight=True),
    )
    label = text(words(f"period.{period.state.value}"), design.type.label_s, design.colors.content_muted)
    return column(heading(label, 2), totals, spacing=2)


@component
def PeriodLink(insights: InsightsState, review: ReviewState, running: bool, over: bool) -> ft.Control:
    """Link to the forecast of the `running` period, or to the comparison of a period `over` with its bill.

    The link is one control that is shown or hidden, so that a switch of period sends little. `review` is
    observed only.
    """
    design, sheets, purchases = use_design(), use_sheets(), insights.purchases
    stood_on = [insights.contract.contract_id, running, purchases.periods.data if running else None]
    ft.use_effect(insights.load if running else _nothing, stood_on, cleanup=lambda: None)
    foreseen = running and insights.forecast is not None
    drawn = (
        forecast_link(design, sheets, insights, "period-link") if foreseen else _reconcile(design, purchases)
    )
    return ft.Container(drawn, visible=foreseen or over)


def _nothing() -> None:
    """Do nothing: a closed period has no forecast."""


def _reconcile(design: Design, purchases: PurchasesState) -> ft.Control:
    """Return the link to the comparison of the period on screen with its printed bill."""

    def compare() -> None:
        if purchases.period is not None:
            go(reconcile_address(purchases.period.period_id))

    return link(design, design.words("reconcile.link"), compare, key="period-link", sentence=True)


def _invoice(design: Design, formats: Formats, period: BillingPeriod) -> ft.Control:
    """Return the sentence about the bill of the period."""
    of_month, month = formats.of_month(period.bill_month), formats.month_name(period.bill_month)
    sentence = design.words(f"invoice.{period.state.value}", of_month=of_month, month=month)
    return semantic_group(text(sentence, design.type.label_s, expand=True))


def period_summary(design: Design, period: BillingPeriod) -> str:
    """Return « Facture de mars, 12,48 €, 3 achats »."""
    return design.words(
        "purchases.announce",
        n=period.purchase_count,
        of_month=design.formats.of_month(period.bill_month),
        amount=design.formats.money(period.total),
    )


@component
def HowPeriodsWork(design: Design, contract: Contract) -> ft.Control:
    """Build the info button, which opens the explanation of the billing period."""
    sheets = use_sheets()
    opened = partial(_periods_explained, contract, sheets.close)
    return icon_button(
        design, ft.Icons.INFO_OUTLINE, design.words("purchases.info"), partial(sheets.open, opened)
    )


def _periods_explained(contract: Contract, close: Callable[[], None], design: Design) -> Sheet:
    words = design.words
    content = column(
        *billing_rule(design, contract),
        outline_button(design, words("action.close"), close, autofocus=True),
        spacing=SPACE_M,
    )
    return Sheet(words("purchases.info_title"), content, close)
