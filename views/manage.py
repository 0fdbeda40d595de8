"""Gérer internet+: the service and the subscriptions of a contract."""

from __future__ import annotations

from functools import partial

import flet as ft

from services.errors import Forbidden
from services.models import Subscription, SubscriptionStatus
from views.formatting import Formats
from views.state.context import use_look, use_session
from views.state.subscriptions import SubscriptionsState
from views.ui.buttons import icon_button
from views.ui.cards import column, group, tile
from views.ui.component import component
from views.ui.contracts import contract_choice
from views.ui.frame import Screen, reading_column
from views.ui.look import Look, heading, text
from views.ui.notices import error_state, freshness, progress, skeleton, state
from views.ui.places import Destination, go
from views.ui.purchase_rows import TEXT_START
from views.ui.service_card import ServiceCard
from views.ui.subscription_parts import cost_line, end_confirmation, end_outcome, next_line, status_tag
from views.ui.theme import SPACE_M, SPACE_S, SPACE_XS


@component
def ManageView() -> ft.View:
    look, session = use_look(), use_session()
    actions: tuple[ft.Control, ...] = ()
    if session.subscriptions is not None:
        refresh = session.load_management
        actions = (icon_button(look, ft.Icons.REFRESH, look.words("action.refresh"), refresh),)
    return Screen(look.words("manage.h1"), Manage(), Destination.MANAGE, name="manage", actions=actions)


@component
def Manage() -> ft.Control:
    look, session = use_look(), use_session()
    if session.account.missing and session.account.error:
        return error_state(look, session.account.error, session.load_account)
    if session.subscriptions is None or session.service is None:
        return ft.Container(skeleton(look, (160, 20), (None, 20)), padding=look.layout.margin)
    if session.contract is not None and not session.contract.billing_rights:
        told = error_state(look, Forbidden(), session.load_management)  # once, for all there would be
        return reading_column(look, *contract_choice(look, session), told)
    return reading_column(
        look,
        *contract_choice(look, session),
        ServiceCard(session.service),
        Subscriptions(session.subscriptions),
    )


@component
def Subscriptions(subscriptions: SubscriptionsState) -> ft.Control:
    """The current ones, each with its way out, then the past ones."""
    look = use_look()
    ft.use_effect(subscriptions.load, [subscriptions.contract.contract_id], cleanup=lambda: None)
    ft.use_dialog(end_confirmation(look, subscriptions))
    words, shown = look.words, subscriptions.subscriptions
    title = heading(text(words("subscriptions.h2"), look.type.h2), 2)
    if shown.missing and shown.error is not None:
        return column(title, error_state(look, shown.error, subscriptions.load))
    if shown.data is None:
        return column(title, skeleton(look, (None, 40), (None, 40)))
    formats = look.formats
    body: list[ft.Control] = []
    if subscriptions.current:
        body.append(
            group(
                look,
                [_row(look, formats, subscriptions, one, ends=True) for one in subscriptions.current],
                indent=TEXT_START,
            )
        )
    else:
        body.append(
            state(
                look,
                ft.Icons.AUTORENEW,
                words("subscriptions.empty"),
                words("subscriptions.empty_text"),
            )
        )
    if subscriptions.past:
        body.append(heading(text(words("subscriptions.past"), look.type.h3), 3))
        rows = [_row(look, formats, subscriptions, one, ends=False) for one in subscriptions.past]
        body.append(group(look, rows, indent=TEXT_START))
    return column(
        title,
        progress(look, shown.loading),
        *freshness(look, formats, shown, subscriptions.load),
        *end_outcome(look, subscriptions),
        *body,
        spacing=SPACE_S,
    )


def _row(
    look: Look, formats: Formats, subscriptions: SubscriptionsState, one: Subscription, *, ends: bool
) -> ft.Control:
    """Tile, name, price, next charge; « Résilier » beside it where it can be ended here."""
    words = look.words

    def open_subscription() -> None:
        go(f"/gerer/abonnements/{one.subscription_id}")

    texts: list[ft.Control] = [
        text(one.merchant_name, look.type.body_medium),
        text(one.name, look.type.body_s, look.colors.content_muted),
        text(cost_line(look, one), look.type.body_s, look.colors.content_muted),
    ]
    upcoming = next_line(look, formats, one)
    if upcoming:
        texts.append(text(upcoming, look.type.body_s, look.colors.content_muted))
    label = status_tag(look, formats, one, over=not ends)
    if label is not None:
        texts.append(ft.Container(label, padding=ft.Padding.only(top=SPACE_XS)))
    picture = [] if look.crowded else [tile(look, one.merchant_name)]
    content = ft.Row([*picture, ft.Column(texts, spacing=0, expand=True, tight=True)], spacing=SPACE_S)
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
                    look.type.h4,
                    look.colors.action_negative,
                    spoken=f"{words('subscription.end_short')} {one.merchant_name}",
                ),
                on_click=partial(subscriptions.ask, one),
                key=f"end-{one.subscription_id}",
            )
        )
    if look.crowded:
        return column(ft.MergeSemantics(main), ft.Row([*ending]), spacing=0)
    return ft.Container(
        ft.Row([ft.MergeSemantics(main, expand=True), *ending], spacing=0),
        padding=ft.Padding.only(right=SPACE_XS),
    )
