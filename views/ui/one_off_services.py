"""Services ponctuels: shown only when the current period has purchases; when hidden, says why."""

from __future__ import annotations

import flet as ft

from views.formatting import Formats
from views.state.purchases import PurchasesState

from .amounts import hero_amount
from .buttons import Handler, link
from .cards import card, column
from .look import Look, heading, silent, text
from .notices import error_alert, skeleton
from .places import PURCHASES, go
from .theme import SPACE_2XS, SPACE_L, SPACE_M, SPACE_XS

MINI_CHART = 48
CHART_ROOM = 124
"""Width of the chart, with what stands before it."""


def one_off_services(
    look: Look, formats: Formats, state: PurchasesState, none: str, previous: str, retry: Handler
) -> ft.Control:
    """The card for the current period of a contract.

    `none` is the key of the sentence that stands instead when there is no purchase, `previous` the
    address of the past periods; `retry` reads again what could not be read.
    """
    words, current = look.words, state.current

    def detail() -> None:
        go(PURCHASES)

    def past() -> None:
        go(previous)

    if state.periods.missing and state.periods.error is not None:
        return error_alert(look, state.periods.error, retry, title=words("usage.error"))
    if state.periods.data is None or current is None:
        return skeleton(look, (160, 20), (120, 44), (None, 20))
    since = formats.day_month(current.start_date)
    if not current.purchase_count:
        return card(
            look,
            column(
                text(words(none, date=since), look.type.body),
                link(look, words("services.previous"), past),
                spacing=SPACE_XS,
            ),
        )
    tallest = max((float(p.total.amount) for p in state.periods.data), default=0.0) or 1.0
    bars = ft.Row(
        [
            ft.Container(
                width=10,
                height=max(2.0, MINI_CHART * max(0.0, float(period.total.amount)) / tallest),
                bgcolor=look.colors.chart_selected if period is current else look.colors.chart_bar,
                border_radius=ft.BorderRadius.only(top_left=2, top_right=2),
            )
            for period in reversed(state.periods.data)
        ],
        spacing=SPACE_XS,
        vertical_alignment=ft.CrossAxisAlignment.END,
        tight=True,
    )
    room = look.layout.least_content - 2 * SPACE_M
    total: ft.Control
    if look.crowded:
        total = column(hero_amount(look, formats, current.total, room), silent(bars), spacing=SPACE_XS)
    else:
        amount = hero_amount(look, formats, current.total, room - CHART_ROOM, expand=True)
        total = ft.Row([amount, silent(bars)], spacing=SPACE_L, vertical_alignment=ft.CrossAxisAlignment.END)
    return card(
        look,
        column(
            ft.Column(
                [
                    heading(text(words("services.title"), look.type.title), 2),
                    text(words("services.sub"), look.type.body_s, look.colors.content_muted),
                ],
                spacing=0,
                tight=True,
            ),
            total,
            text(words("services.count", n=current.purchase_count, date=since), look.type.body_s),
            ft.Divider(height=1),
            link(look, words("services.link"), detail, key="detail"),
            spacing=SPACE_XS,
        ),
        padding=ft.Padding.only(left=SPACE_M, top=SPACE_M, right=SPACE_M, bottom=SPACE_2XS),
    )
