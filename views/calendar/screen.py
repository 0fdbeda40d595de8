"""Calendrier: the charges of the next three months, each with its last day to cancel."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import flet as ft

from services.domain.errors import Forbidden
from services.domain.models import Money
from services.insights.calendar import Month, by_month, upcoming
from views.calendar.parts import CalendarExport, entry_row, month_grid, total_line
from views.core.component import component
from views.core.context import use_design, use_session
from views.core.contracts import contract_choice, without_contract
from views.core.insights import Missing
from views.core.notices import error_state, freshness, incomplete_alert, progress, skeleton, state
from views.core.review import ReviewState
from views.disputes.parts import ContestDays
from views.frame import Screen, reading_column
from views.kit.buttons import icon_button
from views.kit.cards import column, group
from views.kit.design import Design, heading, text
from views.kit.theme import CONTENT_WIDTH_M, SPACE_L, SPACE_M, SPACE_S
from views.routes import Destination
from views.subscriptions.state import SubscriptionsState

WIDTH_BESIDE_GRID = 960
"""Width in logical pixels that fits the grid and a list beside it without line breaks."""


@component
def CalendarView() -> ft.View:
    design, session = use_design(), use_session()
    body: ft.Control
    actions: tuple[ft.Control, ...] = ()
    if session.subscriptions is None or session.insights is None or session.contract is None:
        body = without_contract(design, session, skeleton(design, (160, 20), (None, 20)))
    elif not session.contract.billing_rights:
        body = reading_column(
            design,
            *contract_choice(design, session),
            error_state(design, Forbidden(), session.load_management),
        )
    else:
        body = Upcoming(session.subscriptions, session.insights.review)
        refresh = session.subscriptions.load
        actions = (icon_button(design, ft.Icons.REFRESH, design.words("action.refresh"), refresh),)
    return Screen(
        design.words("calendar.h1"),
        body,
        Destination.MANAGE,
        name="calendar",
        back=Destination.MANAGE.path,
        actions=actions,
    )


@component
def Upcoming(subscriptions: SubscriptionsState, review: ReviewState) -> ft.Control:
    """Show the coming months as lists; wide windows have a grid beside each list."""
    design, session = use_design(), use_session()
    words, formats, shown = design.words, design.formats, subscriptions.subscriptions
    contract = subscriptions.contract
    ft.use_effect(subscriptions.load, [contract.contract_id], cleanup=lambda: None)
    ft.use_effect(review.load, [contract.contract_id], cleanup=lambda: None)
    choice = contract_choice(design, session)
    if shown.missing and shown.error is not None:
        return reading_column(design, *choice, error_state(design, shown.error, subscriptions.load))
    today = subscriptions.today
    if shown.data is None or today is None:
        return reading_column(design, *choice, skeleton(design, (None, 40), (None, 40)))
    entries = upcoming(shown.data, today, contract.billing.cut_off_day)
    contests = ("contests",) if review.served.missing else ()
    missing = Missing(subscriptions=subscriptions.unknown, unread=contests)
    notices = [
        progress(design, shown.loading),
        *freshness(design, formats, shown, subscriptions.load),
        *incomplete_alert(design, missing, review.load),
    ]
    days = ContestDays(review, ZoneInfo(contract.billing.time_zone), today)
    if not entries:
        empty = state(design, ft.Icons.EVENT_AVAILABLE, words("calendar.empty"), words("calendar.empty_text"))
        return reading_column(design, *choice, column(*notices, *([] if missing else [empty])), days)
    charges = total_line(design, entries, today, subscriptions.unknown)
    return reading_column(
        design,
        *choice,
        column(
            *notices,
            *([text(charges, design.type.body_medium)] if charges else []),
            CalendarExport(subscriptions, None),
            text(words("calendar.note"), design.type.body_s, design.colors.content_muted),
            spacing=SPACE_S,
        ),
        days,
        *(_month(design, one, today) for one in by_month(entries)),
        width=WIDTH_BESIDE_GRID if design.layout.wide else CONTENT_WIDTH_M,
    )


def _month(design: Design, month: Month, today: date) -> ft.Control:
    name = design.formats.month_year(f"{month.first:%Y-%m}")
    if month.total:
        amount = design.formats.money(Money(amount=month.total))
        name = design.words("calendar.month", month=name, amount=amount)
    title = heading(text(name, design.type.h2), 2)
    rows = group(design, [entry_row(design, one) for one in month.entries])
    if not design.layout.wide:
        return column(title, rows, spacing=SPACE_S)
    both = ft.Row(
        [ft.Container(month_grid(design, month, today)), ft.Container(rows, expand=True)],
        spacing=SPACE_L,
        vertical_alignment=ft.CrossAxisAlignment.START,
    )
    return column(title, both, spacing=SPACE_M)
