"""Baseline: the purchases screen in plain Flet, as a newcomer to Flet would write it, with data in memory.

python -m tests.bench.plain_purchases --port P --rows N
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

import flet as ft

from tests.bench.served import PERIODS, SIZES, TODAY, month_of, text_of

TOTALS = (250.5, 248.25, 12.0, 88.5, 140.0, 60.75)
"""Total of each period, newest first."""
TALLEST = 96
"""Height of the tallest bar in logical pixels."""
FILTERS = ("Tout", "À l'acte", "Abonnements", "Remboursés")
DESTINATIONS = (
    (ft.Icons.HOME, "Accueil"),
    (ft.Icons.DONUT_LARGE, "Conso"),
    (ft.Icons.TUNE, "Gérer"),
    (ft.Icons.HELP, "Aide"),
)


class Purchase(NamedTuple):
    at: datetime
    title: str
    amount: str
    subscription: bool


def purchases(period: int, count: int) -> Iterator[Purchase]:
    """Yield `count` purchases of a period, newest first, at the times of the app's purchases."""
    last = min(PERIODS[period].end, TODAY - timedelta(days=1))
    until = datetime.fromisoformat(f"{last}T20:00:00")
    apart = min(timedelta(hours=8), (last - PERIODS[period].start) / SIZES[period])
    for rank in range(count):
        amount = f"{1 + rank % 9},{period}9 €"
        yield Purchase(until - rank * apart, text_of(period, rank), amount, rank % 6 == 5)


def money(amount: float) -> str:
    return f"{amount:.2f} €".replace(".", ",")


def button_of(period: int) -> str:
    """Return the beginning of the name of the period's button."""
    return money(TOTALS[period])


def row(purchase: Purchase) -> ft.Control:
    about = f"{purchase.at:%H:%M} · Presse"
    text = ft.Column([ft.Text(about, size=13, color=ft.Colors.GREY_700)], spacing=0)
    if purchase.subscription:
        label = ft.Row([ft.Icon(ft.Icons.AUTORENEW, size=12), ft.Text("Abonnement", size=12)], tight=True)
        text.controls.append(ft.Container(label, bgcolor=ft.Colors.BLUE_50, border_radius=12, padding=4))
    return ft.ListTile(
        leading=ft.CircleAvatar(content=ft.Text(purchase.title[0])),
        title=ft.Text(purchase.title, weight=ft.FontWeight.W_500),
        subtitle=text,
        trailing=ft.Row(
            [ft.Text(purchase.amount, weight=ft.FontWeight.BOLD), ft.Icon(ft.Icons.CHEVRON_RIGHT)], tight=True
        ),
        on_click=nothing,
    )


def rows(period: int, count: int) -> Iterator[ft.Control]:
    day = None
    for purchase in purchases(period, count):
        if purchase.at.date() != day:
            day = purchase.at.date()
            heading = ft.Text(f"{day:%d/%m/%Y}", weight=ft.FontWeight.BOLD, expand=True)
            yield ft.Row([heading, ft.Text("12,50 €")])
        yield row(purchase)


def chart(shown: int, show: Callable[[int], None]) -> ft.Control:
    months: list[ft.Control] = []
    for period in reversed(range(len(PERIODS))):
        chosen = period == shown
        bar = ft.Container(
            height=TALLEST * TOTALS[period] / max(TOTALS),
            width=28,
            bgcolor=ft.Colors.ORANGE if chosen else ft.Colors.GREY_400,
            border_radius=ft.BorderRadius.only(top_left=6, top_right=6),
        )
        column = ft.Column(
            [ft.Text(money(TOTALS[period]), size=11), bar, ft.Text(month_of(period)[:4], size=12)],
            alignment=ft.MainAxisAlignment.END,
            horizontal_alignment=ft.CrossAxisAlignment.CENTER,
            spacing=4,
        )
        key = f"period-{PERIODS[period].bill_month}"
        months.append(ft.TextButton(column, key=key, expand=True, on_click=partial(show, period)))
    return ft.Row(months, spacing=0, height=TALLEST + 64)


def card(shown: int, show: Callable[[int], None]) -> ft.Control:
    period = PERIODS[shown]
    bill = ft.Row(
        [
            ft.Icon(ft.Icons.RECEIPT_LONG_OUTLINED),
            ft.Text(f"Sur votre facture de {month_of(shown)}", expand=True),
            ft.IconButton(ft.Icons.DOWNLOAD, tooltip="Exporter"),
            ft.IconButton(ft.Icons.INFO_OUTLINE, tooltip="Comment ?"),
        ]
    )
    lines = [
        ft.Text("En cours" if shown == 0 else "Facturé"),
        ft.Text(money(TOTALS[shown]), size=34, weight=ft.FontWeight.BOLD),
        ft.Text(f"50 achats · du {period.start:%d/%m} au {period.end:%d/%m}"),
        chart(shown, show),
        ft.TextButton("Comparer avec ma facture", on_click=nothing),
        ft.Divider(),
        bill,
    ]
    return ft.Card(ft.Container(ft.Column(lines), padding=16))


def nothing() -> None:
    """Do nothing: the baseline has one screen."""


@ft.component
def App(count: int) -> ft.Control:
    shown, show = ft.use_state(0)
    chips: list[ft.Control] = [
        ft.Chip(label=ft.Text(name), selected=not rank, on_select=nothing)
        for rank, name in enumerate(FILTERS)
    ]
    return ft.View(
        appbar=ft.AppBar(
            leading=ft.IconButton(ft.Icons.ARROW_BACK),
            title=ft.Text("Achats internet+"),
            actions=[
                ft.IconButton(icon)
                for icon in (ft.Icons.SEARCH, ft.Icons.REFRESH, ft.Icons.ACCOUNT_CIRCLE_OUTLINED)
            ],
        ),
        navigation_bar=ft.NavigationBar(
            destinations=[
                ft.NavigationBarDestination(icon=icon, label=label) for icon, label in DESTINATIONS
            ],
            selected_index=1,
        ),
        controls=[
            ft.ListView(
                [card(shown, show), ft.Row(chips, scroll=ft.ScrollMode.AUTO), *rows(shown, count)],
                expand=True,
            )
        ],
    )


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--rows", type=int, required=True)
    options = parser.parse_args()

    def start(page: ft.Page) -> None:
        page.render_views(App, options.rows)

    sys.stdout.write("starting\n")
    sys.stdout.flush()
    ft.run(start, view=ft.AppView.WEB_BROWSER, host="127.0.0.1", port=options.port, no_cdn=True)


if __name__ == "__main__":
    main()
