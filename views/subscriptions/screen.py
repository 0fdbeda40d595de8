"""Screen "Gérer internet+": the service and the subscriptions of a contract."""

from __future__ import annotations

from functools import partial

import flet as ft

from services.domain.models import Rhythm, Subscription, SubscriptionStatus
from services.insights.calendar import upcoming
from services.insights.publisher import watch, watched_until
from views.calendar.parts import total_line
from views.core.component import component
from views.core.context import use_design, use_session
from views.core.contracts import contract_choice, without_contract
from views.core.formatting import Formats
from views.core.insights import InsightsState
from views.core.notices import error_state, freshness, progress, skeleton, state, unreadable_alert
from views.core.text import joined
from views.disputes.parts import Contests
from views.frame import Screen, reading_column, without_rights
from views.kit.buttons import icon_button
from views.kit.cards import column, group, navigation_row, tile
from views.kit.design import Design, chevron, heading, text
from views.kit.theme import SPACE_M, SPACE_S, SPACE_XS
from views.purchases.rows import TEXT_START
from views.routes import CALENDAR, Destination, go, subscription_address
from views.service.card import ServiceCard
from views.subscriptions.parts import (
    cost_line,
    end_outcome,
    next_line,
    status_tag,
    subscription_names,
)
from views.subscriptions.state import SubscriptionsState


@component
def ManageView() -> ft.View:
    design, session = use_design(), use_session()
    actions: tuple[ft.Control, ...] = ()
    if session.subscriptions is not None:
        refresh = session.load_management
        actions = (icon_button(design, ft.Icons.REFRESH, design.words("action.refresh"), refresh),)
    return Screen(design.words("manage.h1"), Manage(), Destination.MANAGE, name="manage", actions=actions)


@component
def Manage() -> ft.Control:
    design, session = use_design(), use_session()
    if session.subscriptions is None or session.service is None or session.insights is None:
        return without_contract(design, session, skeleton(design, (160, 20), (None, 20)))
    if session.contract is not None and not session.contract.billing_rights:
        return without_rights(design, session, session.load_management)
    return reading_column(
        design,
        *contract_choice(design, session),
        ServiceCard(session.service, session.insights),
        Contests(session.insights, session.insights.review),
        beside=(Subscriptions(session.subscriptions, session.insights),),
    )


@component
def Subscriptions(subscriptions: SubscriptionsState, insights: InsightsState) -> ft.Control:
    """Show the current subscriptions, each with a button to end it, then the past subscriptions."""
    design = use_design()
    ft.use_effect(subscriptions.load, [subscriptions.contract.contract_id], cleanup=lambda: None)
    watching, periods = _watching(subscriptions), insights.purchases.periods.data
    ft.use_effect(
        insights.load if watching else _nothing,
        [subscriptions.contract.contract_id, watching, periods],
        cleanup=insights.release,
    )
    words, shown = design.words, subscriptions.subscriptions
    title = heading(text(words("subscriptions.h2"), design.type.h2), 2)
    if shown.missing and shown.error is not None:
        return column(title, error_state(design, shown.error, subscriptions.load))
    if shown.data is None:
        return column(title, skeleton(design, (None, 40), (None, 40)))
    formats = design.formats
    body: list[ft.Control] = []
    if subscriptions.current:
        body.append(
            group(
                design,
                [_row(design, formats, subscriptions, one, ends=True) for one in subscriptions.current],
                indent=TEXT_START,
            )
        )
    elif not shown.unreadable:
        body.append(
            state(
                design,
                ft.Icons.AUTORENEW,
                words("subscriptions.empty"),
                words("subscriptions.empty_text"),
            )
        )
    if subscriptions.past:
        body.append(heading(text(words("subscriptions.past"), design.type.h3), 3))
        rows = [
            _row(design, formats, subscriptions, one, ends=False, watched=_watched(design, insights, one))
            for one in subscriptions.past
        ]
        body.append(group(design, rows, indent=TEXT_START))
    return column(
        title,
        progress(design, shown.loading),
        *freshness(design, formats, shown, subscriptions.load),
        *end_outcome(design, subscriptions),
        *unreadable_alert(design, "subscription", shown.unreadable),
        *_calendar_row(design, subscriptions),
        *body,
        spacing=SPACE_S,
    )


def _calendar_row(design: Design, subscriptions: SubscriptionsState) -> list[ft.Control]:
    """Return the row that opens the calendar, with its total; an empty list without upcoming charges."""
    today = subscriptions.today
    if today is None:
        return []
    cut_off_day = subscriptions.contract.billing.cut_off_day
    entries = upcoming(subscriptions.subscriptions.data or (), today, cut_off_day)
    if not entries:
        return []
    row = navigation_row(
        design,
        ft.Icons.CALENDAR_MONTH_OUTLINED,
        design.words("calendar.row"),
        total_line(design, entries, today, subscriptions.unknown),
        partial(go, CALENDAR),
        key="to-calendar",
    )
    return [group(design, [row])]


def _watching(subscriptions: SubscriptionsState) -> bool:
    """Return whether an ended subscription is watched; the screen then needs the purchases."""
    today, cut_off_day = subscriptions.today, subscriptions.contract.billing.cut_off_day
    return today is not None and any(watched_until(one, today, cut_off_day) for one in subscriptions.past)


def _nothing() -> None:
    """Do nothing: no subscription is watched."""


def _watched(design: Design, insights: InsightsState, one: Subscription) -> str:
    """Return the result of watching an ended subscription; "" after the watch, or without a ledger."""
    ledger = insights.ledger.data
    found = watch(ledger, one, insights.contract.billing.cut_off_day) if ledger is not None else None
    if ledger is None or found is None:
        return ""
    if found.charges:
        day = design.formats.day_month(ledger.day(found.charges[-1]))
        return design.words("subscription.charged_after", date=day)
    return design.words("subscription.watched", date=design.formats.day_month(found.until))


def _row(
    design: Design,
    formats: Formats,
    subscriptions: SubscriptionsState,
    one: Subscription,
    *,
    ends: bool,
    watched: str = "",
) -> ft.Control:
    """Return a row: tile, title, one line, price; and « Résilier » below if the app can do so."""
    words = design.words
    title, name = subscription_names(design, one)

    def open_subscription() -> None:
        go(subscription_address(one.subscription_id))

    texts: list[ft.Control] = [text(title, design.type.body_medium)]
    known = subscriptions.subscriptions.data or ()
    several = [each for each in known if each.merchant_name == one.merchant_name]
    upcoming = watched or next_line(design, formats, subscriptions, one)
    below = joined(name, upcoming) if len(several) > 1 else upcoming or name
    if below:
        texts.append(text(below, design.type.body_s, design.colors.content_muted))
    label = status_tag(design, formats, subscriptions, one)
    if label is not None:
        texts.append(ft.Container(label, padding=ft.Padding.only(top=SPACE_XS)))
    if design.crowded:
        texts.append(text(cost_line(design, one), design.type.body_s, design.colors.content_muted))
    picture, price = ([], []) if design.crowded else ([tile(design, title)], [_price(design, one)])
    content = ft.Row(
        [
            *picture,
            ft.Column(texts, spacing=0, expand=True, tight=True),
            *price,
            chevron(design),
        ],
        spacing=SPACE_S,
    )
    main = ft.TextButton(
        content,
        on_click=open_subscription,
        style=ft.ButtonStyle(padding=ft.Padding.symmetric(horizontal=SPACE_M, vertical=SPACE_S)),
        expand=True,
        key=f"subscription-{one.subscription_id}",
    )
    ending: list[ft.Control] = []
    if ends and one.terminable and one.status in (SubscriptionStatus.ACTIVE, SubscriptionStatus.SUSPENDED):
        ending.append(
            ft.TextButton(
                text(
                    words("subscription.end_short"),
                    design.type.h4,
                    spoken=f"{words('subscription.end_short')} {title}",
                ),
                on_click=partial(subscriptions.ending.ask, one),
                key=f"end-{one.subscription_id}",
            )
        )
    indent = 0 if design.crowded else TEXT_START - SPACE_S
    end = [ft.Container(ft.Row(ending), padding=ft.Padding.only(left=indent))] if ending else []
    return column(ft.MergeSemantics(main), *end, spacing=0)


def _price(design: Design, one: Subscription) -> ft.Control:
    """Return the price with its rhythm below; a screen reader reads the costs by month and year too."""
    rhythm = one.recurring_charge_period
    lines = [] if rhythm is Rhythm.OTHER else [design.words(f"subscription.per_{rhythm.value}")]
    return ft.Column(
        [
            text(design.formats.money(one.price), design.type.h3, spoken=cost_line(design, one), wrap=False),
            *(text(line, design.type.caption, design.colors.content_muted, spoken="") for line in lines),
        ],
        spacing=0,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.END,
    )
