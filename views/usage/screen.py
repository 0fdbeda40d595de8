"""Screen "Suivi conso" of a contract: the current period, one-off services, the last six periods."""

from __future__ import annotations

from functools import partial

import flet as ft

from services.domain.models import BillingPeriod
from views.core.component import Kept, component, use_kept
from views.core.context import use_look, use_session
from views.core.contracts import contract_choice, contract_line, without_contract
from views.core.formatting import Formats
from views.core.insights import InsightsState
from views.core.notices import error_state, freshness, progress, skeleton, unreadable_alert
from views.core.text import joined
from views.forecast.parts import ForecastLine
from views.frame import Screen
from views.kit.buttons import icon_button, link
from views.kit.cards import card, column
from views.kit.look import Look, heading, text
from views.kit.theme import SPACE_L, SPACE_M, SPACE_S
from views.places import Destination, go, year_address
from views.purchases.month_selector import month_selector
from views.purchases.state import PurchasesState
from views.usage.one_off_services import one_off_services


@component
def UsageView() -> ft.View:
    look, session = use_look(), use_session()
    actions: tuple[ft.Control, ...] = ()
    if session.purchases is not None:
        refresh = session.purchases.load_periods
        actions = (icon_button(look, ft.Icons.REFRESH, look.words("action.refresh"), refresh),)
    return Screen(
        look.words("usage.h1"),
        Usage(),
        Destination.USAGE,
        name="usage",
        back=Destination.HOME.path,
        actions=actions,
    )


@component
def Usage() -> ft.Control:
    look, session = use_look(), use_session()
    if session.purchases is None or session.insights is None:
        return without_contract(look, session, skeleton(look, (160, 20), (None, 20)))
    return Periods(session.purchases, session.insights)


@component
def Periods(state: PurchasesState, insights: InsightsState) -> ft.Control:
    look, session, keep = use_look(), use_session(), use_kept()
    ft.use_effect(state.load_periods, [state.contract.contract_id], cleanup=lambda: None)
    formats = Formats(look.words.language, state.zone)

    if state.periods.missing and state.periods.error is not None:
        return error_state(look, state.periods.error, state.load_periods)
    periods = state.periods.data
    forecast = ForecastLine(insights, insights.review)
    services = one_off_services(look, formats, state, "usage.none", state.load_periods, forecast)
    header = _header(look, formats, state)
    top: ft.Control = column(header, services, spacing=SPACE_M)
    if look.layout.wide:
        top = ft.Row(
            [ft.Container(header, expand=1), ft.Container(services, expand=1)],
            spacing=SPACE_L,
            vertical_alignment=ft.CrossAxisAlignment.START,
        )
    history = [] if not periods else [_history(look, keep, periods)]
    return ft.ListView(
        [
            progress(look, state.periods.loading),
            *freshness(look, formats, state.periods, state.load_periods),
            *contract_choice(look, session),
            top,
            *history,
            *unreadable_alert(look, "period", state.periods.unreadable),
        ],
        spacing=SPACE_M,
        padding=ft.Padding.only(left=look.layout.margin, right=look.layout.margin, bottom=SPACE_L),
        expand=True,
    )


def _header(look: Look, formats: Formats, state: PurchasesState) -> ft.Control:
    words, contract, current, at = look.words, state.contract, state.current, state.periods.at
    if current is None or at is None:
        return skeleton(look, (200, 20), (None, 20))
    length = (current.end_date - current.start_date).days + 1
    left = formats.days_left(current.end_date, at)
    span = formats.period_range(current.start_date, current.end_date)
    days = words("usage.progress_value", n=length - left, total=length)
    elapsed = f"{words('usage.progress')}, {days}"
    day = words("usage.day", n=length - left, total=length)
    return card(
        look,
        column(
            text(
                joined(
                    words(f"contract.{contract.kind.value}"),
                    contract_line(look, contract),
                    words("usage.updated", time=formats.time(at)),
                ),
                look.type.body_s,
                look.colors.content_muted,
            ),
            text(words("usage.included"), look.type.body_medium),
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
                look.type.body_s,
            ),
            text(day, look.type.body_s, look.colors.content_muted, spoken=""),
            spacing=SPACE_S,
        ),
    )


def _history(look: Look, keep: Kept, periods: tuple[BillingPeriod, ...]) -> ft.Control:
    latest = int(periods[0].bill_month[:4])
    return card(
        look,
        column(
            heading(text(look.words("usage.history"), look.type.title), 2),
            month_selector(look, keep, periods, None),
            link(look, look.words("year.link"), partial(go, year_address(latest)), key="year"),
            spacing=SPACE_M,
        ),
    )
