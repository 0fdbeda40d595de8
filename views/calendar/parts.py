"""Rows, month grid and calendar file of the charges to come."""

from __future__ import annotations

import asyncio
import calendar
from collections.abc import Sequence
from datetime import date
from functools import partial

import flet as ft

from services.client.whole_periods import ProgressCallback
from services.documents.ics import CalendarEvent, ics_file
from services.domain.errors import UnexpectedAnswer
from services.domain.models import Money
from services.insights.calendar import AHEAD, Entry, Month, total, upcoming
from views.core.component import component
from views.core.context import use_design
from views.core.sharing import File, FileFactory
from views.core.text import joined
from views.kit.buttons import row_as_button
from views.kit.design import Design, chevron, decorative, text
from views.kit.theme import RADIUS_GROUP, SPACE_2XS, SPACE_M, SPACE_S, SPACE_XS, TARGET
from views.purchases.sharing import use_file_actions
from views.routes import go, subscription_address
from views.subscriptions.parts import subscription_names
from views.subscriptions.state import SubscriptionsState


def total_line(design: Design, entries: Sequence[Entry], today: date, unknown: int) -> str:
    """Return « 31,27 € d’ici le 14 août », or the sentence for no charge until then.

    Return "" if the only charges may be those of `unknown` subscriptions.
    """
    until, amount = design.formats.day_month(today + AHEAD), total(entries)
    if not amount:
        return "" if unknown else design.words("calendar.no_charge", date=until)
    return design.words("calendar.total", amount=design.formats.money(Money(amount=amount)), date=until)


def entry_line(design: Design, one: Entry) -> str:
    """Return « 18 mai · Club Cubéo · 3,99 € · facture de juin »."""
    formats, words = design.formats, design.words
    day, name = formats.day_month(one.day), subscription_names(design, one.subscription)[0]
    if one.amount is None:
        return joined(day, name, words("calendar.end"))
    when = words("forecast.overdue", date=day) if one.overdue else day
    bill = words("calendar.bill", of_month=formats.of_month(one.bill_month))
    return joined(when, name, formats.money(Money(amount=one.amount)), bill)


def cancel_line(design: Design, one: Entry) -> str:
    """Return the last day to cancel before a charge, or the advice to ask the publisher.

    Return "" if the charge cannot be avoided any more, or for the end of a subscription.
    """
    if one.cancel_by is not None:
        return design.words("calendar.cancel_by", date=design.formats.day_month(one.cancel_by))
    if one.amount is None or one.subscription.terminable or one.subscription.status.ended:
        return ""
    return design.words("calendar.ask_publisher")


def entry_row(design: Design, one: Entry) -> ft.Control:
    """Return the row of an entry, which opens its subscription. A screen reader reads `entry_line`."""
    formats, words = design.formats, design.words
    day, name = formats.day_month(one.day), subscription_names(design, one.subscription)[0]
    when = words("forecast.overdue", date=day) if one.overdue else day
    muted = design.colors.content_muted
    lines: list[ft.Control] = [
        text(joined(when, name), design.type.body_medium, spoken=entry_line(design, one)),
    ]
    if one.amount is None:
        lines.append(text(words("calendar.end"), design.type.body_s, muted, spoken=""))
    else:
        bill = words("search.bill", of_month=formats.of_month(one.bill_month))
        lines.append(text(bill, design.type.body_s, muted, spoken=""))
    if below := cancel_line(design, one):
        lines.append(text(below, design.type.body_s, muted))
    parts: list[ft.Control] = [ft.Column(lines, spacing=SPACE_2XS, tight=True, expand=True)]
    if one.amount is not None:
        amount = formats.money(Money(amount=one.amount))
        parts.append(text(amount, design.type.h3, wrap=False, spoken=""))
    parts.append(chevron(design))
    return row_as_button(
        design,
        ft.Container(
            ft.Row(parts, spacing=SPACE_S),
            padding=ft.Padding.symmetric(horizontal=SPACE_M, vertical=SPACE_S),
            alignment=ft.Alignment.CENTER_LEFT,
        ),
        partial(go, subscription_address(one.subscription.subscription_id)),
        key=f"{one.subscription.subscription_id}-{one.day}",
    )


def month_grid(design: Design, month: Month, today: date) -> ft.Control:
    """Return the grid of a month: charges are filled, ends outlined, today underlined.

    Screen readers skip the grid: the list beside it holds the same entries.
    """
    charged = {one.day for one in month.entries if one.amount is not None}
    marked = {one.day for one in month.entries}
    weeks = calendar.Calendar().monthdatescalendar(month.first.year, month.first.month)
    colors = design.colors

    def cell(content: str, style: ft.TextStyle, color: str, inner: ft.Container | None = None) -> ft.Control:
        inner = inner or ft.Container()
        inner.content, inner.alignment = text(content, style, color), ft.Alignment.CENTER
        inner.width = inner.height = TARGET - SPACE_XS
        return ft.Container(inner, width=TARGET, height=TARGET, alignment=ft.Alignment.CENTER)

    def day_cell(day: date) -> ft.Control:
        if day.month != month.first.month:
            return cell("", design.type.label_s, colors.content_default)
        style, color = design.type.label_s, colors.content_default
        if day == today:
            style = style.copy(decoration=ft.TextDecoration.UNDERLINE)
        inner = ft.Container(border_radius=TARGET / 2)
        if day in charged:
            inner.bgcolor, color = colors.surface_inverse, colors.content_inverse
        elif day in marked:
            inner.border = ft.Border.all(1, colors.content_muted)
        elif day < today:
            color = colors.content_muted
        return cell(str(day.day), style, color, inner)

    names = [
        cell(design.formats.weekday_initial(day), design.type.caption_bold, colors.content_muted)
        for day in weeks[0]
    ]
    rows: list[ft.Control] = [
        ft.Row(cells, spacing=0, tight=True)
        for cells in (names, *([day_cell(day) for day in week] for week in weeks))
    ]
    return decorative(
        ft.Container(
            ft.Column(rows, spacing=0, tight=True),
            bgcolor=colors.surface_card,
            border=ft.Border.all(1, colors.border_hairline),
            border_radius=RADIUS_GROUP,
            padding=SPACE_S,
        )
    )


@component
def CalendarExport(subscriptions: SubscriptionsState, subscription_id: str | None) -> ft.Control:
    """Show the buttons that save or share the calendar file of one subscription, or of all."""
    design = use_design()
    make = calendar_of(design, subscriptions, subscription_id)
    return use_file_actions(design, make, "calendar", "calendar.exported")


def calendar_of(
    design: Design, subscriptions: SubscriptionsState, subscription_id: str | None
) -> FileFactory:
    """Return a factory of the calendar file of one subscription, or of all."""

    async def make(_on_progress: ProgressCallback) -> File:
        shown, today, contract = subscriptions.subscriptions, subscriptions.today, subscriptions.contract
        if shown.data is None or shown.at is None or today is None:
            raise UnexpectedAnswer("no subscriptions")
        entries = upcoming(shown.data, today, contract.billing.cut_off_day)
        events = [
            calendar_event(design, one)
            for one in entries
            if subscription_id in (None, one.subscription.subscription_id)
        ]
        content = await asyncio.to_thread(
            ics_file, contract.contract_id, events, shown.at, design.brand.product_name
        )
        return File("conso-et-moi.ics", content, "text/calendar")

    return make


def calendar_event(design: Design, one: Entry) -> CalendarEvent:
    """Return the calendar event of an entry."""
    name = subscription_names(design, one.subscription)[0]
    amount = (
        design.formats.money(Money(amount=one.amount))
        if one.amount is not None
        else design.words("calendar.end")
    )
    return CalendarEvent(
        one.subscription.subscription_id,
        one.day,
        joined(name, amount),
        cancel_line(design, one),
        one.cancel_by,
        end=one.amount is None,
    )
