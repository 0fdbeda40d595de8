"""À vérifier: the charges worth a look, the answers to each, and the earlier answers."""

from __future__ import annotations

from functools import partial

import flet as ft

from services.insights.findings import Card, cards
from services.insights.review import Verdict
from views.checks.findings import MOST_CARDS, decided_row, finding_card, mute_offers
from views.core.component import component
from views.core.context import use_design, use_session
from views.core.contracts import contract_choice, without_contract
from views.core.formatting import Formats
from views.core.insights import InsightsState
from views.core.notices import error_state, ledger_notices, skeleton, state
from views.core.review import ReviewState
from views.frame import Screen, reading_column, without_rights
from views.kit.buttons import icon_button
from views.kit.cards import column, group
from views.kit.design import Design, heading, text
from views.kit.theme import SPACE_M, SPACE_S
from views.purchases.panes import beside
from views.routes import CHECK, Destination, go, purchase_address


@component
def CheckView() -> ft.View:
    design, session = use_design(), use_session()
    payment_id = ft.use_route_params().get("payment_id")
    words = design.words
    body: ft.Control
    actions: tuple[ft.Control, ...] = ()
    if (
        session.insights is None
        or session.purchases is None
        or session.purchase is None
        or session.contract is None
    ):
        body = without_contract(design, session, skeleton(design, (160, 20), (None, 20)))
    elif not session.contract.billing_rights:
        body = without_rights(design, session, session.load_account)
    else:
        listed = Findings(session.insights, session.insights.review)
        body = beside(design, listed, session.purchases, session.purchase, payment_id)
        actions = (icon_button(design, ft.Icons.REFRESH, words("action.refresh"), session.refresh),)
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
    design, session = use_design(), use_session()
    words, known = design.words, insights.packed
    formats = Formats(words.language, insights.purchases.zone)
    waiting = insights.open_findings
    stood_on = [insights.contract.contract_id, insights.purchases.periods.data]
    ft.use_effect(insights.retry, stood_on, cleanup=lambda: None)
    ft.use_effect(review.load, [insights.contract.contract_id], cleanup=lambda: None)
    ft.use_effect(insights.see, [tuple(one.key for one in waiting)], cleanup=lambda: None)
    choice = contract_choice(design, session)
    if known.missing and known.error is not None:
        return reading_column(design, *choice, error_state(design, known.error, insights.retry))
    if known.data is None:
        return reading_column(design, *choice, skeleton(design, (160, 20), (None, 20), (None, 48)))
    denied = [one for one in insights.findings if review.review.verdict(one.key) is Verdict.UNRECOGNISED]
    asked, path = cards(waiting), cards(denied)
    place = {one.key: rank for rank, one in enumerate(insights.findings)}
    # An answered card keeps its place: moved elsewhere, its next steps would be out of sight.
    shown = sorted([*asked[:MOST_CARDS], *path], key=lambda one: place[one.first.key])
    notes: list[ft.Control] = []
    if known.data.partial:
        notes.append(_note(design, words("check.partial", n=insights.most_pages * 100)))
    if not waiting and not denied and not insights.missing:
        notes.append(
            state(design, ft.Icons.TASK_ALT, words("check.done"), words("check.done_text"), live=True)
        )
    if rest := asked[MOST_CARDS:]:
        notes.append(_note(design, words("check.more", n=len(rest))))

    def drawn(one: Card) -> ft.Control:
        return finding_card(design, formats, insights, one, partial(_open, design, one))

    return reading_column(
        design,
        *choice,
        column(
            *ledger_notices(design, formats, insights, insights.missing),
            *map(drawn, shown),
            *notes,
            *mute_offers(design, insights),
            spacing=SPACE_M,
        ),
        *_decided(design, formats, insights),
        *([_note(design, words("check.forgotten"))] if review.kept_here else []),
    )


def _open(design: Design, shown: Card) -> None:
    """Show the purchase: beside the cards in a wide window, else on its own screen."""
    charge = shown.first.charge
    if charge is None:  # nothing was charged yet: the card has no link
        return
    go(
        f"{CHECK}/{charge.payment_id}"
        if design.layout.wide
        else purchase_address(charge.payment_id, charge.period_id)
    )


def _decided(design: Design, formats: Formats, insights: InsightsState) -> list[ft.Control]:
    """Return the earlier answers, newest first; answers whose card is on screen are left out."""
    findings = {one.key: one for one in insights.findings}
    review = insights.review.review
    rows = [
        decided_row(design, formats, insights, key, decision, findings)
        for key, decision in sorted(
            review.decisions.items(), key=lambda item: item[1].decided_at, reverse=True
        )
        if review.verdict(key) is Verdict.RECOGNISED
        or (review.verdict(key) is Verdict.UNRECOGNISED and key not in findings)
    ]
    if not rows:
        return []
    title = heading(text(design.words("check.past", n=len(rows)), design.type.h2), 2)
    return [column(title, group(design, rows), spacing=SPACE_S)]


def _note(design: Design, sentence: str) -> ft.Control:
    return text(sentence, design.type.body_s, design.colors.content_muted)
