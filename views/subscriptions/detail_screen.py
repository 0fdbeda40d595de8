"""Screen of one subscription: its price, its past charges and its termination."""

from __future__ import annotations

from functools import partial

import flet as ft

from services.domain.costs import monthly_cost, yearly_cost
from services.domain.errors import BackendError
from services.domain.models import Purchase, Rhythm, Subscription, SubscriptionStatus
from views.calendar.parts import CalendarExport
from views.core.component import component
from views.core.context import use_design, use_session
from views.core.contracts import without_contract
from views.core.formatting import Formats
from views.core.loadable import Loadable
from views.core.notices import error_state, freshness, skeleton, state, unreadable_alert
from views.frame import Screen, reading_column
from views.kit.buttons import Handler, strong_button
from views.kit.cards import card, column, group, key_values, tile
from views.kit.design import Design, heading, semantic_group, text
from views.kit.theme import SPACE_L, SPACE_M, SPACE_S, SPACE_XS, negative_button
from views.publishers.contact import contact_button
from views.purchases.rows import TEXT_START, purchase_row
from views.purchases.state import PurchasesState
from views.routes import Destination
from views.subscriptions.parts import (
    end_outcome,
    next_line,
    status_tag,
    subscription_names,
)
from views.subscriptions.state import SubscriptionsState


@component
def SubscriptionView() -> ft.View:
    design, session = use_design(), use_session()
    subscription_id = ft.use_route_params().get("subscription_id", "")
    body: ft.Control
    if session.subscriptions is not None and session.purchases is not None:
        body = Detail(session.subscriptions, session.purchases, subscription_id)
    else:
        body = without_contract(design, session, skeleton(design, (56, 56), (160, 44)))
    return Screen(
        design.words("subscription.h1"),
        body,
        Destination.MANAGE,
        name=f"subscription-{subscription_id}",
        back=Destination.MANAGE.path,
    )


@component
def Detail(subscriptions: SubscriptionsState, purchases: PurchasesState, subscription_id: str) -> ft.Control:
    design = use_design()
    ft.use_effect(subscriptions.load, [subscriptions.contract.contract_id], cleanup=lambda: None)
    ft.use_effect(purchases.load_periods, [purchases.contract.contract_id], cleanup=lambda: None)
    ids = tuple(period.period_id for period in purchases.periods.data or ())
    ft.use_effect(
        partial(subscriptions.load_charges, subscription_id, ids),
        [subscription_id, ids],
        cleanup=lambda: None,
    )

    async def read_charges() -> None:
        if ids:
            await subscriptions.load_charges(subscription_id, ids)
        else:
            await purchases.load_periods()

    problem = subscriptions.charges.error or (purchases.periods.error if purchases.periods.missing else None)
    shown, one = subscriptions.subscriptions, subscriptions.find(subscription_id)
    ending = subscriptions.termination.subject
    content: ft.Control
    if one is not None:
        formats = Formats(design.words.language, purchases.zone)
        old_charges = freshness(design, formats, subscriptions.charges, read_charges)
        content = column(
            *(freshness(design, formats, shown, subscriptions.load) or old_charges),
            *(
                end_outcome(design, subscriptions)
                if ending and ending.subscription_id == subscription_id
                else []
            ),
            _facts(design, formats, subscriptions, one),
            _charges(design, formats, subscriptions.charges, problem, read_charges),
            spacing=SPACE_L,
        )
    elif shown.missing and shown.error is not None:
        content = error_state(design, shown.error, subscriptions.load)
    elif shown.data is None:
        content = skeleton(design, (56, 56), (160, 44))
    elif shown.unreadable:  # the subscription may be an unreadable record
        content = column(*unreadable_alert(design, "subscription", shown.unreadable))
    else:
        content = state(design, ft.Icons.SEARCH_OFF, design.words("subscription.not_found"))
    return reading_column(design, content)


def _facts(
    design: Design, formats: Formats, subscriptions: SubscriptionsState, one: Subscription
) -> ft.Control:
    words, money = design.words, design.formats.money
    title, name = subscription_names(design, one)
    rows = [
        (words("purchase.publisher"), one.merchant_name),
        (
            words("subscription.price"),
            words(f"subscription.price_{one.recurring_charge_period.value}", amount=money(one.price)),
        ),
    ]
    if one.recurring_charge_period is not Rhythm.OTHER:  # an unknown rhythm allows no conversion
        rows.append((words("subscription.monthly"), money(monthly_cost(one))))
        rows.append((words("subscription.yearly"), money(yearly_cost(one))))
    rows.append((words("subscription.since"), formats.long_date(one.start_date)))
    if one.termination_date is not None:
        rows.append((words("subscription.until"), formats.long_date(one.termination_date)))
    if one.termination_reference is not None:
        rows.append((words("subscription.reference"), one.termination_reference))
    label = status_tag(design, formats, subscriptions, one)
    upcoming = next_line(design, formats, subscriptions, one)
    lines = [text(name, design.type.body_s, design.colors.content_muted)] if name else []
    lines += [text(upcoming, design.type.body_s)] if upcoming else []
    actions: list[ft.Control] = []
    open_ = one.status in (SubscriptionStatus.ACTIVE, SubscriptionStatus.SUSPENDED)
    if open_ and one.terminable:
        actions.append(
            strong_button(
                design,
                words("subscription.end"),
                partial(subscriptions.ending.ask, one),
                style=negative_button(design.colors),
            )
        )
    elif open_:
        actions.append(text(words("subscription.not_here"), design.type.body))
    actions += contact_button(design, one.merchant_contact)
    if one.status is SubscriptionStatus.ACTIVE and one.next_charge_date is not None:
        actions.append(CalendarExport(subscriptions, one.subscription_id))
    return card(
        design,
        column(
            ft.Row(
                [
                    tile(design, title, 56, 16),
                    ft.Column(
                        [
                            heading(text(title, design.type.h2), 2),
                            *map(semantic_group, lines),
                        ],
                        spacing=0,
                        expand=True,
                        tight=True,
                    ),
                ],
                spacing=SPACE_M,
            ),
            *([label] if label is not None else []),
            key_values(design, rows),
            column(*actions, spacing=SPACE_S),
            spacing=SPACE_M,
        ),
        padding=SPACE_L if design.layout.rail else SPACE_M,
    )


def _charges(
    design: Design,
    formats: Formats,
    known: Loadable[tuple[Purchase, ...]],
    problem: BackendError | None,
    retry: Handler,
) -> ft.Control:
    """Return the charges of the six periods, or the `problem` that prevented reading the charges."""
    words, charges = design.words, known.data
    title = heading(text(words("subscription.charges"), design.type.h2), 2)
    if charges is None and problem is not None:
        return column(title, error_state(design, problem, retry))
    if charges is None:
        return column(title, skeleton(design, (None, 40), (None, 40)))
    left_out = unreadable_alert(design, "purchase", known.unreadable)
    if not charges:
        none = [] if left_out else [text(words("subscription.no_charges"), design.type.body)]
        return column(title, *none, *left_out)
    rows = [purchase_row(design, formats, charge, rank, dated=True) for rank, charge in enumerate(charges)]
    return column(
        title,
        group(design, rows, indent=TEXT_START),
        *left_out,
        spacing=SPACE_XS,
    )
