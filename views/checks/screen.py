"""À vérifier: the charges worth a look, the answers to each, and the earlier answers."""

from __future__ import annotations

from functools import partial

import flet as ft

from services.insights.findings import Card, cards
from services.insights.review import Verdict
from views.checks.findings import MOST_CARDS, decided_row, finding_card, mute_offers
from views.core.component import component
from views.core.context import use_look, use_session
from views.core.contracts import contract_choice, without_contract
from views.core.formatting import Formats
from views.core.insights import InsightsState
from views.core.notices import error_state, freshness, progress, skeleton, state, unreadable_alert
from views.core.review import ReviewState
from views.frame import Screen, reading_column, without_rights
from views.kit.buttons import icon_button
from views.kit.cards import column, group
from views.kit.look import Look, heading, text
from views.kit.theme import SPACE_M, SPACE_S
from views.places import CHECK, Destination, go, purchase_address
from views.purchases.panes import beside


@component
def CheckView() -> ft.View:
    look, session = use_look(), use_session()
    payment_id = ft.use_route_params().get("payment_id")
    words = look.words
    body: ft.Control
    actions: tuple[ft.Control, ...] = ()
    if (
        session.insights is None
        or session.purchases is None
        or session.purchase is None
        or session.contract is None
    ):
        body = without_contract(look, session, skeleton(look, (160, 20), (None, 20)))
    elif not session.contract.billing_rights:
        body = without_rights(look, session, session.load_account)
    else:
        listed = Findings(session.insights, session.insights.review)
        body = beside(look, listed, session.purchases, session.purchase, payment_id)
        actions = (icon_button(look, ft.Icons.REFRESH, words("action.refresh"), session.refresh),)
    return Screen(
        words("check.h1"),
        body,
        Destination.HOME,
        name="check",
        back=Destination.HOME.path,
        actions=actions,
    )


@component
def Findings(insights: InsightsState, review: ReviewState) -> ft.Control:
    """Show the open findings and the unrecognized charges, then the earlier answers."""
    look, session = use_look(), use_session()
    words, known = look.words, insights.ledger
    formats = Formats(words.language, insights.purchases.zone)
    waiting = insights.open_findings
    stood_on = [insights.contract.contract_id, insights.purchases.periods.data]
    ft.use_effect(insights.load, stood_on, cleanup=lambda: None)
    ft.use_effect(review.load, [insights.contract.contract_id], cleanup=lambda: None)
    ft.use_effect(insights.see, [tuple(one.key for one in waiting)], cleanup=lambda: None)
    choice = contract_choice(look, session)
    if known.missing and known.error is not None:
        return reading_column(look, *choice, error_state(look, known.error, insights.load))
    if known.data is None:
        return reading_column(look, *choice, skeleton(look, (160, 20), (None, 20), (None, 48)))
    denied = [one for one in insights.findings if review.review.verdict(one.key) is Verdict.UNRECOGNISED]
    asked, path = cards(waiting), cards(denied)
    place = {one.key: rank for rank, one in enumerate(insights.findings)}
    # An answered card keeps its place: moved elsewhere, its next steps would be out of sight.
    shown = sorted([*asked[:MOST_CARDS], *path], key=lambda one: place[one.first.key])
    notes: list[ft.Control] = []
    if known.data.partial:
        notes.append(_note(look, words("check.partial", n=insights.most_pages * 100)))
    if not waiting and not denied:
        notes.append(state(look, ft.Icons.TASK_ALT, words("check.done"), words("check.done_text"), live=True))
    if rest := asked[MOST_CARDS:]:
        notes.append(_note(look, words("check.more", n=len(rest))))

    def drawn(one: Card) -> ft.Control:
        return finding_card(look, formats, insights, one, partial(_open, look, one))

    return reading_column(
        look,
        *choice,
        column(
            progress(look, known.loading),
            *freshness(look, formats, known, insights.load),
            *unreadable_alert(look, "purchase", known.data.unreadable),
            *map(drawn, shown),
            *notes,
            *mute_offers(look, insights),
            spacing=SPACE_M,
        ),
        *_decided(look, formats, insights),
        *([_note(look, words("check.forgotten"))] if review.kept_here else []),
    )


def _open(look: Look, shown: Card) -> None:
    """Show the purchase: beside the cards in a wide window, else on its own screen."""
    entry = shown.first.entries[0]
    go(
        f"{CHECK}/{entry.payment_id}"
        if look.layout.wide
        else purchase_address(entry.payment_id, entry.period_id)
    )


def _decided(look: Look, formats: Formats, insights: InsightsState) -> list[ft.Control]:
    """Return the earlier answers, newest first; answers whose card is on screen are left out."""
    told = {one.key: one for one in insights.findings}
    review = insights.review.review
    rows = [
        decided_row(look, formats, insights, key, decision, told)
        for key, decision in sorted(
            review.decisions.items(), key=lambda item: item[1].decided_at, reverse=True
        )
        if review.verdict(key) is Verdict.RECOGNISED
        or (review.verdict(key) is Verdict.UNRECOGNISED and key not in told)
    ]
    if not rows:
        return []
    title = heading(text(look.words("check.past", n=len(rows)), look.type.h2), 2)
    return [column(title, group(look, rows), spacing=SPACE_S)]


def _note(look: Look, sentence: str) -> ft.Control:
    return text(sentence, look.type.body_s, look.colors.content_muted)
