"""The baseline: the rows of a month in bare Flet, no services.

python -m tests.bench.bare_flet --port P --rows N
"""

from __future__ import annotations

import argparse
import sys
from functools import partial

import flet as ft

MONTHS = 6


def row(number: int) -> ft.Control:
    """One purchase, as Flet's own list has it."""
    return ft.ListTile(
        leading=ft.Icon(ft.Icons.SHOPPING_BAG),
        title=ft.Text(f"Achat {number}"),
        subtitle=ft.Text("Presse · à l'acte"),
        trailing=ft.Text(f"{number % 100},99 €"),
    )


def text_of(month: int, rank: int) -> str:
    """What says which row it is."""
    return f"Achat {1000 * (month + 1) + rank}"


@ft.component
def App(rows: int) -> ft.Control:
    """A button a month over the list."""
    month, show = ft.use_state(0)
    return ft.Column(
        expand=True,
        controls=[
            ft.Row([ft.Button(f"Mois {other}", on_click=partial(show, other)) for other in range(MONTHS)]),
            ft.ListView([row(1000 * (month + 1) + rank) for rank in range(rows)], expand=True),
        ],
    )


def main() -> None:
    """Serves until stopped."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--rows", type=int, required=True)
    options = parser.parse_args()

    def start(page: ft.Page) -> None:
        page.render(App, options.rows)

    sys.stdout.write("starting\n")
    sys.stdout.flush()
    ft.run(start, view=ft.AppView.WEB_BROWSER, host="127.0.0.1", port=options.port, no_cdn=True)


if __name__ == "__main__":
    main()
