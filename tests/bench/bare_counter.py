"""Baseline: Flet's counter, served as Flet serves it. `python -m tests.bench.bare_counter --port P`"""

from __future__ import annotations

import argparse
import sys

import flet as ft

BUTTON = "Add"


def start(page: ft.Page) -> None:
    """Show a number, and a button that increments it."""
    number = ft.Text("0", size=40)

    def add() -> None:
        number.value = str(int(number.value) + 1)

    page.add(number, ft.Button(BUTTON, on_click=add))


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    sys.stdout.write("starting\n")
    sys.stdout.flush()
    ft.run(start, view=None, host="127.0.0.1", port=port, no_cdn=True)


if __name__ == "__main__":
    main()
