"""One publisher: its cost, its subscriptions, its purchases, and the answers to its findings."""

from __future__ import annotations

from functools import partial

import flet as ft

from services.domain.models import Category, Money, Subscription
from services.insights.findings import Kind
from services.insights.ledger import counts
from services.insights.publisher import Publisher, publisher
from views.checks.findings import decided_row
from views.core.component import component, use_kept
from views.core.context import use_look, use_session
from views.core.contracts import without_contract
from views.core.formatting import Formats
from views.core.insights import InsightsState
from views.core.notices import error_state, freshness, progress, skeleton, state
from views.core.review import ReviewState
from views.core.text import blank
from views.disputes.parts import contest_link
from views.frame import Screen, reading_column, without_rights
from views.kit.buttons import outline_button
from views.kit.cards import card, column, group, key_values, navigation_row, tile
from views.kit.look import Look, heading, text
from views.kit.theme import SPACE_M, SPACE_S
from views.places import Destination, go, named_by, publisher_address, subscription_address
from views.publishers.contact import contact_button
from views.purchases.panes import beside
from views.purchases.rows import TEXT_START, purchase_row
from views.subscriptions.parts import cost_line, subscription_names

MOST_ROWS = 100
"""Maximum number of purchases on screen."""


@component
def PublisherView() -> ft.View:
    look, session = use_look(), use_session()
    params = ft.use_route_params()
    identifier, payment_id = named_by(params.get("merchant_identifier", "")), params.get("payment_id")
    body: ft.Control
    if (
        session.insights is None
        or session.purchases is None
        or session.purchase is None
        or session.contract is None
    ):
        body = without_contract(look, session, skeleton(look, (56, 56), (None, 20)))
    elif not session.contract.billing_rights:
        body = without_rights(look, session, session.load_account)
    else:
        listed = PublisherCard(session.insights, session.insights.review, identifier, payment_id)
        body = beside(look, listed, session.purchases, session.purchase, payment_id)
    return Screen(
        look.words("publisher.h1"), body, Destination.USAGE, name="publisher", back=Destination.HOME.path
    )


@component
def PublisherCard(
    insights: InsightsState, review: ReviewState, identifier: str, payment_id: str | None
) -> ft.Control:
    """Show a publisher of the contract; wide windows mark the row of `payment_id`."""
    look, keep = use_look(), use_kept()
    words, known = look.words, insights.ledger
    formats = Formats(words.language, insights.purchases.zone)
    stood_on = [insights.contract.contract_id, insights.purchases.periods.data]
    ft.use_effect(insights.load, stood_on, cleanup=lambda: None)
    if known.missing and known.error is not None:
        return reading_column(look, error_state(look, known.error, insights.load))
    if known.data is None:
        return reading_column(look, skeleton(look, (56, 56), (None, 20)))
    one = publisher(known.data, insights.subscriptions.subscriptions.data or (), identifier)
    if one is None:
        return reading_column(look, state(look, ft.Icons.SEARCH_OFF, words("publisher.unknown")))
    rows = [
        purchase_row(
            look,
            formats,
            each,
            keep,
            rank,
            selected=look.layout.wide and each.payment_id == payment_id,
            dated=True,
            mark=insights.marked.marks.get(each.payment_id),
            of_publisher=True,
            leads_to=publisher_address(identifier, each.payment_id) if look.layout.wide else "",
        )
        for rank, each in enumerate(one.entries[:MOST_ROWS])
    ]
    return reading_column(
        look,
        column(
            progress(look, known.loading),
            *freshness(look, formats, known, insights.load),
            _facts(look, formats, insights, one),
            spacing=SPACE_M,
        ),
        *_subscriptions(look, one),
        *_purchases(look, rows, len(one.entries) - MOST_ROWS),
        *_decisions(look, formats, insights, review, identifier),
    )


def _purchases(look: Look, rows: list[ft.Control], rest: int) -> list[ft.Control]:
    if not rows:
        return []
    more = [text(look.words("check.more", n=rest), look.type.body_s)] if rest > 0 else []
    title = heading(text(look.words("publisher.purchases"), look.type.h2), 2)
    return [column(title, group(look, rows, indent=TEXT_START), *more, spacing=SPACE_S)]


def _shown_name(look: Look, one: Publisher) -> str:
    """Return the name on screen; a replacement for a publisher for adults, or without a name."""
    if any(each.purchase_category_code is Category.ADULT for each in one.entries):
        return look.words("category.adult")
    return look.words("publisher.unnamed") if blank(one.name) else one.name


def _facts(look: Look, formats: Formats, insights: InsightsState, one: Publisher) -> ft.Control:
    words, name = look.words, _shown_name(look, one)
    facts = [(words("publisher.total"), formats.money(Money(amount=one.total)))]
    if one.since is not None:
        facts.insert(0, (words("publisher.since"), formats.long_date(one.since)))
    facts += [
        (
            words("search.bill", of_month=formats.of_month(period.bill_month)),
            formats.money(Money(amount=amount)),
        )
        for period, amount in one.by_period
    ]
    actions: list[ft.Control] = [*contact_button(look, one.contact)]
    if any(map(counts, one.entries)):
        actions.append(contest_link(look, "editeur", one.identifier, name))
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
        actions.append(outline_button(look, words("check.mute", publisher=name), mute))
    return card(
        look,
        column(
            ft.Row(
                [tile(look, name, 56, 16), heading(text(name, look.type.h2, expand=True), 2)], spacing=SPACE_M
            ),
            key_values(look, facts),
            *actions,
            spacing=SPACE_M,
        ),
    )


def _subscriptions(look: Look, one: Publisher) -> list[ft.Control]:
    if not one.subscriptions:
        return []
    rows = [_subscription_row(look, one, each) for each in one.subscriptions]
    title = heading(text(look.words("subscriptions.h2"), look.type.h2), 2)
    return [column(title, group(look, rows, indent=TEXT_START), spacing=SPACE_S)]


def _subscription_row(look: Look, one: Publisher, each: Subscription) -> ft.Control:
    paid = look.words(
        "publisher.paid",
        amount=look.formats.money(Money(amount=one.paid(each))),
        date=look.formats.long_date(each.start_date),
    )
    return navigation_row(
        look,
        ft.Icons.AUTORENEW,
        subscription_names(look, each)[1] or each.name,
        f"{cost_line(look, each)} · {paid}",
        partial(go, subscription_address(each.subscription_id)),
    )


def _decisions(
    look: Look, formats: Formats, insights: InsightsState, review: ReviewState, identifier: str
) -> list[ft.Control]:
    told = {one.key: one for one in insights.findings}
    rows = [
        decided_row(look, formats, insights, key, decision, told)
        for key, decision in review.review.decisions.items()
        if decision.publisher == identifier and review.review.verdict(key) is not None
    ]
    if not rows:
        return []
    title = heading(text(look.words("check.past", n=len(rows)), look.type.h2), 2)
    return [column(title, group(look, rows), spacing=SPACE_S)]
