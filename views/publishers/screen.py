"""One publisher: its cost, its subscriptions, its purchases, and the answers to its findings."""

from __future__ import annotations

from functools import partial

import flet as ft

from services.domain.models import Category, Money, Subscription
from services.insights.findings import Kind
from services.insights.ledger import counts
from services.insights.publisher import Publisher, publisher
from views.checks.findings import decided_row
from views.core.component import component
from views.core.context import use_design, use_session
from views.core.contracts import without_contract
from views.core.formatting import Formats
from views.core.insights import InsightsState
from views.core.notices import error_state, ledger_notices, skeleton, state
from views.core.review import ReviewState
from views.core.text import blank, joined
from views.disputes.parts import contest_link
from views.frame import Screen, reading_column, without_rights
from views.kit.buttons import outline_button
from views.kit.cards import card, column, group, key_values, navigation_row, tile
from views.kit.design import Design, heading, text
from views.kit.theme import SPACE_M, SPACE_S
from views.publishers.contact import contact_button
from views.purchases.panes import beside
from views.purchases.rows import TEXT_START, purchase_row
from views.routes import Destination, go, named_by, publisher_address, subscription_address
from views.subscriptions.parts import cost_line, subscription_names

MOST_ROWS = 100
"""Maximum number of purchases on screen."""


@component
def PublisherView() -> ft.View:
    design, session = use_design(), use_session()
    params = ft.use_route_params()
    identifier, payment_id = named_by(params.get("merchant_identifier", "")), params.get("payment_id")
    body: ft.Control
    if (
        session.insights is None
        or session.purchases is None
        or session.purchase is None
        or session.contract is None
    ):
        body = without_contract(design, session, skeleton(design, (56, 56), (None, 20)))
    elif not session.contract.billing_rights:
        body = without_rights(design, session, session.load_account)
    else:
        listed = PublisherCard(session.insights, session.insights.review, identifier, payment_id)
        body = beside(design, listed, session.purchases, session.purchase, payment_id)
    return Screen(
        design.words("publisher.h1"), body, Destination.USAGE, name="publisher", back=Destination.HOME.path
    )


@component
def PublisherCard(
    insights: InsightsState, review: ReviewState, identifier: str, payment_id: str | None
) -> ft.Control:
    """Show a publisher of the contract; wide windows mark the row of `payment_id`."""
    design = use_design()
    words, known = design.words, insights.ledger
    formats = Formats(words.language, insights.purchases.zone)
    stood_on = [insights.contract.contract_id, insights.purchases.periods.data]
    ft.use_effect(insights.retry, stood_on, cleanup=insights.release)
    if known.missing and known.error is not None:
        return reading_column(design, error_state(design, known.error, insights.retry))
    if known.data is None:
        return reading_column(design, skeleton(design, (56, 56), (None, 20)))
    one = publisher(
        insights.extended or known.data, insights.subscriptions.subscriptions.data or (), identifier
    )
    missing = insights.missing.without_service
    notices = ledger_notices(design, formats, insights, missing)
    if one is None:
        nothing = [] if missing else [state(design, ft.Icons.SEARCH_OFF, words("publisher.unknown"))]
        return reading_column(design, column(*notices, *nothing))
    rows = [
        purchase_row(
            design,
            formats,
            each,
            rank,
            selected=design.layout.wide and each.payment_id == payment_id,
            dated=True,
            mark=insights.marked.marks.get(each.payment_id),
            of_publisher=True,
            leads_to=publisher_address(identifier, each.payment_id) if design.layout.wide else "",
        )
        for rank, each in enumerate(one.entries[:MOST_ROWS])
    ]
    return reading_column(
        design,
        column(*notices, _facts(design, formats, insights, one), spacing=SPACE_M),
        *_subscriptions(design, one),
        *_purchases(design, rows, len(one.entries) - MOST_ROWS),
        *_decisions(design, formats, insights, review, identifier),
    )


def _purchases(design: Design, rows: list[ft.Control], rest: int) -> list[ft.Control]:
    if not rows:
        return []
    more = [text(design.words("check.more", n=rest), design.type.body_s)] if rest > 0 else []
    title = heading(text(design.words("publisher.purchases"), design.type.h2), 2)
    return [column(title, group(design, rows, indent=TEXT_START), *more, spacing=SPACE_S)]


def _shown_name(design: Design, one: Publisher) -> str:
    """Return the name on screen; a replacement for a publisher for adults, or without a name."""
    if any(each.purchase_category_code is Category.ADULT for each in one.entries):
        return design.words("category.adult")
    return design.words("publisher.unnamed") if blank(one.name) else one.name


def _facts(design: Design, formats: Formats, insights: InsightsState, one: Publisher) -> ft.Control:
    words, name = design.words, _shown_name(design, one)
    facts = []
    if one.since is not None:
        facts.append((words("publisher.since"), formats.long_date(one.since)))
    if one.total is not None:
        facts.append((words("publisher.total"), formats.money(Money(amount=one.total))))
    facts += [
        (
            words("search.bill", of_month=formats.of_month(period.bill_month)),
            formats.money(Money(amount=amount)),
        )
        for period, amount in one.by_period
    ]
    actions: list[ft.Control] = [*contact_button(design, one.contact)]
    if any(map(counts, one.entries)):
        actions.append(contest_link(design, "editeur", one.identifier, name))
    duplicate = next(
        (
            each
            for each in insights.findings
            if each.kind is Kind.DUPLICATE and each.publisher == one.identifier
        ),
        None,
    )
    if duplicate is not None and not insights.muted(one.identifier):
        mute = partial(insights.review.mute, duplicate)
        actions.append(outline_button(design, words("check.mute", publisher=name), mute))
    return card(
        design,
        column(
            ft.Row(
                [tile(design, name, 56, 16), heading(text(name, design.type.h2, expand=True), 2)],
                spacing=SPACE_M,
            ),
            key_values(design, facts),
            *actions,
            spacing=SPACE_M,
        ),
    )


def _subscriptions(design: Design, one: Publisher) -> list[ft.Control]:
    if not one.subscriptions:
        return []
    rows = [_subscription_row(design, one, each) for each in one.subscriptions]
    title = heading(text(design.words("subscriptions.h2"), design.type.h2), 2)
    return [column(title, group(design, rows, indent=TEXT_START), spacing=SPACE_S)]


def _subscription_row(design: Design, one: Publisher, each: Subscription) -> ft.Control:
    lines, paid = [cost_line(design, each)], one.paid(each)
    if paid is not None:
        amount, date = design.formats.money(Money(amount=paid)), design.formats.long_date(each.start_date)
        lines.append(design.words("publisher.paid", amount=amount, date=date))
    return navigation_row(
        design,
        ft.Icons.AUTORENEW,
        subscription_names(design, each)[1] or each.name,
        joined(*lines),
        partial(go, subscription_address(each.subscription_id)),
    )


def _decisions(
    design: Design, formats: Formats, insights: InsightsState, review: ReviewState, identifier: str
) -> list[ft.Control]:
    told = {one.key: one for one in insights.findings}
    rows = [
        decided_row(design, formats, insights, key, decision, told)
        for key, decision in review.review.decisions.items()
        if decision.publisher == identifier and review.review.verdict(key) is not None
    ]
    if not rows:
        return []
    title = heading(text(design.words("check.past", n=len(rows)), design.type.h2), 2)
    return [column(title, group(design, rows), spacing=SPACE_S)]
