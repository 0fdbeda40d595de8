"""Offer to keep the history on this device, shown once, after a period has left those of the backend."""

from __future__ import annotations

import flet as ft

from views.core.component import component
from views.core.context import use_design, use_device, use_session
from views.core.kept_history import KeptHistoryState
from views.core.notices import alert, snackbar
from views.kit.buttons import outline_button, strong_button
from views.kit.cards import Tone, card, column
from views.kit.design import Design, heading, semantic_group, text
from views.kit.theme import SPACE_S


@component
def HistoryOffer(kept: KeptHistoryState, margin: ft.MarginValue = 0) -> ft.Control:
    """Show the offer, until the user answers it or uses the switch of the settings."""
    design, device, session = use_design(), use_device(), use_session()
    words = design.words
    if kept.on or not kept.available or not device.offers_history(session.oldest_bill):
        return ft.Container(visible=False)

    async def accept() -> None:
        page = ft.context.page
        await session.keep_history()
        if kept.on:
            device.answer_history_offer()
            page.show_dialog(snackbar(design, words("offer.accepted")))

    yes = strong_button(design, words("offer.accept"), accept, disabled=kept.busy, key="offer-accept")
    no = outline_button(
        design, words("offer.decline"), device.answer_history_offer, disabled=kept.busy, key="offer-decline"
    )
    content = column(
        heading(text(words("offer.title"), design.type.h3), 2),
        semantic_group(text(words("offer.text"), design.type.body_s, design.colors.content_muted)),
        *([unkept_alert(design, kept)] if kept.failed else []),
        ft.Row([yes, no], spacing=SPACE_S, run_spacing=SPACE_S, wrap=True),
        spacing=SPACE_S,
    )
    return ft.Container(card(design, content), margin=margin, key="history-offer")


def unkept_alert(design: Design, kept: KeptHistoryState, *actions: ft.Control) -> ft.Control:
    """Return the notice that the history could not be kept or read, with the cause."""
    words = design.words
    cause = words(f"credentials.{kept.problem.value}") if kept.problem else words("history.disk")
    return alert(design, Tone.WARNING, words("history.not_kept"), cause, *actions)
