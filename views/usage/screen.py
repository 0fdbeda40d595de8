"""Screen "Suivi conso" of a contract: the current period, one-off services, the last six periods."""

from __future__ import annotations

from functools import partial

import flet as ft

from services.domain.models import BillingPeriod
from views.core.component import component
from views.core.context import use_design, use_session
from views.core.contracts import contract_choice, contract_line, without_contract
from views.core.formatting import Formats
from views.core.insights import InsightsState
from views.core.notices import error_state, freshness, progress, skeleton, unreadable_alert
from views.core.text import joined
from views.forecast.parts import ForecastLine
from views.frame import Screen
from views.kit.buttons import icon_button, link
from views.kit.cards import card, column
from views.kit.design import Design, heading, text
from views.kit.theme import SPACE_L, SPACE_M, SPACE_S
from views.purchases.month_selector import month_selector
from views.purchases.state import PurchasesState
from views.routes import Destination, go, year_address
from views.usage.one_off_services import one_off_services


@component
def UsageView() -> ft.View:
    design, session = use_design(), use_session()
    actions: tuple[ft.Control, ...] = ()
    if session.purchases is not None:
        refresh = session.purchases.load_periods
        actions = (icon_button(design, ft.Icons.REFRESH, design.words("action.refresh"), refresh),)
    return Screen(
        design.words("usage.h1"),
        Usage(),
        Destination.USAGE,
        name="usage",
        back=Destination.HOME.path,
        actions=actions,
    )


@component
def Usage() -> ft.Control:
    design, session = use_design(), use_session()
    if session.purchases is None or session.insights is None:
        return without_contract(design, session, skeleton(design, (160, 20), (None, 20)))
    return Periods(session.purchases, session.insights)


@component
def Periods(state: PurchasesState, insights: InsightsState) -> ft.Control:
    design, session = use_design(), use_session()
    ft.use_effect(state.load_periods, [state.contract.contract_id], cleanup=lambda: None)
    formats = Formats(design.words.language, state.zone)

    if state.periods.missing and state.periods.error is not None:
        return error_state(design, state.periods.error, state.load_periods)
    periods = state.periods.data
    forecast = ForecastLine(insights, insights.review)
    services = one_off_services(design, formats, state, "usage.none", state.load_periods, forecast)
    header = _header(design, formats, state)
    history = [] if not periods else [_history(design, periods)]
    cards: ft.Control = column(header, services, *history, spacing=SPACE_M)
    if design.layout.wide:
        cards = ft.Row(
            [
                ft.Container(column(header, *history, spacing=SPACE_M), expand=1),
                ft.Container(services, expand=1),
            ],
            spacing=SPACE_L,
            vertical_alignment=ft.CrossAxisAlignment.START,
        )
    listed = ft.ListView(
        [
            *freshness(design, formats, state.periods, state.load_periods),
            *contract_choice(design, session),
            cards,
            *unreadable_alert(design, "period", state.periods.unreadable),
        ],
        spacing=SPACE_M,
        padding=ft.Padding.only(left=design.layout.margin, right=design.layout.margin, bottom=SPACE_L),
        expand=True,
    )
    # the bar is outside the list, whose spacing would move the content below the top grid
    return ft.Column([progress(design, state.periods.loading), listed], spacing=0, expand=True)


def _header(design: Design, formats: Formats, state: PurchasesState) -> ft.Control:
    words, contract, current, at = design.words, state.contract, state.current, state.periods.at
    if current is None or at is None:
        return skeleton(design, (200, 20), (None, 20))
    length = (current.end_date - current.start_date).days + 1
    left = formats.days_left(current.end_date, at)
    span = formats.period_range(current.start_date, current.end_date)
    days = words("usage.progress_value", n=length - left, total=length)
    elapsed = f"{words('usage.progress')}, {days}"
    day = words("usage.day", n=length - left, total=length)
    return card(
        design,
        column(
            text(
                joined(
                    words(f"contract.{contract.kind.value}"),
                    contract_line(design, contract),
                    words("usage.updated", time=formats.time(at)),
                ),
                design.type.body_s,
                design.colors.content_muted,
            ),
            text(words("usage.included"), design.type.body_medium),
            ft.Semantics(
                label=elapsed,
                exclude_semantics=True,
                container=True,
                content=ft.ProgressBar(value=(length - left) / length, bar_height=6),
            ),
            text(
                words("usage.period", n=left, period=span)
                if left
                else words("usage.period_last", period=span),
                design.type.body_s,
            ),
            text(day, design.type.body_s, design.colors.content_muted, spoken=""),
            spacing=SPACE_S,
        ),
    )


def _history(design: Design, periods: tuple[BillingPeriod, ...]) -> ft.Control:
    latest = int(periods[0].bill_month[:4])
    return card(
        design,
        column(
            heading(text(design.words("usage.history"), design.type.title), 2),
            month_selector(design, periods, None, design.layout.least_content - 2 * SPACE_M),
            link(design, design.words("year.link"), partial(go, year_address(latest)), key="year"),
            spacing=SPACE_M,
        ),
    )
